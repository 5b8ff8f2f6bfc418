#include "hone/cli/table.h"

#include <gtest/gtest.h>

#include <sstream>

#include "hone/base/check.h"
#include "hone/cli/columns.h"

namespace hone {
namespace {

Table accuracies() {
  Table table({{"", Align::kLeft}, {"before", Align::kRight}, {"after", Align::kRight}});
  table.row({"accuracy", "41.3%", "93.0%"});
  table.rule();
  table.row({"mean length", "18.25", "9"});
  return table;
}

TEST(Table, AlignsItsColumns) {
  EXPECT_EQ(accuracies().render(),
            "             before  after\n"
            "──────────────────────────\n"
            "accuracy      41.3%  93.0%\n"
            "──────────────────────────\n"
            "mean length   18.25      9\n");
}

TEST(Table, WithoutUnicodeItIsAscii) {
  for (const char c : accuracies().render(20, false)) EXPECT_LT(static_cast<unsigned char>(c), 0x80);
}

TEST(Table, WithoutTitlesThereIsNoHead) {
  Table table({{"", Align::kLeft}, {"", Align::kLeft}});
  EXPECT_TRUE(table.empty());
  table.row({"checkpoint", "runs/a/latest"});
  table.row({"go on", "hone train --resume"});
  EXPECT_FALSE(table.empty());
  EXPECT_EQ(table.render(), "checkpoint  runs/a/latest\ngo on       hone train --resume\n");
}

TEST(Table, AlignsWideCharacters) {
  Table table({{"", Align::kLeft}, {"", Align::kRight}});
  table.row({"日本", "1"});
  table.row({"abc", "10"});
  EXPECT_EQ(table.render(), "日本   1\nabc   10\n");
}

TEST(Table, TheWidestTextIsCutFirst) {
  Table table({{"prompt", Align::kLeft}, {"completion", Align::kLeft}, {"reward", Align::kRight}});
  table.row({"1 + 1", "<think>one and one</think>", "1.000"});
  EXPECT_EQ(table.render(30),
            "prompt  completion      reward\n"
            "──────────────────────────────\n"
            "1 + 1   <think>one an…   1.000\n");
}

TEST(Table, NoLineIsWiderThanAsked) {
  Table table({{"prompt", Align::kLeft}, {"a", Align::kRight}, {"文", Align::kLeft}});
  table.row({"日本語日本語日本語", "123456", "line\nbreak"});
  table.rule();
  for (int width = 1; width < 50; ++width) {
    std::istringstream lines(table.render(width));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(column_width(line), width) << line;
  }
}

TEST(Table, CellsAreOneLineAndHarmless) {
  Table table({{"", Align::kLeft}});
  table.row({"a\nb\x1b[2J"});
  EXPECT_EQ(table.render(), "a↵b\xEF\xBF\xBD[2J\n");
}

TEST(Table, ARowHasACellForEachColumn) {
  Table table({{"a", Align::kLeft}, {"b", Align::kLeft}});
  EXPECT_THROW(table.row({"one"}), BrokenInvariant);
  EXPECT_THROW(table.row({}), BrokenInvariant);
}

}  // namespace
}  // namespace hone
