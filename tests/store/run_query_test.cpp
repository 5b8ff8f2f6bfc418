// What the pages ask of a run.db: stages, metrics, pages of groups, problems through the steps; while it
// grows.
#include "hone/store/run_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <set>

#include "hone/store/run_store.h"
#include "support/temp_folder.h"

namespace hone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TempFolder;
using ::testing::UnorderedElementsAre;

constexpr std::int64_t kNewest = std::numeric_limits<std::int64_t>::max();

Rollout rollout(const std::string& text, bool correct, double advantage, VerdictStatus status,
                FinishReason finish = FinishReason::kEos) {
  Rollout r;
  r.completion.text = text;
  r.completion.ids = {1, 2, 3};
  r.completion.logprobs = {-0.1F, -0.2F, -0.3F};
  r.completion.finish = finish;
  r.reward.correct = correct;
  r.advantage = advantage;
  const bool undecided = status == VerdictStatus::kTimeout || status == VerdictStatus::kError;
  if (!undecided) r.reward.total = correct ? 1.0 : 0.0;
  r.reward.parts = {{"number", 1.0, {status, correct ? 1.0 : 0.0, "because"}}};
  return r;
}

Group group(std::uint64_t problem, std::vector<Rollout> rollouts, int difficulty = 1) {
  Group g;
  g.problem.id = problem;
  g.problem.source = "task:" + std::to_string(problem);
  g.problem.answer = "42";
  g.problem.difficulty = difficulty;
  g.problem.messages = {{"user", "question " + std::to_string(problem)}};
  g.prompt_text = "<user>question " + std::to_string(problem);
  g.rollouts = std::move(rollouts);
  return g;
}

// `right` of four completions.
Group share(std::uint64_t problem, int right) {
  std::vector<Rollout> rollouts;
  for (int i = 0; i < 4; ++i) {
    const bool correct = i < right;
    rollouts.push_back(rollout(correct ? "yes" : "no", correct, correct ? 1 : -1,
                               correct ? VerdictStatus::kCorrect : VerdictStatus::kWrong));
  }
  return group(problem, std::move(rollouts));
}

struct Recorded {
  TempFolder folder;
  RunStore store = [this] {
    auto opened = RunStore::open(folder / "run.db");
    if (!opened.ok()) throw std::runtime_error(opened.error().message());
    return *std::move(opened);
  }();
  void add(const std::string& stage, std::int64_t step, std::vector<Group> groups, Metrics metrics = {}) {
    const auto done = store.append(
        {.stage = stage, .step = step, .metrics = std::move(metrics), .groups = std::move(groups)});
    ASSERT_TRUE(done.ok()) << done.error().message();
  }
  RunQuery query() {
    auto opened = RunQuery::open(folder / "run.db");
    if (!opened.ok()) throw std::runtime_error(opened.error().message());
    return *std::move(opened);
  }
};

std::vector<std::string> sources(const GroupPage& page) {
  std::vector<std::string> names;
  for (const GroupRow& row : page.rows) names.push_back(row.source);
  return names;
}

GroupPage all(const RunQuery& query, const GroupFilter& filter) {
  auto page = query.groups(filter, kNewest, 1000, 10);
  EXPECT_TRUE(page.ok());
  return *std::move(page);
}

TEST(RunQuery, OverviewTellsTheStagesWhileTheyGrow) {
  Recorded run;
  run.add("sft", 1, {});
  run.add("sft", 2, {});
  const RunQuery query = run.query();
  ASSERT_TRUE(run.store.set_fact("state", "running").ok());
  run.add("grpo", 1, {share(1, 2)});
  const auto overview = query.overview();
  ASSERT_TRUE(overview.ok());
  EXPECT_EQ(overview->state, "running");
  ASSERT_EQ(overview->stages.size(), 2U);
  EXPECT_EQ(overview->stages[0].name, "grpo");
  EXPECT_EQ(overview->stages[1].steps, 2);
  EXPECT_EQ(overview->stages[1].last, 2);
  EXPECT_GT(overview->written_at, 1e9);
  EXPECT_LE(overview->started_at, overview->written_at);
}

