// What a program of the user's own is asked, and what its answers mean.
#include "hone/verify/program/program_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hone/base/json.h"
#include "verify/verify_helpers.h"

namespace hone {
namespace {

using testing::completion;
using ::testing::HasSubstr;

Json asked(const Problem& problem, const std::string& text = "c") {
  const std::string line = question_line(7, problem, completion(text));
  EXPECT_EQ(line.find('\n'), std::string::npos);
  return Json::parse(line);
}

TEST(ProgramQuestion, HoldsTheProblemAndItsRow) {
  Problem problem = testing::answered("4");
  problem.messages = {{"user", "2 + 2?"}};
  problem.fields = R"({"question":"2+2?","tests":[1,{"a":null}],"id":"row-9","completion":"not this"})";
  EXPECT_EQ(asked(problem, "it is\n4"),
            Json::parse(R"({"id":7,"row_id":"row-9","prompt":"2 + 2?","completion":"it is\n4",
                            "reference":"4","question":"2+2?","tests":[1,{"a":null}]})"));
}

TEST(ProgramQuestion, SeveralMessagesAreAList) {
  Problem problem;
  problem.messages = {{"system", "be brief"}, {"user", "why?"}};
  EXPECT_EQ(asked(problem)["prompt"],
            Json::parse(R"([{"role":"system","content":"be brief"},{"role":"user","content":"why?"}])"));
}

TEST(ProgramQuestion, WhatIsNotThereIsNull) {
  EXPECT_EQ(asked(Problem()), Json::parse(R"({"id":7,"prompt":null,"completion":"c","reference":null})"));
  EXPECT_EQ(asked(testing::with_fields(R"({"prompt":"as it came"})"))["prompt"], "as it came");
  EXPECT_EQ(asked(testing::with_fields("[1]")).size(), 4u);
  EXPECT_EQ(asked(testing::with_fields("no json")).size(), 4u);
}

TEST(ProgramQuestion, BytesThatAreNoTextAreReplaced) {
  EXPECT_EQ(asked(Problem(), "a\xff z")["completion"], "a\xEF\xBF\xBD z");
}

struct Read {
  VerdictStatus status;
  double score;
  bool in_step;
  bool operator==(const Read&) const = default;
};
void PrintTo(const Read& read, std::ostream* out) {
  *out << to_string(read.status) << " " << read.score << (read.in_step ? "" : " out of step");
}
Read answered(const std::string& line) {
  const ProgramAnswer answer = read_answer(line, 7);
  return {answer.verdict.status, answer.verdict.decided() ? answer.verdict.score : -1.0, answer.in_step};
}

constexpr auto kCorrect = VerdictStatus::kCorrect, kWrong = VerdictStatus::kWrong,
               kUnparsable = VerdictStatus::kUnparsable, kTimeout = VerdictStatus::kTimeout,
               kError = VerdictStatus::kError;

TEST(ProgramAnswer, TheScoreSaysTheStatus) {
  EXPECT_EQ(answered(R"({"score":1})"), (Read{kCorrect, 1, true}));
  EXPECT_EQ(answered(R"({"score":2.5})"), (Read{kCorrect, 2.5, true}));
  EXPECT_EQ(answered(R"({"score":0.999})"), (Read{kWrong, 0.999, true}));
  EXPECT_EQ(answered(R"({"score":-3})"), (Read{kWrong, -3, true}));
  EXPECT_EQ(answered(R"({"score":true})"), (Read{kCorrect, 1, true}));
  EXPECT_EQ(answered(R"({"score":false,"id":7})"), (Read{kWrong, 0, true}));
}

TEST(ProgramAnswer, ANumberAloneIsAScore) {
  EXPECT_EQ(answered("0.25"), (Read{kWrong, 0.25, true}));
  EXPECT_EQ(answered(" 1 "), (Read{kCorrect, 1, true}));
  EXPECT_EQ(answered("true"), (Read{kCorrect, 1, true}));
}

TEST(ProgramAnswer, AStatusStands) {
  EXPECT_EQ(answered(R"({"score":0.5,"status":"correct"})"), (Read{kCorrect, 0.5, true}));
  EXPECT_EQ(answered(R"({"score":1,"status":"wrong"})"), (Read{kWrong, 1, true}));
  EXPECT_EQ(answered(R"({"status":"correct"})"), (Read{kCorrect, 1, true}));
  EXPECT_EQ(answered(R"({"status":"wrong","score":null})"), (Read{kWrong, 0, true}));
  EXPECT_EQ(answered(R"({"status":"unparsable"})"), (Read{kUnparsable, 0, true}));
  EXPECT_EQ(answered(R"({"score":1,"status":"timeout"})"), (Read{kTimeout, -1, true}));
  EXPECT_EQ(answered(R"({"score":0,"status":"error"})"), (Read{kError, -1, true}));
}

TEST(ProgramAnswer, TheDetailIsKeptAndBounded) {
  EXPECT_EQ(read_answer(R"({"score":0,"detail":"no such flight"})", 7).verdict.detail, "no such flight");
  const std::string long_detail = testing::repeated("é", 100'000);
  const Verdict verdict = read_answer(Json{{"score", 0}, {"detail", long_detail}}.dump(), 7).verdict;
  EXPECT_LE(verdict.detail.size(), 1000u);
  EXPECT_TRUE(verdict.detail.ends_with("é…"));
}

TEST(ProgramAnswer, AVerdictThatIsNoneIsAnErrorInStep) {
  const auto detail = [](const std::string& line) {
    const ProgramAnswer answer = read_answer(line, 7);
    EXPECT_EQ(answer.verdict.status, kError);
    EXPECT_TRUE(answer.in_step);
    return answer.verdict.detail;
  };
  EXPECT_THAT(detail(R"({"score":"1"})"), HasSubstr(R"(score must be a number, got "1")"));
  EXPECT_THAT(detail(R"({"score":1,"status":"ok"})"), HasSubstr(R"(got "ok")"));
  EXPECT_THAT(detail(R"({"score":1,"status":3})"), HasSubstr("got 3"));
  EXPECT_THAT(detail(R"({"score":1,"detail":[1]})"), HasSubstr("detail must be a text, got [1]"));
  EXPECT_THAT(detail(R"({"score":null})"), HasSubstr(R"(got {"score":null})"));
  EXPECT_THAT(detail("{}"), HasSubstr("must give a score or a status"));
}

TEST(ProgramAnswer, WhatAnswersNothingIsOutOfStep) {
  const auto detail = [](const std::string& line) {
    const ProgramAnswer answer = read_answer(line, 7);
    EXPECT_EQ(answer.verdict.status, kError);
    EXPECT_FALSE(answer.in_step);
    return answer.verdict.detail;
  };
  EXPECT_THAT(detail("Loading model…"), HasSubstr("must answer with JSON, got 'Loading model…'"));
  EXPECT_THAT(detail(""), HasSubstr("got ''"));
  EXPECT_THAT(detail(R"({"score": NaN})"), HasSubstr("NaN"));
  EXPECT_THAT(detail(R"({"score": 1e999})"), HasSubstr("1e999"));
  EXPECT_THAT(detail("[1]"), HasSubstr("an object or a number, got [1]"));
  EXPECT_THAT(detail("null"), HasSubstr("got null"));
  EXPECT_THAT(detail(R"({"id":6,"score":1})"), HasSubstr("must answer question 7, got id 6"));
  EXPECT_THAT(detail(R"({"id":"7","score":1})"), HasSubstr(R"(got id "7")"));
  EXPECT_THAT(detail(testing::repeated("[", 100'000)), HasSubstr("must answer with JSON"));
}

}  // namespace
}  // namespace hone
