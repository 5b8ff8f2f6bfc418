#include "hone/verify/math/final_answer.h"

#include <gtest/gtest.h>

namespace hone::testing {
namespace {

std::string first(std::string_view completion) {
  const auto found = final_answers(completion);
  return found.empty() ? "(none)" : found.front().text;
}

TEST(FinalAnswer, TheLastTagComesFirst) {
  EXPECT_EQ(first("<think>\\boxed{1}</think><answer>2</answer>"), "2");
  EXPECT_EQ(first("<answer>1</answer> no: <answer> 2 </answer>"), "2");
  EXPECT_EQ(first("<answer>It is \\boxed{3}</answer> \\boxed{4}"), "3");
  EXPECT_EQ(first("<answer>The answer is $x+1$.</answer>"), "$x+1$");
}

TEST(FinalAnswer, TheLastBoxOutsideOfTheThought) {
  EXPECT_EQ(first("so \\boxed{1}, no, \\boxed{2}."), "2");
  EXPECT_EQ(first("<think>\\boxed{1}</think> It is \\boxed{\\frac{1}{2}}"), "\\frac{1}{2}");
  EXPECT_EQ(first("\\boxed{\\{1, 2\\}}"), "\\{1, 2\\}");
  EXPECT_EQ(first("\\fbox{7}"), "7");
  EXPECT_EQ(first("$\\boxed 7$"), "7");
  EXPECT_EQ(first("<think>\\boxed{1} and on and on"), "(none)");
  // Not closed: the box says nothing, the number does.
  EXPECT_EQ(first("It is long, and 12 words say so; the box \\boxed{1 + 1 is not closed at all, so it does "
                  "not count"),
            "1");
}

TEST(FinalAnswer, BoxesThatJoinAreOneList) {
  EXPECT_EQ(first("Hence $\\boxed{1}$ and $\\boxed{2}$."), "1, 2");
  EXPECT_EQ(first("\\boxed{1}, \\boxed{2}, \\text{ and } \\boxed{3}"), "1, 2, 3");
  EXPECT_EQ(first("First \\boxed{1} then we find \\boxed{2}"), "2");
}

TEST(FinalAnswer, TheStatement) {
  EXPECT_EQ(first("We try 5. The answer is 42. Checked with 7."), "42");
  EXPECT_EQ(first("The final answer is: $\\frac{1}{2}$."), "$\\frac{1}{2}$");
  EXPECT_EQ(first("**Answer:** 3.5"), "3.5");
  EXPECT_EQ(first("x = 16 - 3\n#### 18"), "18");
  EXPECT_EQ(first("The answer is\n\\[ x = 3 \\]\nThat is it 9."), "\\[ x = 3 \\]");
  const auto found = final_answers("The answer is obviously $7$, as was shown.");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[1].text, "7");
  // Two formulas are no answer.
  EXPECT_EQ(final_answers("The answer is perhaps $7$, perhaps $8$.").size(), 1u);
}

TEST(FinalAnswer, TheLastFormulaElseTheLastNumber) {
  EXPECT_EQ(
      first("Adding up we find that $a = 3$ and then by symmetry we get $$b = 4$$ which was asked for."),
      "b = 4");
  EXPECT_EQ(first("By symmetry the sum of all of them has to be \\(x^2\\), as everyone could see from 3."),
            "x^2");
  EXPECT_EQ(
      first(
          "He has twelve apples, eats 5, and buys one more each day. In the end there are 1,234.5 of them."),
      "1,234.5");
  EXPECT_EQ(
      first("the fraction is then equal, by what was said in the beginning of this proof, to -3/4 or so"),
      "-3/4");
  EXPECT_EQ(first("42"), "42");
  EXPECT_EQ(first(""), "(none)");
  EXPECT_EQ(first("There is no answer that could be given here, however long one thinks about the question."),
            "(none)");
}

TEST(FinalAnswer, LongTextsAreCutFromTheFront) {
  std::string text(1'000'000, 'x');
  EXPECT_EQ(first(text + " \\boxed{3}"), "3");
  EXPECT_EQ(first("\\boxed{3}" + text), "(none)");
}

}  // namespace
}  // namespace hone::testing