TEST(RunQuery, MetricsHaveAValueForEachStep) {
  Recorded run;
  run.add("grpo", 1, {}, {{"reward", 0.5}});
  run.add("grpo", 2, {}, {{"reward", 0.75}, {"kl", 2.0}});
  run.add("grpo", 3, {}, {{"kl", -0.0}});
  const RunQuery query = run.query();
  const auto table = query.metrics("grpo", -1);
  ASSERT_TRUE(table.ok());
  EXPECT_THAT(table->steps, ElementsAre(1, 2, 3));
  EXPECT_DOUBLE_EQ(table->values.at("reward")[1], 0.75);
  EXPECT_TRUE(std::isnan(table->values.at("reward")[2]));
  EXPECT_TRUE(std::isnan(table->values.at("kl")[0]));
  EXPECT_EQ(table->values.at("kl")[2], 0.0);
  const auto later = query.metrics("grpo", 2, {"kl"});
  ASSERT_TRUE(later.ok());
  EXPECT_THAT(later->steps, ElementsAre(3));
  EXPECT_EQ(later->values.size(), 1U);
}

TEST(RunQuery, ARowCountsWhatItsRolloutsAre) {
  Recorded run;
  run.add("grpo", 7,
          {group(9, {rollout("a", true, -0.5, VerdictStatus::kCorrect),
                     rollout("b", false, 0.5, VerdictStatus::kWrong, FinishReason::kLength),
                     rollout("c", false, 0, VerdictStatus::kTimeout)})});
  const GroupPage page = all(run.query(), {});
  ASSERT_EQ(page.rows.size(), 1U);
  const GroupRow& row = page.rows[0];
  EXPECT_EQ(row.stage, "grpo");
  EXPECT_EQ(row.step, 7);
  EXPECT_EQ(row.question, "question 9");
  EXPECT_EQ(row.rollouts, 3);
  EXPECT_EQ(row.correct, 1);
  EXPECT_EQ(row.undecided, 1);
  EXPECT_EQ(row.truncated, 1);
  EXPECT_EQ(row.right_low, 1);
  EXPECT_EQ(row.wrong_high, 1);
  EXPECT_EQ(row.tokens, 9);
  EXPECT_EQ(row.reward_mean, 0.5);
  EXPECT_FALSE(page.before.has_value());
}

TEST(RunQuery, FiltersAreOfOneRollout) {
  Recorded run;
  run.add("grpo", 1,
          {group(1, {rollout("blue", true, 1, VerdictStatus::kCorrect),
                     rollout("red", false, -1, VerdictStatus::kUnparsable, FinishReason::kLength)}),
           group(2, {rollout("blue 100%", false, 0, VerdictStatus::kWrong)})});
  run.add("eval", 1, {group(3, {rollout("blue", false, 0.5, VerdictStatus::kError)})});
  const RunQuery query = run.query();
  EXPECT_THAT(sources(all(query, {})), ElementsAre("task:3", "task:2", "task:1"));  // newest first
  EXPECT_THAT(sources(all(query, {.stage = "grpo"})), ElementsAre("task:2", "task:1"));
  EXPECT_THAT(sources(all(query, {.step = 1})), ElementsAre("task:3", "task:2", "task:1"));
  EXPECT_THAT(sources(all(query, {.step = 2})), IsEmpty());
  EXPECT_THAT(sources(all(query, {.status = "unparsable"})), ElementsAre("task:1"));
  EXPECT_THAT(sources(all(query, {.verifier = "number", .status = "error"})), ElementsAre("task:3"));
  EXPECT_THAT(sources(all(query, {.verifier = "format"})), IsEmpty());
  EXPECT_THAT(sources(all(query, {.finish = "length"})), ElementsAre("task:1"));
  EXPECT_THAT(sources(all(query, {.text = "100%"})), ElementsAre("task:2"));
  EXPECT_THAT(sources(all(query, {.text = "b%e"})), IsEmpty());  // no wildcards
  EXPECT_THAT(sources(all(query, {.text = "question 1"})), ElementsAre("task:1"));
  // Unparsable and blue, but of two rollouts.
  EXPECT_THAT(sources(all(query, {.status = "unparsable", .text = "blue"})), IsEmpty());
  EXPECT_THAT(sources(all(query, {.problem = 2})), ElementsAre("task:2"));
  EXPECT_THAT(sources(all(query, {.disagree = "wrong_high"})), ElementsAre("task:3"));
  EXPECT_THAT(sources(all(query, {.disagree = "right_low"})), IsEmpty());
  EXPECT_THAT(sources(all(query, {.disagree = "any"})), ElementsAre("task:3"));
}

