#include "hone/verify/answer.h"

#include <gtest/gtest.h>

namespace hone {
namespace {

TEST(TaggedAnswer, IsTheLastClosedPair) {
  EXPECT_EQ(tagged_answer("<answer>1</answer> <answer> 2 </answer>"), " 2 ");
  EXPECT_EQ(tagged_answer("<answer>1</answer> <answer>2"), "1");
  EXPECT_EQ(tagged_answer("<answer>1</answer> </answer>"), "1");
  EXPECT_EQ(tagged_answer("<answer><answer>1</answer>"), "1");
  EXPECT_EQ(tagged_answer("<answer></answer>"), "");
}

TEST(TaggedAnswer, NeedsBothTagsInOrder) {
  for (const char* text :
       {"", "42", "<answer>42", "42</answer>", "</answer>42<answer>", "<ANSWER>42</ANSWER>"}) {
    EXPECT_FALSE(tagged_answer(text).has_value()) << text;
  }
}

TEST(BoxedAnswer, MatchesBraces) {
  EXPECT_EQ(boxed_answer("so \\boxed{\\frac{1}{2}} it is"), "\\frac{1}{2}");
  EXPECT_EQ(boxed_answer("\\boxed{1} and \\boxed {2}"), "2");
  EXPECT_EQ(boxed_answer("\\boxed{\\{1\\}}"), "\\{1\\}");
  for (const char* text : {"", "\\boxed", "\\boxed 5", "\\boxed{5", "\\boxed{{5}", "boxed{5}"}) {
    EXPECT_FALSE(boxed_answer(text).has_value()) << text;
  }
}

TEST(AfterThinking, IsWhatFollowsTheThought) {
  EXPECT_EQ(after_thinking("no tags"), "no tags");
  EXPECT_EQ(after_thinking("<think>3</think> 4"), " 4");
  EXPECT_EQ(after_thinking("prefilled</think> 4"), " 4");
  EXPECT_EQ(after_thinking("<think>3, so 4"), "");
  EXPECT_EQ(after_thinking("<think>1</think> 2 <think>3"), "");
}

TEST(MarkedAnswer, PrefersTheTag) {
  EXPECT_EQ(marked_answer("\\boxed{1} <answer> 2\n</answer>"), "2");
  EXPECT_EQ(marked_answer("<think>\\boxed{1}</think> \\boxed{ 3 }"), "3");
  EXPECT_FALSE(marked_answer("<think>\\boxed{1}</think> 5").has_value());
}

}  // namespace
}  // namespace hone
