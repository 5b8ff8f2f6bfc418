#include "hone/cli/jsonl.h"

#include <gtest/gtest.h>

#include <sstream>

#include "hone/base/json.h"

namespace hone {
namespace {

// What each_json_line says of a text, and how many lines it passed on.
std::string outcome(const std::string& text) {
  std::istringstream in(text);
  int lines = 0;
  const auto result = each_json_line(in, "in", [&](const JsonLine&) -> Result<void> {
    ++lines;
    return {};
  });
  return std::to_string(lines) + (result.ok() ? "" : " " + result.error().message());
}

TEST(JsonLines, PassesOverBlankLinesAndCountsThem) {
  std::istringstream in("{\"a\":1}\n\n  \t\r\n{\"a\":2}\r\n{\"a\":3}");
  std::string seen;
  const auto result = each_json_line(in, "in", [&](const JsonLine& line) -> Result<void> {
    seen += line.where + "=" + line.value["a"].dump() + " ";
    return {};
  });
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(seen, "in:1=1 in:4=2 in:5=3 ");
}

TEST(JsonLines, NamesTheBadLine) {
  EXPECT_EQ(outcome(""), "0");
  EXPECT_EQ(outcome("{}\n{\"a\":"), "1 [in:2] must be valid JSON (stops being so at byte 6)");
  EXPECT_EQ(outcome("{}\n\n[1,2]\n{}"), "1 [in:3] must be a JSON object, got a list of 2");
  EXPECT_EQ(outcome("{\"a\":\"\xff\"}").substr(0, 9), "0 [in:1] ");
}

TEST(JsonLines, RefusesAbsurdNestingWithoutRecursion) {
  const std::string deep(1'000'000, '[');
  EXPECT_EQ(outcome("{\"a\":" + deep), "0 [in:1] values must not nest deeper than 200, got 1000001");
  EXPECT_EQ(outcome("{\"a\":\"" + deep + "\\\"[\"}"), "1") << "brackets inside text do not nest";
  EXPECT_EQ(outcome("{\"a\":" + std::string(199, '[') + std::string(199, ']') + "}"), "1");
}

TEST(JsonLines, StopsAtTheBodysError) {
  std::istringstream in("{}\n{}\n{}\n");
  int lines = 0;
  const auto result = each_json_line(in, "in", [&](const JsonLine& line) -> Result<void> {
    if (++lines == 2) return Error{line.where, "no", ""};
    return {};
  });
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().where, "in:2");
  EXPECT_EQ(lines, 2);
}

TEST(JsonLines, IdsAreCheckedOneByOne) {
  const auto ids = [](const char* text) {
    const auto result = ids_of(Json::parse(text), 10, "the model's", "w");
    return result.ok() ? fmt::format("{}", fmt::join(*result, " ")) : result.error().message();
  };
  EXPECT_EQ(ids(R"({"ids":[0,9,3]})"), "0 9 3");
  EXPECT_EQ(ids(R"({"ids":[]})"), "[w: ids] must hold at least one token id, got an empty list");
  EXPECT_EQ(ids(R"({"ids":"1"})"), "[w: ids] must be a list of token ids, got \"1\"");
  for (const char* bad :
       {"10", "-1", "1.0", "\"1\"", "null", "18446744073709551615", "9223372036854775807", "4294967296"}) {
    EXPECT_EQ(ids(("{\"ids\":[1," + std::string(bad) + "]}").c_str()),
              "[w: ids[1]] must be a token id from 0 to 9 (the model's), got " + std::string(bad));
  }
}

TEST(JsonLines, WritesWhatIsNotUtf8AsReplacementAndSaysWhenNobodyListens) {
  char* buffer = nullptr;
  std::size_t size = 0;
  std::FILE* out = open_memstream(&buffer, &size);
  ASSERT_TRUE(write_json_line(out, {{"b", "x\xff"}, {"a", 0.5}}).ok());
  std::fclose(out);
  EXPECT_EQ(std::string(buffer, size), "{\"b\":\"x\xEF\xBF\xBD\",\"a\":0.5}\n") << "in the order given";
  std::free(buffer);

  std::FILE* full = std::fopen("/dev/full", "w");
  ASSERT_NE(full, nullptr);
  const auto result = write_json_line(full, {{"a", 1}});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().where, "stdout");
  std::fclose(full);
}

}  // namespace
}  // namespace hone
