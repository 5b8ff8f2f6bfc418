// A program of the user's own as a verifier: its verdicts, and what becomes of one that fails.
#include "hone/verify/program/program_verifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "hone/base/json.h"
#include "hone/verify/rubric.h"
#include "hone/verify/service.h"
#include "verify/verify_helpers.h"

namespace hone {
namespace {

using ::testing::AllOf;
using testing::answered;
using testing::completion;
using ::testing::HasSubstr;

constexpr auto kCorrect = VerdictStatus::kCorrect, kWrong = VerdictStatus::kWrong,
               kTimeout = VerdictStatus::kTimeout, kError = VerdictStatus::kError;

std::vector<std::string> scripted() {
  return {"python3", "-S", std::string(HONE_SOURCE_DIR) + "/tests/verify/program/scripted.py"};
}
std::string example() { return std::string(HONE_SOURCE_DIR) + "/docs/examples/my_verifier.py"; }

std::unique_ptr<Verifier> made(ProgramOptions options) {
  if (options.command.empty()) options.command = scripted();
  auto verifier = make_program_verifier(options);
  if (!verifier.ok()) throw std::runtime_error(verifier.error().message());
  return std::move(verifier).value();
}
std::unique_ptr<Verifier> one_process() { return made({.workers = 1, .retry_seconds = 1000}); }

Verdict judged(const Verifier& verifier, const std::string& text) {
  return verifier.verify(answered("4"), completion(text));
}

TEST(ProgramVerifier, AsksAndAnswers) {
  const auto verifier = one_process();
  EXPECT_EQ(verifier->name(), "program");
  EXPECT_TRUE(verifier->judges_correctness());
  EXPECT_FALSE(made({.accuracy = false})->judges_correctness());
  EXPECT_EQ(verifier->concurrency(), 1);

  Problem problem = answered("4");
  problem.messages = {{"user", "2 + 2?"}};
  problem.fields = R"({"level":3})";
  const Verdict shown = verifier->verify(problem, completion("show"));
  EXPECT_EQ(shown.status, kCorrect);
  EXPECT_EQ(Json::parse(shown.detail), Json::parse(R"({"id":1,"prompt":"2 + 2?","completion":"show",
                                                       "reference":"4","level":3})"));
  EXPECT_EQ(judged(*verifier, "say 0.5").score, 0.5);
  EXPECT_EQ(judged(*verifier, "say {\"id\":ID,\"score\":0}").status, kWrong);
  EXPECT_EQ(judged(*verifier, "say {\"score\":1,\"status\":\"timeout\"}").status, kTimeout);
}

TEST(ProgramVerifier, AProcessIsKept) {
  const auto verifier = one_process();
  const std::string pid = judged(*verifier, "pid").detail;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(judged(*verifier, "pid").detail, pid);
  // A verdict that is none is its own affair: the lines are in step.
  EXPECT_EQ(judged(*verifier, "say {\"score\":\"much\"}").status, kError);
  EXPECT_EQ(judged(*verifier, "pid").detail, pid);
}

TEST(ProgramVerifier, ADeathIsAnErrorWithItsLastWordsAndAnotherIsStarted) {
  const auto verifier = one_process();
  const std::string pid = judged(*verifier, "pid").detail;
  const Verdict death = judged(*verifier, "die 'answer'");
  EXPECT_EQ(death.status, kError);
  EXPECT_THAT(death.detail, AllOf(HasSubstr("exit code 3"), HasSubstr("KeyError: 'answer'")));
  const Verdict next = judged(*verifier, "pid");
  EXPECT_EQ(next.status, kCorrect);
  EXPECT_NE(next.detail, pid);
}

TEST(ProgramVerifier, AHangIsATimeoutAndAnotherIsStarted) {
  const auto verifier = made({.seconds = 0.5, .workers = 1});
  for (int i = 0; i < 2; ++i) {
    const Verdict verdict = judged(*verifier, "hang");
    EXPECT_EQ(verdict.status, kTimeout);
    EXPECT_THAT(verdict.detail, HasSubstr("in 0.5 s"));
  }
}

TEST(ProgramVerifier, WhatIsNoAnswerIsAnErrorAndAnotherIsStarted) {
  const auto verifier = one_process();
  for (const auto& [text, part] :
       {std::pair{"say Loading model", "got 'Loading model'"}, std::pair{"say {\"score\": NaN}", "NaN"},
        std::pair{"say {\"id\":999999,\"score\":1}", "got id 999999"},
        std::pair{"large 2000000", "at most 1048576 bytes"}}) {
    const std::string pid = judged(*verifier, "pid").detail;
    const Verdict verdict = judged(*verifier, text);
    EXPECT_EQ(verdict.status, kError) << text;
    EXPECT_THAT(verdict.detail, HasSubstr(part));
    EXPECT_NE(judged(*verifier, "pid").detail, pid) << text;
  }
  EXPECT_EQ(judged(*verifier, "large 1000000").status, kCorrect);
}

TEST(ProgramVerifier, AnAnswerNeverAnswersTheNextQuestion) {
  // Two lines for one question: the second would be the next one's answer.
  const auto verifier =
      made({.command = {"sh", "-c", "while read x; do printf '0\\n1\\n'; done"}, .workers = 1});
  EXPECT_EQ(judged(*verifier, "x").status, kWrong);
  const Verdict next = judged(*verifier, "x");
  EXPECT_EQ(next.status, kError);
  EXPECT_THAT(next.detail, HasSubstr("got '1' without being asked"));
  EXPECT_EQ(judged(*verifier, "x").status, kWrong);
}

TEST(ProgramVerifier, OneThatEndsBetweenQuestionsIsStartedAgain) {
  const auto verifier = made({.command = {"sh", "-c", "read x; echo 1"}, .workers = 1});
  for (int i = 0; i < 50; ++i) EXPECT_EQ(judged(*verifier, "x").status, kCorrect);
}

TEST(ProgramVerifier, OneThatEndsWithoutAnyAnswerIsAnError) {
  const auto verifier = made({.command = {"true"}, .workers = 1});
  for (int i = 0; i < 2; ++i) {
    const Verdict verdict = judged(*verifier, "x");
    EXPECT_EQ(verdict.status, kError);
    EXPECT_THAT(verdict.detail, HasSubstr("go on until its input ends: exit code 0"));
  }
}

TEST(ProgramVerifier, AfterThreeDeathsInARowItIsGivenUpForAWhile) {
  const auto verifier = one_process();
  for (int i = 0; i < 2; ++i) EXPECT_EQ(judged(*verifier, "die a").status, kError);
  EXPECT_EQ(judged(*verifier, "pid").status, kCorrect) << "an answer between them: not in a row";
  for (int i = 0; i < 3; ++i) EXPECT_THAT(judged(*verifier, "die b").detail, HasSubstr("exit code 3"));
  const Verdict given_up = judged(*verifier, "pid");
  EXPECT_EQ(given_up.status, kError);
  EXPECT_THAT(given_up.detail, AllOf(HasSubstr("failed 3 times in a row"), HasSubstr("KeyError: b")));
}

TEST(ProgramVerifier, AndTriedAgainLater) {
  const auto verifier = made({.workers = 1, .retry_seconds = 0});
  for (int i = 0; i < 4; ++i) EXPECT_THAT(judged(*verifier, "die").detail, HasSubstr("exit code 3"));
  EXPECT_EQ(judged(*verifier, "pid").status, kCorrect);
}

TEST(ProgramVerifier, ManyThreadsEachGetTheirOwnAnswer) {
  const auto verifier = made({.workers = 3});
  std::vector<std::jthread> threads;
  std::vector<std::string> wrong(8);
  std::vector<std::set<std::string>> pids(8);
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 40; ++i) {
        const std::string number = std::to_string(1000 * static_cast<int>(t) + i);
        const Verdict verdict = judged(*verifier, "echo " + number);
        if (verdict.detail != number) wrong[t] += number + ": " + verdict.detail + "\n";
        pids[t].insert(judged(*verifier, "pid").detail);
      }
    });
  }
  threads.clear();
  EXPECT_THAT(wrong, ::testing::Each(""));
  std::set<std::string> all;
  for (const auto& some : pids) all.insert(some.begin(), some.end());
  EXPECT_LE(all.size(), 3u);
}

