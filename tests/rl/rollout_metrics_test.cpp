#include <gtest/gtest.h>

#include <cmath>

#include "hone/rl/advantage.h"

namespace hone {
namespace {

Rollout rollout(std::size_t length, FinishReason finish, VerdictStatus status, double weight = 1.0) {
  Rollout r;
  r.completion.ids.assign(length, 5);
  r.completion.finish = finish;
  const double score = status == VerdictStatus::kCorrect ? 1.0 : 0.0;
  const Verdict verdict{status, score, ""};
  r.reward.parts.push_back({"number", weight, verdict});
  if (verdict.decided()) r.reward.total = weight * score;
  r.reward.correct = status == VerdictStatus::kCorrect;
  return r;
}

std::vector<Group> two_groups() {
  Group a, b;
  a.prompt_ids = {1, 2, 3};
  b.prompt_ids = {1};
  a.rollouts = {rollout(4, FinishReason::kEos, VerdictStatus::kCorrect, 2.0),
                rollout(6, FinishReason::kStop, VerdictStatus::kWrong, 2.0),
                rollout(10, FinishReason::kLength, VerdictStatus::kUnparsable, 2.0)};
  b.rollouts = {rollout(2, FinishReason::kEos, VerdictStatus::kCorrect, 2.0),
                rollout(1, FinishReason::kEos, VerdictStatus::kTimeout, 2.0),
                rollout(7, FinishReason::kLength, VerdictStatus::kError, 2.0)};
  return {a, b};
}

TEST(RolloutMetrics, TrlsNamesAndValues) {
  const std::vector<Group> groups = two_groups();
  const Metrics m = rollout_metrics(groups);
  const double third = std::sqrt(4.0 / 3.0);  // of 2 0 0
  const std::map<std::string, double> expected = {
      {"reward", 1.0},
      {"reward_std", third / 2.0},
      {"frac_reward_zero_std", 0.5},
      {"accuracy", 0.5},
      {"rewards/number/mean", 0.5},
      {"rewards/number/std", std::sqrt(1.0 / 3.0)},
      {"verdicts/number/correct", 2},
      {"verdicts/number/wrong", 1},
      {"verdicts/number/unparsable", 1},
      {"verdicts/number/timeout", 1},
      {"verdicts/number/error", 1},
      {"completions/mean_length", 5},
      {"completions/min_length", 1},
      {"completions/max_length", 10},
      {"completions/mean_terminated_length", 3.25},
      {"completions/min_terminated_length", 1},
      {"completions/max_terminated_length", 6},
      {"completions/clipped_ratio", 1.0 / 3.0},
      {"num_tokens", 3 * 3 + 3 * 1 + 30},
      {"think_rate", 0},
  };
  for (const auto& [name, value] : expected) {
    ASSERT_TRUE(m.contains(name)) << name;
    EXPECT_NEAR(m.at(name), value, 1e-12) << name;
  }
  EXPECT_EQ(m.size(), expected.size());
}

TEST(RolloutMetrics, WhoThinksGradeByGrade) {
  const auto said = [](std::string text, VerdictStatus status) {
    Rollout r = rollout(static_cast<std::size_t>(text.size()), FinishReason::kEos, status, 1.0);
    r.completion.text = std::move(text);
    return r;
  };
  Group easy, hard;
  easy.problem.difficulty = 1;
  easy.rollouts = {said("<think></think><answer>3</answer>", VerdictStatus::kCorrect),
                   said("<think> \n</think><answer>3</answer>", VerdictStatus::kCorrect),
                   said("<answer>3</answer>", VerdictStatus::kError)};
  hard.problem.difficulty = 4;
  hard.rollouts = {said("<think>1+2=3</think><answer>3</answer>", VerdictStatus::kWrong),
                   said("<think>1+2=3;3+", VerdictStatus::kUnparsable),
                   said("<think></think>no", VerdictStatus::kCorrect)};
  const Metrics m = rollout_metrics(std::vector<Group>{easy, hard});
  EXPECT_DOUBLE_EQ(m.at("think_rate"), 2.0 / 6.0);
  EXPECT_DOUBLE_EQ(m.at("think_rate/difficulty_1"), 0.0);
  EXPECT_DOUBLE_EQ(m.at("think_rate/difficulty_4"), 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(m.at("accuracy/difficulty_1"), 1.0);  // of the two that were decided
  EXPECT_DOUBLE_EQ(m.at("accuracy/difficulty_4"), 1.0 / 3.0);
  EXPECT_DOUBLE_EQ(m.at("completions/mean_length/difficulty_1"), (33 + 35 + 18) / 3.0);
  // Of one grade, there is nothing to tell apart.
  EXPECT_FALSE(rollout_metrics(std::vector<Group>{easy}).contains("think_rate/difficulty_1"));
}

TEST(RolloutMetrics, WhatHasNoValueIsAbsent) {
  Group g;
  g.prompt_ids = {1};
  g.rollouts = {rollout(3, FinishReason::kLength, VerdictStatus::kTimeout)};
  const std::vector<Group> groups = {g};
  const Metrics m = rollout_metrics(groups);
  for (const char* name : {"reward", "reward_std", "accuracy", "rewards/number/mean"}) {
    EXPECT_FALSE(m.contains(name)) << name;
  }
  EXPECT_EQ(m.at("frac_reward_zero_std"), 1.0);
  EXPECT_EQ(m.at("completions/clipped_ratio"), 1.0);
  EXPECT_EQ(m.at("completions/mean_terminated_length"), 0.0);
  EXPECT_TRUE(rollout_metrics({}).empty());
}

}  // namespace
}  // namespace hone
