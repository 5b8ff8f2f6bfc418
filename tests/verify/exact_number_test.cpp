#include "hone/verify/exact_number.h"

#include <gtest/gtest.h>

#include "verify/verify_helpers.h"

namespace hone {
namespace {

using testing::repeated;

bool same(const std::string& a, const std::string& b) {
  const auto x = read_number(a), y = read_number(b);
  EXPECT_TRUE(x.has_value()) << a;
  EXPECT_TRUE(y.has_value()) << b;
  return x && y && equal(*x, *y) && equal(*y, *x);
}

TEST(ExactNumber, ReadsEveryWayOfWritingIt) {
  const std::pair<const char*, const char*> pairs[] = {{"42", "+42"},
                                                       {"42", "42.0"},
                                                       {"42", "042"},
                                                       {"42", "42."},
                                                       {"-7",
                                                        "\xE2\x88\x92"
                                                        "7"},
                                                       {"0", "-0.00"},
                                                       {"0.5", ".5"},
                                                       {"0.5", "1/2"},
                                                       {"0.5", "\\frac{1}{2}"},
                                                       {"0.5", "\\dfrac12"},
                                                       {"1/3", "2/6"},
                                                       {"1/3", "-\\frac{-1}{3}"},
                                                       {"-0.75", "-3/4"},
                                                       {"-0.75", "\\frac{-3}{4}"},
                                                       {"2.5", "2 1/2"},
                                                       {"2.5", "2\\frac{1}{2}"},
                                                       {"-2.5", "-2 1/2"},
                                                       {"1234567", "1,234,567"},
                                                       {"1234567.5", "1,234,567.50"},
                                                       {"1234", "1{,}234"},
                                                       {"10080", "10,\\!080"},
                                                       {"1000", "1e3"},
                                                       {"1000", "1E+3"},
                                                       {"0.001", "1e-3"},
                                                       {"3e8", "3 \\times 10^8"},
                                                       {"3e8", "3 \xC3\x97 10^{8}"},
                                                       {"1e5", "10^5"},
                                                       {"5", "$5"},
                                                       {"-5", "-$5"},
                                                       {"-5", "$-5"},
                                                       {"5", "\\$5.00"},
                                                       {"5",
                                                        "\xE2\x82\xAC"
                                                        "5"},
                                                       {"50", "50%"},
                                                       {"50", "50\\%"},
                                                       {"5", "5 km"},
                                                       {"5", "5km"},
                                                       {"5", "12 - 7 = 5 apples"},
                                                       {"5", "5 cm^2"},
                                                       {"5", "5 \\text{ cm}^2"},
                                                       {"5", "5 miles per hour"},
                                                       {"90", "90^\\circ"},
                                                       {"90", "90\xC2\xB0"},
                                                       {"5", "5 m"},
                                                       {"5", "$5$"},
                                                       {"0.5", "$\\frac{1}{2}$"},
                                                       {"5", "\\(5\\)"},
                                                       {"5", "**5**"},
                                                       {"5", "`5`"},
                                                       {"5", "(5)"},
                                                       {"5", "\\boxed{5}"},
                                                       {"5", "x = 5"},
                                                       {"5", "Answer: 5"},
                                                       {"5", "The answer is 5."},
                                                       {"5", " \n5\t"},
                                                       {"1e20", "100000000000000000000"},
                                                       {"1.5/0.5", "3"},
                                                       {"5", "\\text{5}"},
                                                       {"2e-5", "0.2/10000"}};
  for (const auto& [a, b] : pairs) EXPECT_TRUE(same(a, b)) << a << " against " << b;
}

TEST(ExactNumber, TellsNeighboursApart) {
  const std::pair<const char*, const char*> pairs[] = {{"42", "-42"},
                                                       {"42", "43"},
                                                       {"0.1", "0.10000000000000000000000001"},
                                                       {"1/3", "0.333333333333333333"},
                                                       {"1e3", "1e4"},
                                                       {"9007199254740993", "9007199254740992"},
                                                       {"1/3", "-1/3"},
                                                       {"2 1/2", "21/2"},
                                                       {"50%", "0.5"},
                                                       {"0", "1e-999999999"},
                                                       {"1/3", "1e99999"},
                                                       {"1e999999999", "1e999999998"},
                                                       {"1/7", "1e-999999999999999999"},
                                                       {"0", "1/3"}};
  for (const auto& [a, b] : pairs) EXPECT_FALSE(same(a, b)) << a << " against " << b;
}

TEST(ExactNumber, RefusesWhatIsNotOneNumber) {
  for (const char* text : {"",
                           " ",
                           "five",
                           "nan",
                           "inf",
                           "1/0",
                           "0/0",
                           "\\frac{1}{0}",
                           "\\frac{1}",
                           "1,23",
                           "1,2,3",
                           "1,234,56",
                           "0,123",
                           "1.2.3",
                           "5 or 6",
                           "5, 6",
                           "5 6",
                           "5 or six",
                           "5 million",
                           "3 dozen",
                           "5x",
                           "5 x",
                           "2\\pi",
                           "2 pi",
                           "5!",
                           "5^2",
                           "5\xC2\xB2",
                           "2^10",
                           "5 squared",
                           "\xCF\x80",
                           "2\xE2\x88\x9A"
                           "3",
                           "\\sqrt{4}",
                           "0x1F",
                           "1e",
                           "--5",
                           "+-5",
                           "- 5 -",
                           "x != 5",
                           "x >= 5",
                           "x = 5 or x = 6",
                           "x=1, x=2",
                           "1e9999999999999999999999",
                           "5i",
                           "5e",
                           "not 5",
                           "(1)/(2)",
                           "2 3/2",
                           "5 \xE4\xB8\x87",
                           "eval(5)",
                           "1/2/3",
                           "3:45",
                           "5\\cdot",
                           "5 plus",
                           "12 34 apples",
                           "5 apples and 3 pears"}) {
    EXPECT_FALSE(read_number(text).has_value()) << text;
  }
}

TEST(ExactNumber, SizeCostsLittle) {
  const std::string nines = repeated("9", 1'000'000);
  EXPECT_TRUE(same(nines, nines + ".0"));
  EXPECT_FALSE(same(nines, nines + "9"));
  EXPECT_TRUE(same("1" + repeated("0", 1'000'000), "1e1000000"));
  EXPECT_FALSE(same(nines, "1/3"));
  EXPECT_FALSE(read_number(nines + "/" + nines).has_value()) << "over the limit of fractions";
  const std::string wide = repeated("3", kMaxFractionDigits);
  EXPECT_TRUE(same(wide + "/" + wide, "1"));
  EXPECT_TRUE(same(wide + "/" + repeated("6", kMaxFractionDigits), "0.5"));
  EXPECT_TRUE(same("1e999999999", "10e999999998"));
  EXPECT_TRUE(same("1e999999999/3", "10e999999998/3"));
}

TEST(ExactNumber, NestedDecorationIsReadInOnePass) {
  for (const char* piece :
       {"(", "{", "\\boxed{", "$", "**", "`", "\\frac{", "-", "=", ":", "1,", "1 ", "1/", "e", "\\text{"}) {
    const std::string text = repeated(piece, 200'000);
    EXPECT_FALSE(read_number(text).has_value()) << piece;
    last_number(text);
    first_number(text);
  }
}

std::string shown(const std::optional<NumberToken>& token) {
  if (!token) return "none";
  return token->value ? brief(*token->value) : "bad";
}

TEST(FreeText, LastNumber) {
  EXPECT_EQ(shown(last_number("first 3, then 4.")), "4");
  EXPECT_EQ(shown(last_number("10-3")), "3");
  EXPECT_EQ(shown(last_number("is -3")), "-3");
  EXPECT_EQ(shown(last_number("earned $1,250.50 in all")), "1250.5");
  EXPECT_EQ(shown(last_number("1, 2, 3")), "3");
  EXPECT_EQ(shown(last_number("about 3/4 of it")), "3/4");
  EXPECT_EQ(shown(last_number("is \\frac{3}{4}.")), "3/4");
  EXPECT_EQ(shown(last_number("7 in x2 and H2O")), "7");
  EXPECT_EQ(shown(last_number("2\\cdot5")), "5");
  EXPECT_EQ(shown(last_number("5kg")), "5");
  EXPECT_EQ(shown(last_number("5 million")), "bad");
  EXPECT_EQ(shown(last_number("7 or 1/0")), "bad");
  EXPECT_EQ(shown(last_number("3 5/2")), "5/2");
  EXPECT_EQ(shown(last_number("no number")), "none");
}

TEST(FreeText, FirstNumber) {
  EXPECT_EQ(shown(first_number(" is $3, not 4")), "3");
  EXPECT_EQ(shown(first_number("")), "none");
}

TEST(ExactNumber, BriefIsShort) {
  EXPECT_EQ(brief(*read_number("-1200")), "-1200");
  EXPECT_EQ(brief(*read_number("0.0125")), "0.0125");
  EXPECT_EQ(brief(*read_number("12.5")), "12.5");
  EXPECT_EQ(brief(*read_number("1e-400")), "1e-400");
  EXPECT_EQ(brief(*read_number(repeated("7", 1000))).size(), 40u);
}

}  // namespace
}  // namespace hone