std::string refusal(const ProgramOptions& options) {
  const auto verifier = make_program_verifier(options);
  return verifier.ok() ? "" : verifier.error().message();
}

TEST(ProgramVerifier, RefusesWhatCannotBeStarted) {
  EXPECT_THAT(refusal({}), HasSubstr("must name the program"));
  EXPECT_THAT(refusal({.command = {"  "}}), HasSubstr("must name the program"));
  EXPECT_THAT(refusal({.command = {"no-such-program-of-hone", "x"}}), HasSubstr("'no-such-program-of-hone'"));
  EXPECT_THAT(refusal({.command = {"./none.py"}}), HasSubstr("must be there, got './none.py'"));
  EXPECT_THAT(refusal({.command = {"cat"}, .seconds = 0}), HasSubstr("seconds] must be positive"));
  EXPECT_THAT(refusal({.command = {"cat"}, .workers = -1}), HasSubstr("workers] must be at least 0"));
}

TEST(ProgramVerifier, OneTextIsSplitIntoWords) {
  EXPECT_EQ(judged(*made({.command = {"sed -u s/.*/1/"}, .workers = 1}), "x").status, kCorrect);
}

TEST(ProgramVerifier, TheExampleOfTheDocumentationWorks) {
  const auto verifier = made({.command = {"python3", example()}, .workers = 1});
  const Verdict right = judged(*verifier, "I think it is 4.");
  EXPECT_EQ(right.status, kCorrect);
  EXPECT_EQ(right.score, 1.0);
  EXPECT_EQ(right.detail, "'4'");
  EXPECT_EQ(judged(*verifier, "it is 5").status, kWrong);
  EXPECT_EQ(judged(*verifier, "").status, kWrong);
}

