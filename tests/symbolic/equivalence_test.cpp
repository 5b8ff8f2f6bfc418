// The three ways of comparing scalars, each alone and against each other.
#include <gtest/gtest.h>

#include "hone/base/rng.h"
#include "hone/symbolic/ball.h"
#include "hone/symbolic/compare.h"
#include "hone/symbolic/field.h"
#include "hone/symbolic/parser.h"

namespace hone::testing {
namespace {

class Equivalence : public ::testing::Test {
 protected:
  NodeId node(std::string_view text) {
    const auto parsed = parse_answer(text, {}, x_, budget_);
    EXPECT_TRUE(parsed.ok()) << text;
    return parsed.ok() ? parsed->root : 0;
  }
  Agreement forms(std::string_view a, std::string_view b) {
    const NodeId p = node(a), q = node(b);
    return NormalForms(x_, budget_).compare(p, q);
  }
  Agreement field(std::string_view a, std::string_view b) {
    const NodeId p = node(a), q = node(b);
    return compare_in_field(x_, p, q, budget_);
  }
  Agreement balls(std::string_view a, std::string_view b) {
    const NodeId p = node(a), q = node(b);
    return compare_in_balls(x_, p, q, budget_);
  }

  Expressions x_;
  Budget budget_{100'000'000};
};

constexpr Agreement kEqual = Agreement::kEqual, kDifferent = Agreement::kDifferent,
                    kUnknown = Agreement::kUnknown;

TEST_F(Equivalence, NormalForms) {
  EXPECT_EQ(forms("(x+y)^3", "x^3+3x^2y+3xy^2+y^3"), kEqual);
  EXPECT_EQ(forms("\\frac{1}{1+\\sqrt{2}}", "\\sqrt2-1"), kEqual);
  EXPECT_EQ(forms("\\sqrt[3]{2}\\sqrt{2}", "\\sqrt[6]{32}"), kEqual);
  EXPECT_EQ(forms("(1+i)^8", "16"), kEqual);
  EXPECT_EQ(forms("\\sin(x+1) + 1", "1 + \\sin(1+x)"), kEqual);
  EXPECT_EQ(forms("\\sqrt{2}+\\sqrt{3}", "\\sqrt{5}"), kDifferent);
  EXPECT_EQ(forms("x", "x + 10^{-300}"), kDifferent);
  EXPECT_EQ(forms("\\sin x", "\\sin x + 10^{-300}"), kDifferent);
  // Not proven either way by this means.
  EXPECT_EQ(forms("\\sin^2 x + \\cos^2 x", "1"), kUnknown);
  EXPECT_EQ(forms("\\pi", "e"), kUnknown);
  EXPECT_EQ(forms("(x+1)^{500}", "(x+2)^{500}"), kUnknown);
}

TEST_F(Equivalence, FiniteFields) {
  EXPECT_EQ(field("(x+1)^{500}", "(x+1)^{250}(x^2+2x+1)^{125}"), kEqual);
  EXPECT_EQ(field("(x+1)^{500}", "(x+1)^{499}(x+2)"), kDifferent);
  EXPECT_EQ(field("\\sqrt{6}", "\\sqrt{2}\\sqrt{3}"), kEqual);
  EXPECT_EQ(field("\\sqrt{6}", "\\sqrt{2}+\\sqrt{3}"), kDifferent);
  EXPECT_EQ(field("(x+i)(x-i)", "x^2+1"), kEqual);
  EXPECT_EQ(field("\\sqrt{-3}", "i\\sqrt{3}"), kEqual);
  EXPECT_EQ(field("\\sqrt{\\frac{2}{3}}", "\\frac{\\sqrt{6}}{3}"), kEqual);
  EXPECT_EQ(field("\\sin x", "\\sin x + 0x"), kUnknown);
}

TEST_F(Equivalence, Balls) {
  EXPECT_EQ(balls("\\sin^2 x + \\cos^2 x", "1"), kEqual);
  EXPECT_EQ(balls("\\sin x", "x - \\frac{x^3}{6}"), kDifferent);
  EXPECT_EQ(balls("\\sqrt{x^2}", "|x|"), kEqual);
  EXPECT_EQ(balls("\\sqrt{x^2}", "x"), kDifferent);
  EXPECT_EQ(balls("(-1)^n", "\\cos(n\\pi)"), kEqual);
  EXPECT_EQ(balls("\\lfloor x \\rfloor", "x"), kDifferent);
  EXPECT_EQ(balls("e^{\\pi\\sqrt{163}}", "262537412640768744"), kDifferent);
  EXPECT_EQ(balls("\\ln 0", "1"), kUnknown);
  EXPECT_EQ(balls("\\arcsin 2 + x", "x + \\arcsin 2"), kEqual);  // complex where no real value is
  EXPECT_EQ(balls("9^{9^{9}}", "9^{9^{9}} \\cdot 2"), kDifferent);
  EXPECT_EQ(balls("9^{9^{9^{9}}}", "1"), kUnknown);
}

TEST_F(Equivalence, DifferencesFarDownAreFound) {
  // Two hundred bits are 60 digits: a third of these differences lie below.
  for (const int digits : {30, 50, 70, 90, 110, 130}) {
    const std::string gap = "10^{-" + std::to_string(digits) + "}";
    const NodeId a = node("\\sin 1 \\cdot \\ln 2"), b = node("\\sin 1 \\cdot \\ln 2 + " + gap + " \\cdot 3");
    EXPECT_EQ(compare_scalars(x_, a, b, budget_).agreement, kDifferent) << digits;
  }
}

// A random expression of + - · / ^ over x, y, √2, i and small numbers.
std::string random_expression(RandomStream& rng, int depth) {
  const auto pick = [&](std::uint64_t n) { return static_cast<int>(rng.below(n)); };
  if (depth == 0) {
    const char* leaves[] = {"x", "y",    "\\sqrt{2}",    "i",         "2",
                            "3", "(-1)", "\\frac{1}{2}", "\\sqrt{3}", "\\sqrt{6}"};
    return leaves[pick(10)];
  }
  const std::string a = random_expression(rng, depth - 1);
  switch (pick(6)) {
    case 0:
      return "(" + a + ")^" + std::to_string(2 + pick(2));
    case 1:
      return "\\frac{" + a + "}{" + random_expression(rng, depth - 1) + "}";
    case 2:
      return "(" + a + ")(" + random_expression(rng, depth - 1) + ")";
    case 3:
      return "(" + a + "-" + random_expression(rng, depth - 1) + ")";
    default:
      return "(" + a + "+" + random_expression(rng, depth - 1) + ")";
  }
}

TEST_F(Equivalence, TheThreeWaysNeverContradict) {
  RandomStream rng(RandomKey{.seed = 11});
  int equal = 0, different = 0;
  for (int i = 0; i < 400; ++i) {
    const std::string a = random_expression(rng, 3);
    // Half of the pairs are equal by construction.
    const std::string b = i % 2 == 0 ? "(" + a + "+y)-(y)" : random_expression(rng, 3);
    Expressions x;
    Budget budget(10'000'000);
    const auto p = parse_answer(a, {}, x, budget), q = parse_answer(b, {}, x, budget);
    ASSERT_TRUE(p.ok() && q.ok()) << a << " " << b;
    const Agreement found[] = {NormalForms(x, budget).compare(p->root, q->root),
                               compare_in_field(x, p->root, q->root, budget),
                               compare_in_balls(x, p->root, q->root, budget)};
    bool says_equal = false, says_different = false;
    for (const Agreement agreement : found) {
      says_equal = says_equal || agreement == kEqual;
      says_different = says_different || agreement == kDifferent;
    }
    EXPECT_FALSE(says_equal && says_different) << a << " and " << b << ": " << static_cast<int>(found[0])
                                               << static_cast<int>(found[1]) << static_cast<int>(found[2]);
    EXPECT_FALSE(says_different && i % 2 == 0) << a;
    equal += says_equal ? 1 : 0;
    different += says_different ? 1 : 0;
  }
  EXPECT_GE(equal, 150);
  EXPECT_GE(different, 150);
}

}  // namespace
}  // namespace hone::testing
