// Rows of JSON in, verdicts out.
#include "hone/verify/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "hone/base/json.h"

namespace hone {
namespace {

using ::testing::HasSubstr;
using Row = nlohmann::ordered_json;

Verdict judged(const std::string& row) {
  static const VerifyService service({.verifier = "math"});
  return service.verify(Row::parse(row));
}

TEST(VerifyService, TheRowNamesItsVerifierOrTheDefaultJudges) {
  EXPECT_EQ(judged(R"({"reference":"1/2","completion":"\\boxed{0.5}"})").status, VerdictStatus::kCorrect);
  EXPECT_EQ(judged(R"({"verifier":"text","reference":"1/2","completion":"<answer>0.5</answer>"})").status,
            VerdictStatus::kWrong);
  EXPECT_EQ(judged(R"({"verifier":"number","answer":7,"completion":"it is 7"})").status,
            VerdictStatus::kCorrect);
  EXPECT_EQ(judged(R"({"verifier":"number","reference":8,"answer":7,"completion":"it is 7"})").status,
            VerdictStatus::kWrong);
}

TEST(VerifyService, OtherKeysReachTheVerifier) {
  const std::string row = R"("verifier":"expression","numbers":[2,3],"target":6,"completion":"<answer>)";
  EXPECT_EQ(judged("{" + row + "2*3</answer>\"}").status, VerdictStatus::kCorrect);
  EXPECT_EQ(judged("{" + row + "2+3</answer>\"}").status, VerdictStatus::kWrong);
}

TEST(VerifyService, WhatIsWrongWithARowIsItsVerdict) {
  const auto detail = [](const std::string& row) {
    const Verdict verdict = judged(row);
    EXPECT_EQ(verdict.status, VerdictStatus::kError);
    return verdict.detail;
  };
  EXPECT_THAT(detail(R"({"reference":"1"})"), HasSubstr("[completion] must be a text, got none"));
  EXPECT_THAT(detail(R"({"completion":7})"), HasSubstr("got number"));
  EXPECT_THAT(detail(R"({"completion":"1","verifier":"maths"})"), HasSubstr("must be one of math, code"));
  EXPECT_THAT(detail(R"({"completion":"1","verifier":7})"), HasSubstr("[verifier] must be a text"));
  EXPECT_THAT(detail(R"({"completion":"1","reference":[1]})"), HasSubstr("a text or a number, got array"));
  EXPECT_THAT(detail("[1]"), HasSubstr("must be an object"));
  EXPECT_THAT(detail(R"({"completion":"1","verifier":"length"})"), HasSubstr("scale"));
}

TEST(VerifyService, ThreadsShareIt) {
  const VerifyService service({.verifier = "number"});
  std::vector<std::jthread> threads;
  std::vector<int> right(4);
  for (std::size_t t = 0; t < right.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const Row row = {{"reference", i}, {"completion", std::to_string(i + (i % 2))}};
        right[t] += service.verify(row).status == VerdictStatus::kCorrect ? 1 : 0;
      }
    });
  }
  threads.clear();
  EXPECT_THAT(right, ::testing::Each(100));
}

TEST(VerifyService, AVerdictIsWrittenIntoItsRow) {
  Row row = {{"id", 3}, {"completion", "x"}};
  write_verdict(row, {VerdictStatus::kCorrect, 1.0, "why"}, 0.12345);
  EXPECT_EQ(row.dump(),
            R"({"id":3,"completion":"x","status":"correct","score":1.0,"detail":"why","ms":0.123})");
  write_verdict(row, {VerdictStatus::kTimeout, 0.0, "late"}, 10);
  EXPECT_EQ(row["score"], nullptr);
  EXPECT_EQ(row["status"], "timeout");
}

}  // namespace
}  // namespace hone
