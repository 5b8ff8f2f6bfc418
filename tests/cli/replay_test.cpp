// hone replay, on a run.db written here.
#include <gtest/gtest.h>

#include <limits>

#include "cli/run_command.h"
#include "hone/cli/group_view.h"
#include "hone/store/run_store.h"

namespace hone {
namespace {

using namespace hone::testing;

Rollout rollout(const std::string& text, std::optional<double> reward, double advantage) {
  Rollout r;
  r.completion.text = text;
  r.completion.ids = {5, 6, 2};
  r.completion.logprobs = {-0.5f, -0.25f, -1.5f};
  r.completion.finish = FinishReason::kEos;
  r.completion.policy_version = 11;
  r.advantage = advantage;
  r.reward.total = reward;
  r.reward.correct = reward.value_or(0.0) > 0.5;
  const auto status =
      reward ? (r.reward.correct ? VerdictStatus::kCorrect : VerdictStatus::kWrong) : VerdictStatus::kTimeout;
  r.reward.parts = {{"number", 1.0, {status, reward.value_or(0.0), "7 against 8"}}};
  return r;
}

StepRecord record(std::int64_t step) {
  StepRecord made{"grpo", step, {{"reward", 0.5}, {"kl", std::numeric_limits<double>::quiet_NaN()}}, {}};
  for (int g = 0; g < 2; ++g) {
    Group group;
    group.problem.id = static_cast<std::uint64_t>(g);
    group.problem.source = "arithmetic:" + std::to_string(g);
    group.problem.answer = "7";
    group.prompt_text = "What is 3 + 4?";
    group.prompt_ids = {1, 2, 3};
    group.rollouts = {rollout("<think>\x1b[2Jsum</think><answer>7</answer>", 1.0, 0.75),
                      rollout("<answer>8</answer>", 0.0, -0.75), rollout("?", std::nullopt, 0.0)};
    made.groups.push_back(std::move(group));
  }
  return made;
}

class Replay : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = RunStore::open(folder_ / "run.db");
    ASSERT_TRUE(store.ok()) << store.error().message();
    for (const std::int64_t step : {1, 2, 3}) ASSERT_TRUE(store->append(record(step)).ok());
  }
  Ran replay(std::vector<std::string> more) const {
    more.insert(more.begin(), {"replay", folder_.string()});
    return run_command(more);
  }
  TempFolder folder_;
};

TEST_F(Replay, ShowsAStepForReading) {
  const Ran ran = replay({"--step", "2"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  for (const char* part :
       {"grpo step 2 of ", "reward", "0.5", "group 0 · arithmetic:0 · answer 7", "group 1 · arithmetic:1",
        "What is 3 + 4?", "rollout 0 · correct · reward 1 · advantage +0.75 · 3 tokens · eos",
        "number ×1: correct, 1 — 7 against 8", "rollout 1 · not correct · reward 0 · advantage -0.75",
        "<answer>8</answer>", "reward undecided", "number ×1: timeout"}) {
    EXPECT_NE(ran.out.find(part), std::string::npos) << part << " in\n" << ran.out;
  }
  EXPECT_EQ(ran.out.find('\x1b'), std::string::npos) << "a completion cannot write escape sequences";
}

TEST_F(Replay, ShowsTheLastStepOrOneGroup) {
  EXPECT_NE(replay({}).out.find("grpo step 3 of "), std::string::npos);
  const Ran one = replay({"--step", "1", "--group", "1"});
  EXPECT_EQ(one.out.find("group 0 ·"), std::string::npos);
  EXPECT_NE(one.out.find("group 1 ·"), std::string::npos);
}

TEST_F(Replay, WritesJsonLines) {
  const Ran ran = replay({"--step", "1", "--json"});
  const auto lines = ran.lines();
  ASSERT_EQ(lines.size(), 3u) << ran.err;
  EXPECT_EQ(lines[0]["step"], 1);
  EXPECT_EQ(lines[0]["metrics"]["reward"], 0.5);
  EXPECT_TRUE(lines[0]["metrics"]["kl"].is_null()) << "NaN is no JSON";
  const Json& group = lines[2];
  EXPECT_EQ(group["group"], 1);
  EXPECT_EQ(group["prompt_ids"], Json({1, 2, 3}));
  const Json& first = group["rollouts"][0];
  EXPECT_EQ(first["logprobs"], Json({-0.5, -0.25, -1.5}));
  EXPECT_EQ(first["text"], "<think>\x1b[2Jsum</think><answer>7</answer>");
  EXPECT_EQ(first["policy_version"], 11);
  EXPECT_EQ(first["verdicts"][0]["status"], "correct");
  EXPECT_TRUE(group["rollouts"][2]["reward"].is_null());
  EXPECT_TRUE(group["rollouts"][2]["verdicts"][0]["score"].is_null());
}

TEST_F(Replay, SaysWhatIsWrong) {
  expect_one_error(replay({"--step", "4"}), {"[--step]", "1 to 3", "got 4"});
  expect_one_error(replay({"--group", "2"}), {"[--group]", "from 0 to 1", "got 2"});
  expect_one_error(replay({"--group", "-1"}), {"[--group]", "got -1"});
  expect_one_error(replay({"--stage", "rl"}),
                   {"[--stage]", "sft, amortize, propose, grpo, eval, eval_direct", "got rl"});
  expect_one_error(replay({"--stage", "eval"}), {"run.db", "stage eval"});
  const TempFolder empty;
  expect_one_error(run_command({"replay", empty.string()}), {"run.db", "a folder without one"});
  EXPECT_TRUE(std::filesystem::is_empty(empty.path())) << "nothing is written by looking";
  expect_one_error(run_command({"replay", "/nowhere"}), {"/nowhere/run.db", "no such folder"});
  write_file(empty / "run.db",
             "not a database, though as long as a header of one would have to be, at least 100 b");
  expect_one_error(run_command({"replay", empty.string()}), {"run.db"});
}

TEST(GroupView, BreaksLinesAtTheTerminalsWidth) {
  Group group = record(1).groups[0];
  group.prompt_text = std::string(100, 'a');
  const std::string text = group_text(group, 0, {40, false, false});
  EXPECT_NE(text.find("  | " + std::string(36, 'a') + "\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace hone
