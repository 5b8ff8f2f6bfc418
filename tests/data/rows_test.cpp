// Rows read through a field map: what the well-known files look like, and what is refused.
#include "hone/data/rows.h"

#include <gtest/gtest.h>

#include <fstream>

#include "support/temp_folder.h"

namespace hone {
namespace {

const DataFieldOptions kGsm8k{
    .prompt = "question", .answer = "answer", .solution = "", .answer_after = "####"};

Problem parsed(const std::string& row, const DataFieldOptions& map) {
  Result<Problem> p = parse_row(row, "f.jsonl:1", map);
  if (!p.ok()) throw std::runtime_error(p.error().message());
  return *p;
}

std::string refusal(const std::string& row, const DataFieldOptions& map = {}) {
  const Result<Problem> p = parse_row(row, "f.jsonl:7", map);
  return p.ok() ? "accepted" : p.error().message();
}

TEST(Rows, Gsm8kRowsKeepWhatFollowsTheHashes) {
  const std::string row =
      R"({"question": "Ann\u2019s 3 hens lay 2 eggs each. How many?", "answer": "3*2 = <<3*2=6>>6 eggs.\n#### 6"})";
  const Problem p = parsed(row, kGsm8k);
  ASSERT_EQ(p.messages.size(), 1u);
  EXPECT_EQ(p.messages[0].role, "user");
  EXPECT_EQ(p.messages[0].content, "Ann\u2019s 3 hens lay 2 eggs each. How many?");
  EXPECT_EQ(p.answer, "6");
  EXPECT_EQ(p.solution, "");
  EXPECT_EQ(p.fields, row);
  EXPECT_EQ(p.source, "f.jsonl:1");
  EXPECT_NE(p.id, 0u);
}

TEST(Rows, WorkedSolutionsAreGivenTheTags) {
  DataFieldOptions map = kGsm8k;
  map.solution = "answer";
  EXPECT_EQ(parsed(R"({"question":"q","answer":"one\n#### 5 no\n#### 6"})", map).solution,
            "<think>one\n#### 5 no</think><answer>6</answer>");
  map.solution = "worked";
  EXPECT_EQ(parsed(R"({"question":"q","answer":"#### 6","worked":"<think>a</think><answer>6</answer>"})", map)
                .solution,
            "<think>a</think><answer>6</answer>");
}

TEST(Rows, MathRowsWithAnswersAsTextOrNumbers) {
  const DataFieldOptions map{.prompt = "problem", .answer = "answer", .solution = "", .answer_after = ""};
  const std::string polar =
      R"-({"problem":"p","answer":"\\left( 3, \\frac{\\pi}{2} \\right)","difficulty":2.0})-";
  EXPECT_EQ(parsed(polar, map).answer, "\\left( 3, \\frac{\\pi}{2} \\right)");
  EXPECT_EQ(parsed(R"({"problem":"p","answer":142.0})", map).answer, "142");
  EXPECT_EQ(parsed(R"({"problem":"p","answer":-3})", map).answer, "-3");
  EXPECT_EQ(parsed(R"({"problem":"p","answer":0.25})", map).answer, "0.25");
  EXPECT_EQ(parsed(R"({"problem":"p","answer":18446744073709551615})", map).answer, "18446744073709551615");
  EXPECT_EQ(parsed(R"({"problem":"p","answer":true})", map).answer, "true");
  EXPECT_NE(refusal(R"({"problem":"p","answer":1e300})", map).find("must be written as text"),
            std::string::npos);
}

TEST(Rows, BoxedAnswersEndAtTheirBracket) {
  const DataFieldOptions map{
      .prompt = "problem", .answer = "solution", .solution = "solution", .answer_after = "\\boxed{"};
  const Problem p =
      parsed(R"({"problem":"p","solution":"So \\boxed{1}, no: \\boxed{\\frac{1}{2}} holds."})", map);
  EXPECT_EQ(p.answer, "\\frac{1}{2}");
  EXPECT_EQ(p.solution,
            "<think>So \\boxed{1}, no: \\boxed{\\frac{1}{2}} holds.</think><answer>\\frac{1}{2}</answer>");
  EXPECT_EQ(parsed(R"({"problem":"p","solution":"\\boxed{\\{1\\}}"})", map).answer, "\\{1\\}");
  // An escaped bracket alone: \boxed{\left\{1\right.}
  EXPECT_EQ(parsed(R"({"problem":"p","solution":"\\boxed{\\left\\{1\\right.} it is"})", map).answer,
            "\\left\\{1\\right.");
  EXPECT_NE(refusal(R"({"problem":"p","solution":"\\boxed{1"})", map), "accepted");
}

TEST(Rows, PromptsMayBeMessages) {
  const Problem p = parsed(
      R"({"prompt":[{"role":"system","content":"s"},{"role":"user","content":"u"}],"answer":"1"})", {});
  ASSERT_EQ(p.messages.size(), 2u);
  EXPECT_EQ(p.messages[0].role, "system");
  EXPECT_EQ(p.messages[1].content, "u");
  const Problem text = parsed(R"({"prompt":"u","answer":"1"})", {}),
                list = parsed(R"({"prompt":[{"role":"user","content":"u"}],"answer":"2"})", {});
  EXPECT_EQ(text.id, list.id);
  EXPECT_NE(p.id, text.id);
}

TEST(Rows, IdsIgnoreWhiteSpaceAndTheAnswer) {
  const auto id = [](const std::string& row) { return parsed(row, {}).id; };
  EXPECT_EQ(id(R"({"prompt":"a  b\n","answer":"1"})"), id(R"({"answer":"2","prompt":" a b"})"));
  EXPECT_NE(id(R"({"prompt":"a b","answer":"1"})"), id(R"({"prompt":"ab","answer":"1"})"));
}

TEST(Rows, DottedNamesReachInside) {
  const DataFieldOptions map{.prompt = "in.q", .answer = "a.b", .solution = "", .answer_after = ""};
  const Problem p = parsed(R"({"in":{"q":"x"},"a.b":"whole","a":{"b":"inner"}})", map);
  EXPECT_EQ(p.messages[0].content, "x");
  EXPECT_EQ(p.answer, "whole");
}

TEST(Rows, NoAnswerFieldMeansNoAnswer) {
  const DataFieldOptions map{.prompt = "prompt", .answer = "", .solution = "", .answer_after = ""};
  EXPECT_EQ(parsed(R"({"prompt":"x"})", map).answer, "");
}

TEST(Rows, RefusalsNameTheRowTheRuleAndTheValue) {
  EXPECT_EQ(refusal(R"({"question":"x","answer":"1"})"),
            "[f.jsonl:7] the row must have the field \"prompt\" that data.fields.prompt names, got the "
            "fields answer, "
            "question");
  EXPECT_EQ(refusal(R"({"prompt":"x","answer":null})"),
            "[f.jsonl:7] the row must have the field \"answer\" that data.fields.answer names, got the "
            "fields answer, "
            "prompt");
  EXPECT_EQ(refusal(R"({"prompt":5,"answer":"1"})"),
            "[f.jsonl:7: prompt] must be text or a list of {role, content}, got 5");
  EXPECT_EQ(refusal(R"({"prompt":" ","answer":"1"})"),
            "[f.jsonl:7: prompt] must ask something: a user message that is not empty, got \" \"");
  EXPECT_EQ(refusal(R"({"prompt":[{"role":"user"}],"answer":"1"})"),
            "[f.jsonl:7: prompt[0]] must have \"content\", got the fields role");
  EXPECT_EQ(refusal(R"({"prompt":[{"role":"user","content":[1]}],"answer":"1"})"),
            "[f.jsonl:7: prompt[0].content] must be text, got a list of 1");
  EXPECT_EQ(refusal(R"({"prompt":[{"role":"usr","content":"x"}],"answer":"1"})"),
            "[f.jsonl:7: prompt[0].role] must be one of system, developer, user, assistant, tool, function, "
            "got \"usr\"");
  EXPECT_EQ(refusal(R"({"prompt":"x","answer":["1"]})"),
            "[f.jsonl:7: answer] must be text, a number, true or false, got a list of 1");
  EXPECT_EQ(refusal("[1]"), "[f.jsonl:7] a row must be a JSON object, got a list of 1");
  EXPECT_NE(refusal(R"({"prompt":)").find("[f.jsonl:7] must be valid JSON"), std::string::npos);
  EXPECT_NE(refusal("{\"prompt\":\"\xff\",\"answer\":\"1\"}").find("[f.jsonl:7] must be UTF-8"),
            std::string::npos);
  EXPECT_EQ(refusal(R"({"question":"x","answer":"6"})", kGsm8k),
            "[f.jsonl:7: answer] must hold an answer after \"####\" (data.fields.answer_after), got \"6\"");
  EXPECT_NE(refusal(R"({"question":"x","answer":"6 #### "})", kGsm8k), "accepted");
}

TEST(Rows, DeepNestingIsRefusedWithoutFalling) {
  std::string deep(200000, '[');
  deep += std::string(200000, ']');
  EXPECT_EQ(refusal("{\"prompt\":" + deep + ",\"answer\":\"1\"}"),
            "[f.jsonl:7] must nest at most 256 deep (deeper at byte 266)");
}

TEST(RowTable, ReadsLinesWithAnyEndingAndCountsThem) {
  const testing::TempFolder folder;
  const std::string path = (folder / "a.jsonl").string();
  std::ofstream(path)
      << "\xEF\xBB\xBF{\"prompt\":\"one\",\"answer\":\"1\"}\r\n\n  \n{\"prompt\":\"two\",\"answer\":\"2\"}";
  const auto table = RowTable::read({path}, {}, false);
  ASSERT_TRUE(table.ok()) << table.error().message();
  ASSERT_EQ(table->rows().size(), 2u);
  const Problem one = table->problem(table->rows()[0]), two = table->problem(table->rows()[1]);
  EXPECT_EQ(one.fields, R"({"prompt":"one","answer":"1"})");
  EXPECT_EQ(one.source, path + ":1");
  EXPECT_EQ(two.source, path + ":4");
  EXPECT_EQ(two.id, table->rows()[1].id);
}

TEST(RowTable, StopsAtOrSkipsMalformedRows) {
  const testing::TempFolder folder;
  const std::string path = (folder / "a.jsonl").string();
  std::ofstream(path) << "{\"prompt\":\"one\",\"answer\":\"1\"}\n{oops\n{\"prompt\":\"two\"}\n{\"prompt\":"
                         "\"3\",\"answer\":3}\n";
  const auto stopped = RowTable::read({path}, {}, false);
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().where, path + ":2");
  const auto skipped = RowTable::read({path}, {}, true);
  ASSERT_TRUE(skipped.ok());
  EXPECT_EQ(skipped->skipped(), 2);
  ASSERT_EQ(skipped->rows().size(), 2u);
  EXPECT_EQ(skipped->rows()[1].line, 4);

  const auto missing = RowTable::read({(folder / "none.jsonl").string()}, {}, true);
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().message().find("none.jsonl"), std::string::npos);
}

}  // namespace
}  // namespace hone
