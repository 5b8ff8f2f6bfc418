#include "hone/symbolic/parser.h"

#include <gtest/gtest.h>

namespace hone::testing {
namespace {

class Parsing : public ::testing::Test {
 protected:
  Result<ParsedAnswer> parse(std::string_view text) { return parse_answer(text, {}, expressions_, budget_); }
  Kind kind(std::string_view text) {
    const auto parsed = parse(text);
    EXPECT_TRUE(parsed.ok()) << text << ": " << (parsed.ok() ? "" : parsed.error().message());
    return parsed.ok() ? expressions_.kind(parsed->root) : Kind::kText;
  }
  std::string value(std::string_view text) {
    const auto parsed = parse(text);
    EXPECT_TRUE(parsed.ok()) << text;
    if (!parsed.ok() || !expressions_.is_number(parsed->root)) {
      ADD_FAILURE() << text << " is no number";
      return "";
    }
    return expressions_.value(parsed->root).get_str();
  }
  std::string complaint(std::string_view text) {
    const auto parsed = parse(text);
    return parsed.ok() ? "" : parsed.error().message();
  }

  Expressions expressions_;
  Budget budget_{10'000'000};
};

TEST_F(Parsing, NumbersAreExact) {
  EXPECT_EQ(value("0.1"), "1/10");
  EXPECT_EQ(value("1,234,567"), "1234567");
  EXPECT_EQ(value("1.234.567,5"), "2469135/2");
  EXPECT_EQ(value("0.\\overline{142857}"), "1/7");
  EXPECT_EQ(value("2\\frac34"), "11/4");
  EXPECT_EQ(value("2 3/4"), "11/4");
  EXPECT_EQ(value("-2 3/4"), "-11/4");
  EXPECT_EQ(value("1.5e-3"), "3/2000");
  EXPECT_EQ(value("2^{10}"), "1024");
  EXPECT_EQ(value("-2^2"), "-4");
  EXPECT_EQ(value("2^3^2"), "512");
  EXPECT_EQ(value("6/2(1+2)"), "9");  // from left to right
  EXPECT_EQ(value("10 - 3 - 2"), "5");
  EXPECT_EQ(value("\\frac123"), "3/2");  // \frac takes one digit each
}

TEST_F(Parsing, EqualSpellingsAreOneNode) {
  const auto a = parse("\\dfrac{x + 1}{2}"), b = parse("(1+x)/2");
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->root, b->root);
}

TEST_F(Parsing, Kinds) {
  EXPECT_EQ(kind("1, 2"), Kind::kList);
  EXPECT_EQ(kind("(1, 2)"), Kind::kTuple);
  EXPECT_EQ(kind("[1, 2]"), Kind::kInterval);
  EXPECT_EQ(kind("[1, 2, 3]"), Kind::kSquare);
  EXPECT_EQ(kind("(1, 2]"), Kind::kInterval);
  EXPECT_EQ(kind("\\{1, 2\\}"), Kind::kSet);
  EXPECT_EQ(kind("(1,2) \\cup (3,4)"), Kind::kUnion);
  EXPECT_EQ(kind("\\mathbb{R} \\setminus \\{3\\}"), Kind::kSetMinus);
  EXPECT_EQ(kind("x < 3"), Kind::kRelation);
  EXPECT_EQ(kind("1 < x < 3"), Kind::kAll);
  EXPECT_EQ(kind("3:4"), Kind::kRatio);
  EXPECT_EQ(kind("2:30"), Kind::kClock);
  EXPECT_EQ(kind("101_2"), Kind::kNumeral);
  EXPECT_EQ(kind("\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}"), Kind::kMatrix);
  EXPECT_EQ(kind("\\text{Evelyn}"), Kind::kText);
  EXPECT_EQ(kind("March 5"), Kind::kText);
  EXPECT_EQ(kind("\\pm 2"), Kind::kPlusMinus);
}

TEST_F(Parsing, DecimalsAreNoticed) {
  EXPECT_TRUE(parse("-3.14")->decimal);
  EXPECT_EQ(parse("-3.14")->decimals, 2u);
  EXPECT_FALSE(parse("314")->decimal);
  EXPECT_FALSE(parse("3.14x")->decimal);
  EXPECT_FALSE(parse("1.5 + 1.5")->decimal);
}

TEST_F(Parsing, SaysWhereAndWhy) {
  EXPECT_EQ(complaint("3 +"), "[answer: byte 3] ends where a value is due, got '3 +'");
  EXPECT_NE(complaint("2 3").find("two numbers stand side by side"), std::string::npos);
  EXPECT_NE(complaint("(1, 2").find("a bracket is not closed"), std::string::npos);
  EXPECT_NE(complaint("\\foo").find("an unknown command \\foo"), std::string::npos);
  EXPECT_NE(complaint("").find("must not be empty"), std::string::npos);
  EXPECT_NE(complaint(std::string(200, '(') + "1" + std::string(200, ')')).find("nests too deep"),
            std::string::npos);
  EXPECT_NE(complaint(std::string(9000, '1')).find("at most 8192 bytes"), std::string::npos);
  budget_ = Budget(50);
  EXPECT_NE(complaint("1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1").find("budget"), std::string::npos);
}

}  // namespace
}  // namespace hone::testing
