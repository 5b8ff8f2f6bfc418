#include <gtest/gtest.h>

#include "hone/verify/verifiers.h"
#include "verify/verify_helpers.h"

namespace hone {
namespace {

using testing::answered;
using testing::completion;
using testing::repeated;

VerdictStatus judged(const std::string& reference, const std::string& text) {
  const Verdict verdict = make_number_verifier()->verify(answered(reference), completion(text));
  EXPECT_EQ(verdict.score, verdict.status == VerdictStatus::kCorrect ? 1.0 : 0.0);
  return verdict.status;
}

constexpr auto kCorrect = VerdictStatus::kCorrect, kWrong = VerdictStatus::kWrong,
               kUnparsable = VerdictStatus::kUnparsable, kError = VerdictStatus::kError;

TEST(Number, ReadsTheLastAnswerTag) {
  EXPECT_EQ(judged("42", "<think>41</think><answer> 42 </answer>"), kCorrect);
  EXPECT_EQ(judged("42", "<answer>41</answer><answer>42</answer>"), kCorrect);
  EXPECT_EQ(judged("42", "<answer>42</answer><answer>41</answer>"), kWrong);
  EXPECT_EQ(judged("42", "<answer>\\boxed{42}</answer>"), kCorrect);
  EXPECT_EQ(judged("0.5", "<answer>$\\frac{1}{2}$</answer>"), kCorrect);
  EXPECT_EQ(judged("1,234", "<answer>1234 dollars</answer>"), kCorrect);
}

TEST(Number, ATagThatHoldsNoNumberIsNotLookedPast) {
  EXPECT_EQ(judged("42", "\\boxed{42} <answer>who knows</answer> 42"), kUnparsable);
  EXPECT_EQ(judged("42", "42 <answer></answer>"), kUnparsable);
}

TEST(Number, ListingAnswersWinsNothing) {
  for (const char* content :
       {"41, 42", "41 42", "41 or 42", "42 or 43", "40 41 42 43", "41/42", "42; 43", "x=41 or x=42"}) {
    EXPECT_NE(judged("42", "<answer>" + std::string(content) + "</answer>"), kCorrect) << content;
  }
}

TEST(Number, OrderWithoutATag) {
  EXPECT_EQ(judged("1", "the answer is 2\n#### 3\n\\boxed{1} and 4"), kCorrect);
  EXPECT_EQ(judged("2", "#### 3 The Answer is 2, not 4"), kCorrect);
  EXPECT_EQ(judged("3", "5\n#### 3\n4"), kCorrect);
  EXPECT_EQ(judged("4", "1 2 3 4."), kCorrect);
  EXPECT_EQ(judged("7", "the answer is 3 + 4 = 7."), kCorrect);
  EXPECT_EQ(judged("7", "the answer is below\n#### 7"), kCorrect);
  EXPECT_EQ(judged("72", "48/2 = <<48/2=24>>24\n48+24 = <<48+24=72>>72\n#### 72"), kCorrect);
  EXPECT_EQ(judged("42", "\\boxed{\\text{none}} 42"), kUnparsable);
  EXPECT_EQ(judged("42", "nothing to see"), kUnparsable);
  EXPECT_EQ(judged("42", ""), kUnparsable);
}

TEST(Number, AThoughtIsNoAnswer) {
  EXPECT_EQ(judged("42", "<think>it is 42"), kUnparsable);
  EXPECT_EQ(judged("42", "<think>it is 42</think>"), kUnparsable);
  EXPECT_EQ(judged("42", "<think>it is 42</think> 41"), kWrong);
  EXPECT_EQ(judged("42", "<think>\\boxed{41}</think> 42"), kCorrect);
}

TEST(Number, AReferenceWithoutANumberIsAnError) {
  for (const char* reference : {"", "yes", "1/0", "5 or 6"}) {
    EXPECT_EQ(judged(reference, "<answer>1</answer>"), kError) << reference;
  }
}

TEST(Number, HostileTextIsReadOnce) {
  EXPECT_EQ(judged("42", "<answer>1e999999999</answer>"), kWrong);
  EXPECT_EQ(judged("42", "<answer>1e99999999999999999999</answer>"), kUnparsable);
  EXPECT_EQ(judged("1e999999999", "<answer>10^{999999999}</answer>"), kCorrect);
  for (const char* piece : {"<answer>", "</answer>", "\\boxed{", "\\frac{1", "answer is ", "#### ", "1,000",
                            "1 1/", "$-", "9", "<think>", "9e", "10^{", "\\boxed"}) {
    judged("42", repeated(piece, 300'000));
  }
}

TEST(Number, SaysWhatItCompared) {
  const Verdict verdict = make_number_verifier()->verify(answered("1/2"), completion("<answer>3</answer>"));
  EXPECT_EQ(verdict.detail, "3 is not 1/2");
}

}  // namespace
}  // namespace hone