TEST(RunQuery, PagesFollowEachOtherWithoutGapsWhileTheRunGrows) {
  Recorded run;
  for (int step = 1; step <= 30; ++step) {
    std::vector<Group> groups;
    for (int g = 0; g < 10; ++g) groups.push_back(share(static_cast<std::uint64_t>(step * 10 + g), g % 5));
    run.add("grpo", step, std::move(groups));
  }
  const RunQuery query = run.query();
  std::set<std::int64_t> seen;
  std::optional<std::int64_t> before = kNewest;
  int pages = 0;
  while (before) {
    const auto page = query.groups({}, *before, 7, 10);
    ASSERT_TRUE(page.ok());
    for (const GroupRow& row : page->rows) EXPECT_TRUE(seen.insert(row.id).second);
    before = page->before;
    if (++pages == 3) run.add("grpo", 31, {share(7, 1)});  // newer ones do not shift the pages
  }
  EXPECT_EQ(seen.size(), 300U);
}

// A search that finds nothing still ends each page in time, and all of them together cover the run.
TEST(RunQuery, ALongSearchIsBrokenOffAndGoneOnWith) {
  Recorded run;
  for (int step = 1; step <= 4; ++step) {
    std::vector<Group> groups;
    for (int g = 0; g < 200; ++g) groups.push_back(share(static_cast<std::uint64_t>(g), 1));
    run.add("grpo", step, std::move(groups));
  }
  const RunQuery query = run.query();
  int pages = 0;
  std::optional<std::int64_t> before = kNewest;
  while (before) {
    const auto page = query.groups({.text = "not there"}, *before, 50, /*seconds=*/0);
    ASSERT_TRUE(page.ok());
    EXPECT_THAT(page->rows, IsEmpty());
    EXPECT_LT(page->before.value_or(0), *before);
    before = page->before;
    ++pages;
  }
  EXPECT_GT(pages, 3);
}

TEST(RunQuery, AGroupComesWhole) {
  Recorded run;
  run.add("grpo", 1, {share(1, 1), share(2, 3)});
  const RunQuery query = run.query();
  const auto whole = query.group({"grpo", 1, 1});
  ASSERT_TRUE(whole.ok() && whole->has_value());
  EXPECT_EQ((*whole)->groups, 2);
  EXPECT_EQ((*whole)->group.problem.id, 2U);
  EXPECT_EQ((*whole)->group.rollouts.size(), 4U);
  EXPECT_EQ((*whole)->group.rollouts[0].completion.logprobs.size(), 3U);
  EXPECT_EQ((*whole)->group.rollouts[0].reward.parts[0].verdict.detail, "because");
  for (const RunQuery::Place& place :
       {RunQuery::Place{"grpo", 1, 2}, RunQuery::Place{"grpo", 2, 0}, RunQuery::Place{"eval", 1, 0}}) {
    const auto none = query.group(place);
    ASSERT_TRUE(none.ok());
    EXPECT_FALSE(none->has_value());
  }
}

TEST(RunQuery, VerifiersAreThoseOfTheNewestRubric) {
  Recorded run;
  run.add("grpo", 1, {share(1, 1)});
  Group judged = share(2, 1);
  for (Rollout& r : judged.rollouts) r.reward.parts.push_back({"format", 0.1, {}});
  run.add("grpo", 2, {judged});
  const auto names = run.query().verifiers();
  ASSERT_TRUE(names.ok());
  EXPECT_THAT(*names, ElementsAre("number", "format"));
}

