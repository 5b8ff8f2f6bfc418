// Step records for the store's tests, and equality to the bit.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "hone/types/step_record.h"

namespace hone::testing {

template <class T>
bool same_bits(const T& a, const T& b) {
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}
template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

inline void expect_same(const Rollout& a, const Rollout& b) {
  EXPECT_TRUE(same_bits(a.completion.ids, b.completion.ids));
  EXPECT_TRUE(same_bits(a.completion.logprobs, b.completion.logprobs));
  EXPECT_TRUE(same_bits(a.completion.entropies, b.completion.entropies));
  EXPECT_TRUE(same_bits(a.clipped, b.clipped));
  EXPECT_TRUE(same_bits(a.completion.kept.ids, b.completion.kept.ids));
  EXPECT_TRUE(same_bits(a.completion.kept.offsets, b.completion.kept.offsets));
  EXPECT_EQ(a.completion.text, b.completion.text);
  EXPECT_EQ(a.completion.finish, b.completion.finish);
  EXPECT_EQ(a.completion.policy_version, b.completion.policy_version);
  EXPECT_TRUE(same_bits(a.advantage, b.advantage));
  EXPECT_EQ(a.reward.correct, b.reward.correct);
  ASSERT_EQ(a.reward.total.has_value(), b.reward.total.has_value());
  if (a.reward.total) {
    EXPECT_TRUE(same_bits(*a.reward.total, *b.reward.total));
  }
  ASSERT_EQ(a.reward.parts.size(), b.reward.parts.size());
  for (std::size_t i = 0; i < a.reward.parts.size(); ++i) {
    const RewardPart &x = a.reward.parts[i], &y = b.reward.parts[i];
    EXPECT_EQ(x.verifier, y.verifier);
    EXPECT_TRUE(same_bits(x.weight, y.weight));
    EXPECT_EQ(x.verdict.status, y.verdict.status);
    EXPECT_TRUE(same_bits(x.verdict.score, y.verdict.score));
    EXPECT_EQ(x.verdict.detail, y.verdict.detail);
  }
}

inline void expect_same(const StepRecord& a, const StepRecord& b) {
  EXPECT_EQ(a.stage, b.stage);
  EXPECT_EQ(a.step, b.step);
  ASSERT_EQ(a.metrics.size(), b.metrics.size());
  for (const auto& [name, value] : a.metrics) {
    ASSERT_TRUE(b.metrics.contains(name)) << name;
    EXPECT_TRUE(same_bits(value, b.metrics.at(name))) << name;
  }
  ASSERT_EQ(a.groups.size(), b.groups.size());
  for (std::size_t g = 0; g < a.groups.size(); ++g) {
    const Group &x = a.groups[g], &y = b.groups[g];
    EXPECT_EQ(x.problem.id, y.problem.id);
    EXPECT_EQ(x.problem.source, y.problem.source);
    EXPECT_EQ(x.problem.answer, y.problem.answer);
    EXPECT_EQ(x.problem.solution, y.problem.solution);
    EXPECT_EQ(x.problem.fields, y.problem.fields);
    EXPECT_EQ(x.problem.difficulty, y.problem.difficulty);
    ASSERT_EQ(x.problem.messages.size(), y.problem.messages.size());
    for (std::size_t m = 0; m < x.problem.messages.size(); ++m) {
      EXPECT_EQ(x.problem.messages[m].role, y.problem.messages[m].role);
      EXPECT_EQ(x.problem.messages[m].content, y.problem.messages[m].content);
    }
    EXPECT_EQ(x.prompt_text, y.prompt_text);
    EXPECT_TRUE(same_bits(x.prompt_ids, y.prompt_ids));
    ASSERT_EQ(x.rollouts.size(), y.rollouts.size());
    for (std::size_t r = 0; r < x.rollouts.size(); ++r) expect_same(x.rollouts[r], y.rollouts[r]);
  }
}

// A record of random values, with the awkward ones among them: NaN payloads, -0, infinities, empty lists,
// bytes that are no UTF-8, zero bytes.
inline StepRecord random_record(const std::string& stage, std::int64_t step, std::uint64_t seed,
                                int groups = 3) {
  std::mt19937_64 random(seed);
  const auto real = [&] {
    switch (random() % 6) {
      case 0:
        return -0.0;
      case 1:
        return std::bit_cast<double>(0x7ff8000000000000ULL | (random() % 4096));
      case 2:
        return -std::numeric_limits<double>::infinity();
      case 3:
        return static_cast<double>(random() % 100);
      default:
        return std::bit_cast<double>((random() >> 2) | 0x3000000000000000ULL);
    }
  };
  const auto text = [&] {
    std::string out;
    for (std::size_t n = random() % 12; n > 0; --n) out += static_cast<char>(random() % 256);
    return out;
  };
  const auto integers = [&]<class T>(T, std::size_t n) {
    std::vector<T> out;
    for (std::size_t i = 0; i < n; ++i) out.push_back(static_cast<T>(random()));
    return out;
  };
  StepRecord record;
  record.stage = stage;
  record.step = step;
  for (const char* name : {"reward", "loss", "clip_ratio/low_mean", "kl", "grad_norm"})
    record.metrics[name] = real();
  for (int g = 0; g < groups; ++g) {
    Group group;
    group.problem.id = random();
    group.problem.source = "arithmetic:" + std::to_string(random());
    for (std::size_t m = random() % 3; m > 0; --m) group.problem.messages.push_back({text(), text()});
    group.problem.answer = text();
    group.problem.solution = text();
    group.problem.fields = text();
    group.problem.difficulty = static_cast<int>(random());
    group.prompt_text = text();
    group.prompt_ids = integers(std::int32_t{}, random() % 5);
    for (std::size_t r = random() % 4; r > 0; --r) {
      Rollout rollout;
      const std::size_t length = random() % 6;
      rollout.completion.ids = integers(std::int32_t{}, length);
      for (const std::int32_t bits : integers(std::int32_t{}, length)) {
        rollout.completion.logprobs.push_back(std::bit_cast<float>(bits));
        rollout.completion.entropies.push_back(std::bit_cast<float>(bits + 1));
      }
      if (random() % 2 == 0) rollout.clipped = integers(std::uint8_t{}, length);
      if (random() % 2 == 0) {
        rollout.completion.kept.ids = integers(std::int32_t{}, random() % 9);
        rollout.completion.kept.offsets = integers(std::int64_t{}, length + 1);
      }
      rollout.completion.text = text();
      rollout.completion.finish = static_cast<FinishReason>(random() % 3);
      rollout.completion.policy_version = static_cast<std::int64_t>(random());
      if (random() % 3 != 0) rollout.reward.total = real();
      rollout.reward.correct = random() % 2 == 0;
      rollout.advantage = real();
      for (std::size_t p = random() % 3; p > 0; --p) {
        rollout.reward.parts.push_back(
            {text(), real(), {static_cast<VerdictStatus>(random() % 5), real(), text()}});
      }
      group.rollouts.push_back(std::move(rollout));
    }
    record.groups.push_back(std::move(group));
  }
  return record;
}

}  // namespace hone::testing
