#include "hone/cli/columns.h"

#include <gtest/gtest.h>

namespace hone {
namespace {

TEST(ColumnWidth, CountsWhatATerminalShows) {
  EXPECT_EQ(column_width(""), 0);
  EXPECT_EQ(column_width("reward"), 6);
  EXPECT_EQ(column_width("é Ω …"), 5);
  EXPECT_EQ(column_width("日本語"), 6);
  EXPECT_EQ(column_width("e\xCC\x81"), 1);  // e and a combining acute
  EXPECT_EQ(column_width("a\xE2\x80\x8B"
                         "b"),
            2);                                    // zero-width space
  EXPECT_EQ(column_width("\xF0\x9F\x98\x80"), 2);  // an emoji
  EXPECT_EQ(column_width("한ㅏ"), 4);
}

TEST(ColumnWidth, AnInvalidByteIsOneReplacement) {
  EXPECT_EQ(column_width("a\xFF"
                         "b"),
            3);
  EXPECT_EQ(column_width("\xE6\x97"), 2);      // cut short
  EXPECT_EQ(column_width("\xC0\x80"), 2);      // overlong
  EXPECT_EQ(column_width("\xED\xA0\x80"), 3);  // a surrogate
  EXPECT_EQ(column_width("\xF4\x90\x80\x80"), 4);
}

TEST(TruncateColumns, CutsBetweenCharacters) {
  EXPECT_EQ(truncate_columns("reward", 6), "reward");
  EXPECT_EQ(truncate_columns("reward", 5), "rewa…");
  EXPECT_EQ(truncate_columns("日本語", 6), "日本語");
  EXPECT_EQ(truncate_columns("日本語", 5), "日本…");
  EXPECT_EQ(truncate_columns("日本語", 4), "日…");  // the second would need columns 3 and 4
  EXPECT_EQ(truncate_columns("日本語", 1), "…");
  EXPECT_EQ(truncate_columns("日本語", 0), "");
  EXPECT_EQ(truncate_columns("reward", 5, "..."), "re...");
  EXPECT_EQ(truncate_columns("reward", 2, "..."), "re");
}

TEST(TruncateColumns, MarksStayWithTheirLetter) {
  EXPECT_EQ(truncate_columns("e\xCC\x81"
                             "ab",
                             2),
            "e\xCC\x81…");
  EXPECT_EQ(truncate_columns("ae\xCC\x81", 2), "ae\xCC\x81");
}

TEST(Printable, LeavesNothingThatATerminalWouldObey) {
  EXPECT_EQ(printable("a\nb\tc"), "a↵b c");
  EXPECT_EQ(printable("\x1b[31mred\x07"), "\xEF\xBF\xBD[31mred\xEF\xBF\xBD");
  EXPECT_EQ(printable("\xC2\x9B"
                      "2J"),
            "\xEF\xBF\xBD"
            "2J");  // C1: a one-character escape
  EXPECT_EQ(printable("a\xE2\x80\xAE"
                      "b"),
            "a\xEF\xBF\xBD"
            "b");  // right-to-left override
  EXPECT_EQ(printable("\xE6\x97"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(printable("日本 é"), "日本 é");
}

using Text = std::vector<std::string>;

TEST(WrapColumns, BreaksAtSpaces) {
  EXPECT_EQ(wrap_columns("one two three", 8), (Text{"one two", "three"}));
  EXPECT_EQ(wrap_columns("one two three", 7), (Text{"one two", "three"}));
  EXPECT_EQ(wrap_columns("one two three", 6), (Text{"one", "two", "three"}));
  EXPECT_EQ(wrap_columns("", 5), Text{""});
}

TEST(WrapColumns, BreaksLongWordsBetweenCharacters) {
  EXPECT_EQ(wrap_columns("abcdefgh", 3), (Text{"abc", "def", "gh"}));
  EXPECT_EQ(wrap_columns("日本語", 5), (Text{"日本", "語"}));
  EXPECT_EQ(wrap_columns("   abcdef", 5), (Text{"   ab", "cdef"}));
  EXPECT_EQ(wrap_columns("日本", 1), (Text{"日", "本"}));  // too narrow: still ends
}

TEST(WrapColumns, KeepsTheTextsOwnLines) {
  EXPECT_EQ(wrap_columns("a\n\nb c\n", 2), (Text{"a", "", "b", "c", ""}));
}

TEST(WrapColumns, NoLineIsWiderThanAsked) {
  const std::string text =
      "<think>\n12 + 7 = 19, 日本語の長い文 and a wordthatislongerthantheline\x1b[2J</think>";
  for (int columns = 2; columns < 60; ++columns) {
    for (const std::string& line : wrap_columns(text, columns))
      EXPECT_LE(column_width(line), columns) << line;
  }
}

}  // namespace
}  // namespace hone
