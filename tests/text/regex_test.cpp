#include "hone/text/regex.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hone {
namespace {

std::vector<std::string> matches(const Regex& regex, const std::string& text) {
  std::vector<std::string> found;
  std::size_t from = 0, begin = 0, end = 0;
  while (from <= text.size() && regex.find(text, from, &begin, &end) && end > begin) {
    found.push_back(text.substr(begin, end - begin));
    from = end;
  }
  return found;
}

std::vector<std::string> matches(const std::string& pattern, const std::string& text) {
  const auto regex = Regex::compile(pattern);
  if (!regex.ok()) return {regex.error().message()};
  return matches(*regex, text);
}

using Texts = std::vector<std::string>;

TEST(Regex, SpacesAreUnicodesWhiteSpace) {
  EXPECT_EQ(matches("\\s+", "a\xE1\xA0\x8E z"), Texts({" "}));  // U+180E is none since Unicode 6.3
  EXPECT_EQ(matches("[^\\s]+", "a\xE1\xA0\x8E z"), Texts({"a\xE1\xA0\x8E", "z"}));
  EXPECT_EQ(matches("\\S", "\xC2\x85z"), Texts({"z"}));
}

TEST(Regex, WordsHoldMarksAndConnectors) {
  EXPECT_EQ(matches("\\w+", "नमस्ते_a‿b½-c①"), Texts({"नमस्ते_a‿b½", "c"}));
  EXPECT_EQ(matches("\\b[a-z]", "नमस्तेa b"), Texts({"b"}));
}

TEST(Regex, CountsFollowedByAPlusRepeat) {
  EXPECT_EQ(matches("a{2,3}+b", "aaaaaab"), Texts({"aaaaaab"}));
  EXPECT_EQ(matches("(?:x|y){2}+", "xyxyx"), Texts({"xyxy"}));
  EXPECT_EQ(matches("a{,2}b", "aaab"), Texts({"aab"}));
  EXPECT_EQ(matches("a++a", "aaa"), Texts());
}

TEST(Regex, ClassesIntersectAndNest) {
  EXPECT_EQ(matches("[\\p{L}&&[^\\p{Han}]]+", "ab漢字c"), Texts({"ab", "c"}));
  EXPECT_EQ(matches("[a-c[x-z]]+", "abxzq"), Texts({"abxz"}));
  EXPECT_EQ(matches("[^a-z&&[aeiou]]+", "abE"), Texts({"bE"}));
}

TEST(Regex, ScriptsWithoutTheirExtensions) { EXPECT_EQ(matches("\\p{Han}+", "漢、字"), Texts({"漢", "字"})); }

TEST(Regex, LinesAndHexDigits) {
  EXPECT_EQ(matches("^.", "ab\ncd"), Texts({"a", "c"}));
  EXPECT_EQ(matches("\\h+", "xyz09aF g"), Texts({"09aF"}));
}

TEST(Regex, LiteralTextHasNoOperators) {
  const auto regex = Regex::literal("a.+");
  ASSERT_TRUE(regex.ok());
  EXPECT_EQ(matches(*regex, "abc a.+ a."), Texts({"a.+"}));
}

TEST(Regex, LongTextsExhaustNothing) {
  const auto regex = Regex::compile("(?:a|b|(?:c))+d|[ab]+");
  ASSERT_TRUE(regex.ok());
  const std::string text(300000, 'a');
  EXPECT_EQ(matches(*regex, text), Texts({text}));
}

TEST(Regex, ErrorsNameThePatternAndTheFault) {
  for (const std::string pattern : {"(a", "[a", "\\p{Nonsense}", "\\", "a\\y", "[\\W]", "\\u12"}) {
    const auto regex = Regex::compile(pattern);
    ASSERT_FALSE(regex.ok()) << pattern;
    EXPECT_EQ(regex.error().got, pattern);
    EXPECT_NE(regex.error().rule, "");
  }
}

}  // namespace
}  // namespace hone
