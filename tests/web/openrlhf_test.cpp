#include "hone/web/openrlhf.h"

#include <gtest/gtest.h>

#include <string>

#include "hone/base/json.h"

namespace hone {
namespace {

using Row = nlohmann::ordered_json;

TEST(CompletionOf, WhatFollowsThePrompt) {
  EXPECT_EQ(completion_of("What is 1+1? 2", "What is 1+1?"), " 2");
  EXPECT_EQ(completion_of("What is 1+1?", "What is 1+1?"), "");
  EXPECT_EQ(completion_of("2 of it", ""), "2 of it");
  EXPECT_EQ(completion_of("", ""), "");
}

TEST(CompletionOf, SpecialTokensAround) {
  EXPECT_EQ(completion_of("<s>Q: 1+1\nA: 2</s>", "Q: 1+1\nA:"), " 2");
  EXPECT_EQ(completion_of(
                "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n\\boxed{4}<|im_end|>\n<|endoftext|>",
                "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"),
            "\\boxed{4}");
}

// Tokenizers that clean spaces up decode another text than they read.
TEST(CompletionOf, WhiteSpaceMayDiffer) {
  EXPECT_EQ(completion_of("<s> [INST] add 1, 2 [/INST] 3</s>", "[INST]add 1 , 2[/INST]"), " 3");
  EXPECT_EQ(completion_of("a b\n\n  x", "a  b\n"), "\n  x");
}

// The completion may repeat the prompt; the model's words begin after the first.
TEST(CompletionOf, TheFirstOccurrenceIsThePrompt) {
  EXPECT_EQ(completion_of("<s>ask: ask: 7", "ask:"), " ask: 7");
}

TEST(CompletionOf, APromptThatLostItsBeginning) {
  const std::string prompt = "Here is a very long problem text. Answer with a number please:";
  EXPECT_EQ(completion_of("problem text. Answer with a number please: 12", prompt), " 12");
  EXPECT_EQ(completion_of("<s>problem text. Answer with a number please: 12", prompt), " 12");
  // Too little to be sure of.
  EXPECT_EQ(completion_of("please: 12", prompt), std::nullopt);
}

TEST(CompletionOf, NothingWhenThePromptIsNotThere) {
  EXPECT_EQ(completion_of("The example says \\boxed{5}", "Another prompt"), std::nullopt);
  EXPECT_EQ(completion_of("", "Another prompt"), std::nullopt);
}

TEST(CompletionOf, LongTextsTakeLinearTime) {
  const std::string prompt = std::string(500000, 'a') + "b", query = std::string(500000, 'a') + "c";
  EXPECT_EQ(completion_of(query, prompt), std::nullopt);
}

TEST(WithoutEndTokens, OnlyTokensAtTheEnd) {
  EXPECT_EQ(without_end_tokens("x<|im_end|>\n"), "x");
  EXPECT_EQ(without_end_tokens("x</s></s><pad><pad>"), "x");
  EXPECT_EQ(without_end_tokens("x<｜end▁of▁sentence｜>"), "x");
  EXPECT_EQ(without_end_tokens("x<end_of_turn>[PAD] [PAD]"), "x");
  for (const char* kept : {"<answer>5</answer>", "a < b | c > d", "x\n", "", " ", "a>", "<||>",
                           "if (a <b> c)", "<|two words|>", "</think>"}) {
    EXPECT_EQ(without_end_tokens(kept), kept);
  }
}

TEST(RowOf, ALabelIsTheReferenceOrTheRow) {
  EXPECT_EQ(row_of("1/2", "c"), Row({{"reference", "1/2"}, {"completion", "c"}}));
  EXPECT_EQ(row_of(7, "c"), Row({{"reference", 7}, {"completion", "c"}}));
  EXPECT_EQ(row_of(nullptr, "c"), Row({{"completion", "c"}}));
  EXPECT_EQ(row_of({{"verifier", "code"}, {"completion", "old"}}, "c"),
            Row({{"verifier", "code"}, {"completion", "c"}}));
  EXPECT_EQ(row_of(R"( {"verifier":"number","reference":"4"})", "c"),
            Row({{"verifier", "number"}, {"reference", "4"}, {"completion", "c"}}));
  for (const char* set : {"{}", "{1, 2}", "{x", "{\"a\":1} and more"}) {
    EXPECT_EQ(row_of(set, "c"), Row({{"reference", set}, {"completion", "c"}})) << set;
  }
}

}  // namespace
}  // namespace hone
