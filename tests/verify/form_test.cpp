// format and text.
#include <gtest/gtest.h>

#include "hone/verify/verifiers.h"
#include "verify/verify_helpers.h"

namespace hone {
namespace {

using testing::answered;
using testing::completion;
using testing::repeated;

Verdict format(const std::string& text) {
  return make_format_verifier()->verify(answered(""), completion(text));
}

TEST(Format, AcceptsTheFormAndWhiteSpaceAroundIt) {
  for (const char* text :
       {"<think>a</think><answer>b</answer>", " \n<think>\na\n</think>\n\n<answer> b </answer>\n",
        "<think></think><answer></answer>", "<think>1 < 2 <b></think> <answer>b</answer>"}) {
    EXPECT_EQ(format(text).status, VerdictStatus::kCorrect) << text;
    EXPECT_EQ(format(text).score, 1.0) << text;
  }
}

TEST(Format, RefusesEverythingElse) {
  for (const char* text :
       {"", "b", "<answer>b</answer>", "<think>a</think>", "<think>a</think><answer>b",
        "<think>a<answer>b</answer>", "x<think>a</think><answer>b</answer>",
        "<think>a</think><answer>b</answer>x", "<think>a</think>x<answer>b</answer>",
        "<answer>b</answer><think>a</think>", "<think>a<answer>b</answer></think>",
        "<think>a</think><answer>b</answer><answer>c</answer>", "<think><think>a</think><answer>b</answer>",
        "<think>a</think></think><answer>b</answer>", "<think>a</think><answer>b</answer></answer>",
        "</think>a<think><answer>b</answer>", "<Think>a</Think><answer>b</answer>"}) {
    EXPECT_EQ(format(text).status, VerdictStatus::kWrong) << text;
    EXPECT_EQ(format(text).score, 0.0) << text;
    EXPECT_FALSE(format(text).detail.empty()) << text;
  }
  format(repeated("<think>", 300'000));
}

Verdict text(const std::string& reference, const std::string& said) {
  return make_text_verifier()->verify(answered(reference), completion(said));
}

TEST(Text, ComparesWordsNotSpacing) {
  EXPECT_EQ(text("A knave", "<answer>\n A \t knave </answer>").status, VerdictStatus::kCorrect);
  EXPECT_EQ(text(" A  knave\n", "<answer>A knave</answer>").status, VerdictStatus::kCorrect);
  EXPECT_EQ(text("A knave", "\\boxed{A knave}").status, VerdictStatus::kCorrect);
  EXPECT_EQ(text("A knave", "<answer>a knave</answer>").status, VerdictStatus::kWrong);
  EXPECT_EQ(text("A knave", "<answer>Aknave</answer>").status, VerdictStatus::kWrong);
  EXPECT_EQ(text("A knave", "<answer>A knave.</answer>").status, VerdictStatus::kWrong);
  EXPECT_EQ(text("A knave", "<answer>A knave</answer> <answer>B</answer>").status, VerdictStatus::kWrong);
}

TEST(Text, Statuses) {
  EXPECT_EQ(text("A", "A").status, VerdictStatus::kUnparsable);
  EXPECT_EQ(text("A", "<answer> </answer>").status, VerdictStatus::kUnparsable);
  EXPECT_EQ(text(" ", "<answer>A</answer>").status, VerdictStatus::kError);
}

}  // namespace
}  // namespace hone