TEST(ProgramVerifier, ARubricHoldsTwoUnderTheirNames) {
  const VerifierOptions last_word{
      .verifier = "program", .command = {"python3", example()}, .name = "last_word"};
  const VerifierOptions half{.verifier = "program",
                             .weight = 0.5,
                             .workers = 1,
                             .command = {"sed -u s/.*/0.5/"},
                             .accuracy = false,
                             .name = "half"};
  const auto rubric = Rubric::make({{last_word, half, {.verifier = "format"}}}, 1);
  ASSERT_TRUE(rubric.ok()) << rubric.error().message();
  EXPECT_EQ(rubric->names(), (std::vector<std::string>{"last_word", "half", "format"}));
  const Reward reward = rubric->judge(answered("4"), completion("it is 4"));
  EXPECT_EQ(reward.total, 1.25);
  EXPECT_TRUE(reward.correct);
  EXPECT_EQ(reward.parts[0].verifier, "last_word");
  EXPECT_EQ(reward.parts[1].verdict.score, 0.5);

  const auto twice = Rubric::make({{half, half}}, 1);
  ASSERT_FALSE(twice.ok());
  EXPECT_THAT(twice.error().message(), HasSubstr("'half' twice"));
}

TEST(ProgramVerifier, RowsNameItAndTheCommandIsNeverTheirs) {
  using Row = nlohmann::ordered_json;
  const VerifyService service({.verifier = "math", .command = {"python3", example()}});
  const auto verdict = [&](const std::string& row) { return service.verify(Row::parse(row)); };
  EXPECT_EQ(verdict(R"({"verifier":"program","reference":"b","completion":"a b"})").status, kCorrect);
  EXPECT_EQ(
      verdict(R"({"verifier":"program","command":["echo","1"],"reference":"c","completion":"a b"})").status,
      kWrong);
  const VerifyService without({.verifier = "math"});
  const Verdict refused =
      without.verify(Row::parse(R"({"verifier":"program","command":"cat","completion":"a"})"));
  EXPECT_EQ(refused.status, kError);
  EXPECT_THAT(refused.detail, HasSubstr("must name the program that judges"));
}

}  // namespace
}  // namespace hone