std::vector<std::uint64_t> problems(const RunSummary& summary, const std::string& stage, CourseOrder order) {
  std::vector<std::uint64_t> ids;
  for (const ProblemCourse& course : problem_courses(summary, stage, order)) ids.push_back(course.problem);
  return ids;
}

TEST(RunSummary, ProblemsThroughTheSteps) {
  Recorded run;
  run.add("eval", 0, {share(1, 0), share(2, 1), share(3, 4), share(4, 0)});
  run.add("grpo", 1, {share(5, 0), share(6, 0)});
  run.add("eval", 1, {share(1, 4), share(2, 2), share(3, 1), share(4, 0)});
  run.add("grpo", 2, {share(5, 0), share(6, 3)});
  const RunQuery query = run.query();
  const auto held_out = query.summary(SummaryOf::kEvaluations),
             training = query.summary(SummaryOf::kTraining);
  ASSERT_TRUE(held_out.ok() && training.ok());
  EXPECT_THAT(problems(**held_out, "eval", CourseOrder::kImproved), ElementsAre(1, 2));
  EXPECT_THAT(problems(**held_out, "eval", CourseOrder::kWorsened), ElementsAre(3));
  EXPECT_THAT(problems(**held_out, "eval", CourseOrder::kFailing), ElementsAre(4));
  EXPECT_THAT(problems(**held_out, "eval_direct", CourseOrder::kFailing), IsEmpty());
  EXPECT_THAT(problems(**training, "", CourseOrder::kImproved), ElementsAre(6));
  EXPECT_THAT(problems(**training, "", CourseOrder::kFailing), ElementsAre(5));
  const auto courses = problem_courses(**held_out, "eval", CourseOrder::kImproved);
  EXPECT_EQ(courses[0].times, 2);
  EXPECT_DOUBLE_EQ(courses[0].first_accuracy, 0);
  EXPECT_DOUBLE_EQ(courses[0].last_accuracy, 1);
  EXPECT_DOUBLE_EQ(courses[0].mean_accuracy, 0.5);
}

TEST(RunSummary, GrowsAndBeginsAnewAfterARewind) {
  Recorded run;
  run.add("grpo", 1, {share(1, 1)});
  run.add("grpo", 2, {share(2, 2)});
  const RunQuery query = run.query();
  const auto first = query.summary(SummaryOf::kTraining);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ((*first)->entries.size(), 2U);
  EXPECT_EQ(*query.summary(SummaryOf::kTraining), *first);  // nothing new: the same
  run.add("grpo", 3, {share(3, 3)});
  const auto grown = query.summary(SummaryOf::kTraining);
  ASSERT_TRUE(grown.ok());
  EXPECT_EQ((*grown)->entries.size(), 3U);
  EXPECT_EQ((*first)->entries.size(), 2U);  // what a reader holds does not change
  // The rows' ids are given again after a rewind: the summary must not mistake the new steps for the old.
  ASSERT_TRUE(run.store.rewind("grpo", 1, 0).ok());
  run.add("grpo", 2, {share(20, 0)});
  run.add("grpo", 3, {share(30, 0)});
  const auto again = query.summary(SummaryOf::kTraining);
  ASSERT_TRUE(again.ok());
  ASSERT_EQ((*again)->entries.size(), 3U);
  EXPECT_EQ((*again)->entries[1].problem, 20U);
  EXPECT_EQ((*again)->entries[2].problem, 30U);
}

TEST(RunQuery, WhatIsNoRunDatabaseIsSaidSo) {
  const TempFolder folder;
  const auto missing = RunQuery::open(folder / "run.db");
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error().message(), HasSubstr("No such file"));
  std::ofstream(folder / "run.db") << "";
  EXPECT_THAT(RunQuery::open(folder / "run.db").error().message(), HasSubstr("an empty file"));
  std::ofstream(folder / "run.db") << std::string(5000, 'x');
  EXPECT_THAT(RunQuery::open(folder / "run.db").error().message(), HasSubstr("whole SQLite database"));
}

}  // namespace
}  // namespace hone
