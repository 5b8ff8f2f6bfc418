#include "hone/verify/code/extract.h"

#include <gtest/gtest.h>

#include "hone/verify/code/text.h"
#include "hone/verify/code/value.h"

namespace hone {
namespace {

std::string code(std::string_view text, Language language = Language::kPython) {
  return code_of(text, language).value_or("nothing");
}
bool same(const std::string& expected, const std::string& got) {
  return answers(parse_plain(expected, "test").value(), parse_tagged(got, "test").value());
}

TEST(CodeOf, TheLastBlockOfTheLanguage) {
  EXPECT_EQ(code("a\n```python\none\n```\nb\n```py\ntwo\n```\n```\nout\n```"), "two\n");
  EXPECT_EQ(code("```c\none\n```\n```text\ntwo\n```"), "two\n");
  EXPECT_EQ(code("```C++ title=x\none\n```\n```python\ntwo\n```", Language::kCpp), "one\n");
  EXPECT_EQ(code("~~~python\na = '''\n```\n'''\n~~~"), "a = '''\n```\n'''\n");
  EXPECT_EQ(code("````\n```\ninner\n```\n````"), "```\ninner\n```\n");
  EXPECT_EQ(code("```python\nnever closed"), "never closed");
  EXPECT_EQ(code("Use ```x``` here\n```\ny\n```"), "y\n");
}

TEST(CodeOf, WithoutABlock) {
  EXPECT_EQ(code("    return 1\n"), "    return 1\n");
  EXPECT_EQ(code("<think>```python\nno\n```</think><answer>print(1)</answer>"), "print(1)");
  EXPECT_EQ(code("<think>x</think>\nprint(2)"), "\nprint(2)");
  EXPECT_EQ(code("<think>print(1)"), "nothing");
  EXPECT_EQ(code("```python\n\n```"), "nothing");
  EXPECT_EQ(code(""), "nothing");
}

TEST(PlainValues, NumbersAreExact) {
  EXPECT_TRUE(same("123456789012345678901234567890", "123456789012345678901234567890"));
  EXPECT_FALSE(same("123456789012345678901234567890", "123456789012345678901234567891"));
  EXPECT_FALSE(same("9007199254740993", "9007199254740992"));
  EXPECT_TRUE(same("0.3", "0.30000000000000004"));
  EXPECT_FALSE(same("0.3", "0.3000001"));
  EXPECT_TRUE(same("2", "2.0"));
  EXPECT_TRUE(same("1", "true"));
  EXPECT_FALSE(same("1", "\"1\""));
  EXPECT_FALSE(same("null", "0"));
  EXPECT_FALSE(same("1e308", R"({"f": "inf"})"));
}

TEST(PlainValues, Containers) {
  EXPECT_TRUE(same("[1, [2]]", R"({"t": [1, {"t": [2]}]})"));
  EXPECT_FALSE(same("[1]", R"({"s": [1]})"));
  EXPECT_FALSE(same("[1, 2]", "[1]"));
  EXPECT_TRUE(same(R"({"1": 2, "null": 3})", R"({"d": [[1, 2], [null, 3]]})"));
  EXPECT_FALSE(same(R"({"1": 2, "x": 2})", R"({"d": [[1, 2], ["1", 2]]})"));
  EXPECT_FALSE(same("{}", "[]"));
}

TEST(PlainValues, BadTextsAreErrors) {
  for (const char* text : {"", "[1", "{\"x\": 1}", "{\"t\": 1}", "{\"c\": [1]}", "{\"d\": [[1]]}", "nan"}) {
    EXPECT_FALSE(parse_tagged(text, "test").ok()) << text;
  }
  EXPECT_FALSE(parse_plain(std::string(100'000, '['), "test").ok());
}

TEST(Outputs, AreComparedByLines) {
  EXPECT_EQ(output_difference("1\n2\n", "1  \r\n2\n\n\n"), "");
  EXPECT_EQ(output_difference("", "\n \n"), "");
  EXPECT_EQ(output_difference("1\n2", "1\n3"), "line 2 is '3', must be '2'");
  EXPECT_EQ(output_difference("1\n2", "1"), "line 2 is missing, must be '2'");
  EXPECT_EQ(output_difference("1", "1\n2"), "line 2 is '2', must not be there");
  EXPECT_EQ(output_difference(" 1", "1"), "line 1 is '1', must be ' 1'");
}

TEST(Outputs, AreCutBetweenCharacters) {
  EXPECT_EQ(cut("abc", 3), "abc");
  EXPECT_EQ(cut("abcdefgh", 6), "abc…");
  EXPECT_EQ(cut("éééé", 7), "éé…");
  EXPECT_EQ(cut("a\x1b[0m\xff", 20), "a\xEF\xBF\xBD[0m\xEF\xBF\xBD");
  EXPECT_EQ(last_line("first\nlast  \n\n", 20), "last");
}

}  // namespace
}  // namespace hone
