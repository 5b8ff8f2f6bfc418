// Tokenizers as plain values and back: the same ids, and names for the ways of cutting words.
#include "hone/text/vocabulary.h"

#include <gtest/gtest.h>

#include "hone/base/files.h"
#include "hone/base/json.h"
#include "hone/text/word_split.h"
#include "support/temp_folder.h"

namespace hone {
namespace {

using testing::TempFolder;
using Kind = Vocabulary::Kind;

// A trained tokenizer with one added token that is shown, tokenizer.json changed by `change`.
Result<Tokenizer> small_tokenizer(bool digits, const std::function<void(Json&)>& change = {}) {
  TokenizerInitOptions options;
  options.vocab_size = 290;
  options.digits = digits;
  options.special = {"<think>"};
  const std::vector<std::string> texts = {"the theme of the thing", "that then there 12 12"};
  const auto files = train_tokenizer(options, texts);
  EXPECT_TRUE(files.ok());
  Json root = Json::parse(files->tokenizer_json);
  if (change) change(root);
  const TempFolder folder;
  EXPECT_TRUE(write_tokenizer({root.dump(), files->tokenizer_config_json}, folder.path()).ok());
  return Tokenizer::load(folder.path());
}

Tokenizer rebuilt(const Vocabulary& vocabulary) {
  const auto files = tokenizer_files(vocabulary, "f.gguf");
  EXPECT_TRUE(files.ok()) << files.error().message();
  const TempFolder folder;
  EXPECT_TRUE(write_tokenizer(*files, folder.path()).ok());
  return *Tokenizer::load(folder.path());
}

TEST(Vocabulary, ATokenizerComesBackWhole) {
  const Tokenizer before = *small_tokenizer(true);
  const Vocabulary plain = *vocabulary_of(before);
  EXPECT_EQ(plain.split, "smollm");
  EXPECT_EQ(plain.tokens[1].kind, Kind::kControl);
  EXPECT_EQ(plain.tokens[static_cast<std::size_t>(*before.id_of("<think>"))].kind, Kind::kAdded);
  EXPECT_EQ(plain.tokens[10].kind, Kind::kNormal);
  EXPECT_EQ(plain.eos, before.eos_id());
  EXPECT_FALSE(plain.bos.has_value());
  EXPECT_FALSE(plain.adds_bos);
  const Tokenizer after = rebuilt(plain);
  for (const char* text :
       {"the thing 123", " <think>then</think>", "<|im_start|>user\nhe", "caf\xc3\xa9 \xe4\xbd\xa0", ""})
    EXPECT_EQ(after.encode(text), before.encode(text)) << text;
  EXPECT_EQ(after.vocab_size(), before.vocab_size());
  EXPECT_EQ(after.eos_id(), before.eos_id());
  EXPECT_EQ(after.pad_id(), before.pad_id());
  EXPECT_EQ(after.chat_template(), before.chat_template());
  EXPECT_EQ(after.decode(before.encode("a <think> b"), true), "a <think> b");
}

TEST(Vocabulary, ARealTokenizerComesBackWhole) {
  const auto folder = std::filesystem::path(HONE_SOURCE_DIR) / "tests/golden/tokenizers/smollm2";
  const Tokenizer after = rebuilt(*vocabulary_of(*Tokenizer::load(folder)));
  const Json expected = *read_json(folder / "expected.json");
  ASSERT_GT(expected["encode"].size(), 200U);
  for (const Json& row : expected["encode"])
    EXPECT_EQ(after.encode(row["text"].get<std::string>()), row["ids"].get<std::vector<std::int32_t>>());
}

TEST(Vocabulary, WhatStandsAroundATextIsKept) {
  const Json item_bos = {{"SpecialToken", {{"id", "<|endoftext|>"}, {"type_id", 0}}}},
             item_a = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  const auto with_bos = [&](Json& root) {
    root["post_processor"] = {
        {"type", "TemplateProcessing"},
        {"single", {item_bos, item_a}},
        {"pair", {item_a}},
        {"special_tokens",
         {{"<|endoftext|>", {{"id", "<|endoftext|>"}, {"ids", {0}}, {"tokens", {"<|endoftext|>"}}}}}}};
  };
  const Tokenizer before = *small_tokenizer(false, with_bos);
  Vocabulary plain = *vocabulary_of(before);
  EXPECT_EQ(plain.split, "gpt-2");
  EXPECT_TRUE(plain.adds_bos);
  EXPECT_FALSE(plain.adds_eos);
  EXPECT_EQ(plain.bos, 0);
  EXPECT_EQ(rebuilt(plain).encode("the", true), before.encode("the", true));
  EXPECT_EQ(before.encode("the", true).front(), 0);
  plain.adds_eos = true;
  EXPECT_EQ(rebuilt(plain).encode("the", true).back(), *plain.eos);
  const auto twice = [&](Json& root) {
    with_bos(root);
    root["post_processor"]["single"] = {item_bos, item_bos, item_a};
  };
  EXPECT_EQ(vocabulary_of(*small_tokenizer(false, twice)).error().message(),
            "[tokenizer.json: post_processor] must add at most one token before and one after a text, got 2");
}

TEST(Vocabulary, EveryKnownSplitIsNamedAgain) {
  for (const char* name : {"gpt-2", "smollm", "qwen2", "llama-bpe", "dbrx", "tekken", "gpt-4o"}) {
    const WordSplit split = *split_of_name(name, "f");
    EXPECT_EQ(*name_of_split(Json::parse(split.pre_tokenizer.dump()), split.ignore_merges, "f"), name);
    const Tokenizer cut = *small_tokenizer(false, [&](Json& root) {
      root["pre_tokenizer"] = Json::parse(split.pre_tokenizer.dump());
      root["model"]["ignore_merges"] = split.ignore_merges;
    });
    EXPECT_EQ(vocabulary_of(cut)->split, name);
    EXPECT_EQ(rebuilt(*vocabulary_of(cut)).encode("The thing's 12345 ... then\n\n  there"),
              cut.encode("The thing's 12345 ... then\n\n  there"));
  }
  EXPECT_EQ(split_of_name("starcoder", "f")->name, "smollm");
  EXPECT_EQ(split_of_name("mpt", "f.gguf: tokenizer.ggml.pre").error().message(),
            "[f.gguf: tokenizer.ggml.pre] must be a known way of cutting words: gpt-2, smollm, qwen2, "
            "llama-bpe, dbrx, tekken, "
            "gpt-4o, got \"mpt\"");
}

TEST(Vocabulary, WhatLlamaCppDoesNotKnowIsRefused) {
  const auto refused = [](const std::function<void(Json&)>& change) {
    const auto tokenizer = small_tokenizer(true, change);
    EXPECT_TRUE(tokenizer.ok());
    const auto plain = vocabulary_of(*tokenizer);
    return plain.ok() ? "accepted" : plain.error().message();
  };
  EXPECT_EQ(
      refused([](Json& root) { root["pre_tokenizer"]["pretokenizers"][0]["individual_digits"] = false; }),
      "[tokenizer.json: pre_tokenizer] must cut words in a way that llama.cpp knows (gpt-2, smollm, qwen2, "
      "llama-bpe, "
      "dbrx, tekken, gpt-4o), got {\"pretokenizers\":[{\"individual_digits\":false,\"type\":\"Digi...");
  EXPECT_TRUE(refused([](Json& root) {
                root["pre_tokenizer"]["pretokenizers"][1]["add_prefix_space"] = true;
              }).starts_with("[tokenizer.json: pre_tok"));
  EXPECT_TRUE(refused([](Json& root) {
                root["model"]["ignore_merges"] = true;
              }).find("ignore_merges is set") != std::string::npos);
  EXPECT_EQ(refused([](Json& root) {
              root["normalizer"] = {{"type", "Lowercase"}};
            }),
            "[tokenizer.json: normalizer] must be none or NFC, since llama.cpp has none, got "
            "{\"type\":\"Lowercase\"}");
  EXPECT_EQ(refused([](Json& root) { root["normalizer"] = {{"type", "NFC"}}; }), "accepted");
}

TEST(Vocabulary, FilesOfBadVocabulariesAreNotMade) {
  const Vocabulary good = *vocabulary_of(*small_tokenizer(false));
  const auto refused = [&](const std::function<void(Vocabulary&)>& change) {
    Vocabulary bad = good;
    change(bad);
    const auto files = tokenizer_files(bad, "f.gguf");
    return files.ok() ? "accepted" : files.error().message();
  };
  EXPECT_EQ(refused([](Vocabulary&) {}), "accepted");
  EXPECT_EQ(refused([](Vocabulary& v) { v.tokens[7].text = "\xff"; }),
            "[f.gguf: token 7] must be UTF-8, got \"\xef\xbf\xbd\"");
  EXPECT_EQ(refused([](Vocabulary& v) { v.tokens[7].text = v.tokens[6].text; }).substr(0, 45),
            "[f.gguf: token 7] a text must come once, got ");
  EXPECT_EQ(refused([](Vocabulary& v) { v.tokens[7].text = ""; }),
            "[f.gguf: token 7] must have a text, got none");
  EXPECT_EQ(refused([](Vocabulary& v) { v.merges[0].second = "\xc3"; }).substr(0, 37),
            "[f.gguf: merges] must be UTF-8, got \"");
  EXPECT_EQ(refused([](Vocabulary& v) { v.chat_template = "\xc3"; }),
            "[f.gguf: tokenizer.chat_template] must be UTF-8, got \"\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace hone
