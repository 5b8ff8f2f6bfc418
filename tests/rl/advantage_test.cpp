#include "hone/rl/advantage.h"

#include <gtest/gtest.h>

#include <cmath>

#include "hone/base/check.h"

namespace hone {
namespace {

constexpr std::optional<double> kUndecided = std::nullopt;

Group group(const std::vector<std::optional<double>>& rewards) {
  Group g;
  g.prompt_ids = {1, 2, 3};
  for (std::size_t i = 0; i < rewards.size(); ++i) {
    Rollout rollout;
    rollout.reward.total = rewards[i];
    rollout.completion.ids.assign(i + 1, static_cast<std::int32_t>(10 + i));
    rollout.completion.logprobs.assign(i + 1, -0.5f);
    rollout.completion.finish = FinishReason::kEos;
    rollout.advantage = 99.0;  // stale
    g.rollouts.push_back(rollout);
  }
  return g;
}

std::vector<double> advantages(const Group& g) {
  std::vector<double> out;
  for (const Rollout& r : g.rollouts) out.push_back(r.advantage);
  return out;
}

std::vector<double> assigned(const std::vector<std::optional<double>>& rewards, AdvantageScale scale,
                             LossType type = LossType::kGrpo) {
  std::vector<Group> groups = {group(rewards)};
  LossOptions options;
  options.type = type;
  options.advantage_scale = scale;
  assign_advantages(groups, options);
  return advantages(groups[0]);
}

void expect_near(const std::vector<double>& got, const std::vector<double>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-12) << i;
}

TEST(Advantage, GroupScale) {
  // mean 0.5, std over n − 1: sqrt(1/3)
  const double a = 0.5 / (std::sqrt(1.0 / 3.0) + 1e-4);
  expect_near(assigned({1, 0, 1, 0}, AdvantageScale::kGroup), {a, -a, a, -a});
}

TEST(Advantage, NoScale) {
  expect_near(assigned({1, 0, 0, 0}, AdvantageScale::kNone), {0.75, -0.25, -0.25, -0.25});
}

TEST(Advantage, RlooWhateverTheScale) {
  for (const AdvantageScale scale : {AdvantageScale::kGroup, AdvantageScale::kBatch, AdvantageScale::kNone}) {
    // each against the mean of the others: 3 − 1.5, 1 − 2.5, 2 − 2
    expect_near(assigned({3, 1, 2}, scale, LossType::kRloo), {1.5, -1.5, 0.0});
    // undecided ones count in nobody's baseline
    expect_near(assigned({3, kUndecided, 1, 2}, scale, LossType::kRloo), {1.5, 0.0, -1.5, 0.0});
  }
}

TEST(Advantage, BatchScaleIsOfEveryDecidedReward) {
  std::vector<Group> groups = {group({1, 0}), group({kUndecided, 2, 2}), group({5, 3})};
  LossOptions options;
  options.advantage_scale = AdvantageScale::kBatch;
  assign_advantages(groups, options);
  // 1 0 2 2 5 3: mean 13/6, squares 43
  const double scale = std::sqrt((43.0 - 6 * (13.0 / 6) * (13.0 / 6)) / 5.0) + 1e-4;
  expect_near(advantages(groups[0]), {0.5 / scale, -0.5 / scale});
  expect_near(advantages(groups[1]), {0, 0, 0});
  expect_near(advantages(groups[2]), {1 / scale, -1 / scale});
}

TEST(Advantage, UndecidedLeavesTheBaseline) {
  expect_near(assigned({1, kUndecided, 0}, AdvantageScale::kNone), {0.5, 0.0, -0.5});
  expect_near(assigned({kUndecided, kUndecided}, AdvantageScale::kGroup), {0, 0});
  expect_near(assigned({1, kUndecided}, AdvantageScale::kGroup), {0, 0});
}

TEST(Advantage, EqualRewardsTeachNothing) {
  // A mean of ten 0.1 is not 0.1 in binary: equality decides, not the deviation.
  const std::vector<double> got =
      assigned(std::vector<std::optional<double>>(10, 0.1), AdvantageScale::kGroup);
  EXPECT_EQ(got, std::vector<double>(10, 0.0));
  EXPECT_FALSE(has_signal(group(std::vector<std::optional<double>>(10, 0.1))));
}

TEST(HasSignal, IsExact) {
  EXPECT_TRUE(has_signal(group({0.1, std::nextafter(0.1, 1.0)})));
  EXPECT_TRUE(has_signal(group({1, 1, 1, 0})));
  EXPECT_FALSE(has_signal(group({1, kUndecided})));
  EXPECT_FALSE(has_signal(group({1, kUndecided, 1})));
  EXPECT_TRUE(has_signal(group({kUndecided, 1, 0})));
  EXPECT_FALSE(has_signal(group({})));
}

TEST(Overlong, GrowsOverTheBuffer) {
  LossOptions options;
  EXPECT_EQ(overlong_penalty(100, 100, options), 0.0) << "off by default";
  options.overlong_buffer = 20;
  options.overlong_penalty = 0.5;
  EXPECT_EQ(overlong_penalty(10, 100, options), 0.0);
  EXPECT_EQ(overlong_penalty(80, 100, options), 0.0);
  EXPECT_DOUBLE_EQ(overlong_penalty(90, 100, options), -0.25);
  EXPECT_DOUBLE_EQ(overlong_penalty(100, 100, options), -0.5);
  EXPECT_DOUBLE_EQ(overlong_penalty(150, 100, options), -0.5);
}

TEST(MakeTrainBatch, LeavesOutWhatTeachesNothing) {
  std::vector<Group> groups = {group({1, 1}), group({1, kUndecided, 0}), group({kUndecided, 1})};
  LossOptions options;
  options.advantage_scale = AdvantageScale::kNone;
  assign_advantages(groups, options);
  const TrainBatch batch = make_train_batch(groups, options, 0.7, 12);
  EXPECT_EQ(batch.step, 12);
  ASSERT_EQ(batch.groups.size(), 1u);
  EXPECT_EQ(batch.groups[0].prompt, (std::vector<std::int32_t>{1, 2, 3}));
  ASSERT_EQ(batch.groups[0].sequences.size(), 2u);
  const TrainSequence& last = batch.groups[0].sequences[1];
  EXPECT_EQ(last.completion, (std::vector<std::int32_t>{12, 12, 12}));
  EXPECT_EQ(last.loss_mask, (std::vector<std::uint8_t>{1, 1, 1}));
  EXPECT_EQ(last.old_logprobs, std::vector<float>(3, -0.5f));
  EXPECT_EQ(last.temperature, 0.7);
  EXPECT_EQ(last.advantage, -0.5);
}

TEST(MakeTrainBatch, MasksTruncatedWhenAsked) {
  std::vector<Group> groups = {group({1, 0})};
  groups[0].rollouts[0].completion.finish = FinishReason::kLength;
  groups[0].rollouts[0].completion.kept.ids = {10, 11};
  groups[0].rollouts[0].completion.kept.offsets = {0, 2};
  LossOptions options;
  assign_advantages(groups, options);
  TrainBatch batch = make_train_batch(groups, options, 1.0, 0);
  EXPECT_EQ(batch.groups[0].sequences[0].loss_mask[0], 1);
  EXPECT_EQ(batch.groups[0].sequences[0].kept.ids, (std::vector<std::int32_t>{10, 11}));
  options.mask_truncated = true;
  batch = make_train_batch(groups, options, 1.0, 0);
  EXPECT_EQ(batch.groups[0].sequences[0].loss_mask[0], 0);
  EXPECT_EQ(batch.groups[0].sequences[1].loss_mask, (std::vector<std::uint8_t>{1, 1}));
}

TEST(MakeTrainBatch, WhatWasClippedIsNotedWhereItWasSampled) {
  std::vector<Group> groups = {group({1, 1}), group({1, kUndecided, 0}), group({0, 1})};
  const LossOptions options;
  assign_advantages(groups, options);
  const TrainBatch batch = make_train_batch(groups, options, 1.0, 0);
  ASSERT_EQ(batch.groups.size(), 2u);  // the first teaches nothing
  const auto tokens = [&](std::size_t g, std::size_t r) {
    return groups[g].rollouts[r].completion.ids.size();
  };
  const std::vector<std::uint8_t> of_a(tokens(1, 2), 2), of_b(tokens(2, 0), 1);
  note_clipped(batch, {{}, {{0, 1, of_a}, {1, 0, of_b}}}, groups);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (std::size_t r = 0; r < groups[g].rollouts.size(); ++r) {
      const auto& clipped = groups[g].rollouts[r].clipped;
      if (g == 1 && r == 2) {
        EXPECT_EQ(clipped, of_a);
      } else if (g == 2 && r == 0) {
        EXPECT_EQ(clipped, of_b);
      } else {
        EXPECT_TRUE(clipped.empty()) << g << "," << r;
      }
    }
  }
  EXPECT_THROW(note_clipped(batch, {{}, {{0, 1, std::vector<std::uint8_t>(1)}}}, groups), BrokenInvariant);
}

TEST(MakeTrainBatch, NeedsALogprobForEachToken) {
  std::vector<Group> groups = {group({1, 0})};
  groups[0].rollouts[1].completion.logprobs.pop_back();
  EXPECT_THROW(make_train_batch(groups, LossOptions{}, 1.0, 0), BrokenInvariant);
}

}  // namespace
}  // namespace hone
