// Files cut into rows: JSON lines, lists and CSV, and what is wrong with those that are not.
#include "hone/data/row_files.h"

#include <gtest/gtest.h>

#include <fstream>

#include "hone/data/dataset.h"
#include "support/temp_folder.h"

namespace hone {
namespace {

using testing::TempFolder;

// "line: text" of each row, or the error without the folder.
std::vector<std::string> rows(const std::string& name, const std::string& bytes) {
  const TempFolder folder;
  std::ofstream(folder / name, std::ios::binary) << bytes;
  const auto file = read_row_file((folder / name).string());
  const auto shown = [](const Error& error) {
    const std::string message = error.message();
    return message.substr(message.rfind('/', message.find(']')) + 1);
  };
  if (!file.ok()) return {shown(file.error())};
  std::vector<std::string> out;
  for (const RawRow& row : file->rows)
    out.push_back(fmt::format("{}: {}", row.line, row.error ? shown(*row.error) : std::string(row.text)));
  return out;
}

using Rows = std::vector<std::string>;

TEST(RowFiles, JsonLines) {
  EXPECT_EQ(rows("a.jsonl", "\xEF\xBB\xBF{\"a\":1}\r\n\n  {\"a\":2}"),
            (Rows{"1: {\"a\":1}", "3: {\"a\":2}"}));
  EXPECT_EQ(rows("a.txt", "[1,\n2]"), (Rows{"1: [1,", "2: 2]"}));  // by its name, not its content
  EXPECT_EQ(rows("a.json", "{\"a\":1}\n{\"a\":2}\n"), (Rows{"1: {\"a\":1}", "2: {\"a\":2}"}));
  EXPECT_EQ(rows("a.jsonl", ""), Rows{});
}

TEST(RowFiles, OtherEncodingsAreNamed) {
  EXPECT_EQ(rows("a.csv", std::string("\xFF\xFEq\0\n\0", 6)), Rows{"a.csv] must be UTF-8, got UTF-16"});
}

TEST(RowFiles, JsonLists) {
  EXPECT_EQ(rows("a.json", "\xEF\xBB\xBF\n [\n {\"a\": [1, {\"b\": \"],}\\\"\"}]},\n\n{\"a\":\n2} , 3]\n"),
            (Rows{"3: {\"a\": [1, {\"b\": \"],}\\\"\"}]}", "5: {\"a\":\n2}", "6: 3"}));
  EXPECT_EQ(rows("A.JSON", "[]"), Rows{});
  EXPECT_EQ(rows("a.json", "[ {\"a\":1}"),
            Rows{"a.json:1] the list of rows must end with ], got the end of the file within it"});
  EXPECT_EQ(rows("a.json", "[\n{\"a\":\"x\n\n]"),
            Rows{"a.json:2] the list of rows must end with ], got the end of the file within it"});
  EXPECT_EQ(rows("a.json", "[{},\n,{}]"),
            Rows{"a.json:2] a row must stand before and after each comma, got none"});
  EXPECT_EQ(rows("a.json", "[{},]"),
            Rows{"a.json:1] a row must stand before and after each comma, got none"});
  EXPECT_EQ(rows("a.json", "[{}]\n{}"), Rows{"a.json:2] nothing may follow the list of rows, got \"{}\""});
}

TEST(RowFiles, Csv) {
  EXPECT_EQ(rows("a.csv", "\xEF\xBB\xBFq,a\r\n1+1,2\r\n\r\n\"one, \"\"two\"\"\r\nlines\",\r\n\"\",x"),
            (Rows{R"(2: {"q":"1+1","a":"2"})", R"(4: {"q":"one, \"two\"\r\nlines","a":""})",
                  R"(6: {"q":"","a":"x"})"}));
  EXPECT_EQ(rows("a.CSV", "\n\nq\ncaf\xc3\xa9\n5\" pipe\n"),
            (Rows{"4: {\"q\":\"caf\xc3\xa9\"}", R"(5: {"q":"5\" pipe"})"}));
  EXPECT_EQ(rows("a.csv", "q,a\n1,\n,2\n"), (Rows{R"(2: {"q":"1","a":""})", R"(3: {"q":"","a":"2"})"}));
  EXPECT_EQ(rows("a.csv", "q\na\rb\r"), Rows{"2: {\"q\":\"a\\rb\"}"});
  EXPECT_EQ(rows("a.csv", "q,a\n"), Rows{});
}

TEST(RowFiles, BadCsv) {
  EXPECT_EQ(rows("a.csv", "q,a\n1\n1,2,3\n\"x\ny\",\xff\n1,2"),
            (Rows{"2: a.csv:2] must have a cell for each of the header's 2 columns, got 1 cells",
                  "3: a.csv:3] must have a cell for each of the header's 2 columns, got 3 cells",
                  "4: a.csv:4: a] must be UTF-8, got \"\xef\xbf\xbd\"", R"(6: {"q":"1","a":"2"})"}));
  EXPECT_EQ(rows("a.csv", "q,a\n1,2\n3,\"4\n5\n"),
            Rows{"a.csv:3] a quoted cell must end with a quote, got the end of the file within it"});
  EXPECT_EQ(rows("a.csv", "q,a\n\"1\n\"2,3\n"), Rows{"a.csv:3] a comma or a line's end must follow a quoted "
                                                     "cell (quotes inside are doubled), got \"2\""});
  EXPECT_EQ(rows("a.csv", "q,q\n1,2\n"),
            Rows{"a.csv:1] the header must name column 2, unlike the others, got \"q\""});
  EXPECT_EQ(rows("a.csv", "q,\n1,2\n"),
            Rows{"a.csv:1] the header must name column 2, unlike the others, got \"\""});
}

TEST(RowFiles, TheSameRowsAreTheSameProblems) {
  const TempFolder folder;
  std::ofstream(folder / "a.jsonl") << "{\"q\":\"1+1\",\"a\":\"2\"}\n{\"q\":\"2+2\",\"a\":\"4\"}\n";
  std::ofstream(folder / "b.json") << "[{\"q\":\"1+1\",\"a\":2},\n {\"q\":\"2+2\",\"a\":4}]";
  std::ofstream(folder / "c.csv") << "q,a\n1+1,2\n2+2,4\n2+2\n";
  DataOptions options;
  options.fields.prompt = "q";
  options.fields.answer = "a";
  options.on_error = "skip";
  std::vector<std::vector<std::uint64_t>> ids;
  for (const char* name : {"a.jsonl", "b.json", "c.csv"}) {
    options.eval_files = {(folder / name).string()};
    const auto data = open_dataset(options, 1);
    ASSERT_TRUE(data.ok()) << data.error().message();
    ASSERT_EQ((*data)->eval_size(), 2);
    auto& own = ids.emplace_back();
    for (std::int64_t i = 0; i < 2; ++i) {
      const Problem problem = (*data)->eval(i);
      own.push_back(problem.id);
      EXPECT_EQ(problem.answer, problem.messages[0].content == "1+1" ? "2" : "4");
      EXPECT_TRUE(problem.source.starts_with((folder / name).string() + ":")) << problem.source;
    }
    EXPECT_EQ((*data)->skipped(), std::string_view(name) == "c.csv" ? 1 : 0);
  }
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_EQ(ids[0], ids[2]);
  options.on_error = "stop";
  EXPECT_EQ(open_dataset(options, 1).error().message(),
            "[" + (folder / "c.csv").string() +
                ":4] must have a cell for each of the header's 2 columns, got 1 cells");
}

}  // namespace
}  // namespace hone
