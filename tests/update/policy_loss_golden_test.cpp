// The losses on tensors against TRL's own numbers, and against the scalar oracle where TRL has none.
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "hone/base/json.h"
#include "hone/base/rng.h"
#include "hone/rl/reference_loss.h"
#include "hone/update/policy_loss.h"
#include "support/golden.h"

namespace hone {
namespace {

const std::map<std::string, LossType> kTypes = {{"grpo", LossType::kGrpo},      {"bnpo", LossType::kBnpo},
                                                {"dr_grpo", LossType::kDrGrpo}, {"dapo", LossType::kDapo},
                                                {"cispo", LossType::kCispo},    {"sapo", LossType::kSapo},
                                                {"gspo", LossType::kGspo},      {"rloo", LossType::kRloo}};

template <class T>
at::Tensor flat(const std::vector<std::vector<T>>& rows, at::ScalarType type) {
  std::vector<double> all;
  for (const auto& row : rows) all.insert(all.end(), row.begin(), row.end());
  auto tensor = at::empty({static_cast<std::int64_t>(all.size())}, at::kDouble);
  std::copy(all.begin(), all.end(), tensor.data_ptr<double>());
  return tensor.to(type);
}

// Sequences [begin, end) of the input as tensors.
LossTokens tokens_of(const LossInput& in, std::size_t begin, std::size_t end, at::ScalarType type) {
  const auto part = [&](const auto& rows) {
    using Rows = std::decay_t<decltype(rows)>;
    return Rows(rows.begin() + static_cast<std::ptrdiff_t>(begin),
                rows.begin() + static_cast<std::ptrdiff_t>(end));
  };
  LossTokens t;
  t.logprobs_N = flat(part(in.logprobs), type);
  t.old_logprobs_N = flat(part(in.old_logprobs), type);
  if (!in.ref_logprobs.empty()) t.ref_logprobs_N = flat(part(in.ref_logprobs), type);
  t.mask_N = flat(part(in.mask), type);
  t.advantages_S = flat(std::vector<std::vector<double>>{part(in.advantages)}, type);
  std::vector<std::vector<double>> sequence;
  for (std::size_t b = begin; b < end; ++b) {
    sequence.emplace_back(in.logprobs[b].size(), static_cast<double>(b - begin));
  }
  t.sequence_N = flat(sequence, at::kLong);
  return t;
}

// The loss and its gradients, in `parts` microbatches of about the same size.
LossOutput tensor_loss(const LossInput& in, const LossOptions& options, at::ScalarType type,
                       std::size_t parts = 1) {
  LossScale scale;
  scale.sequences = static_cast<std::int64_t>(in.logprobs.size());
  for (const auto& row : in.mask) scale.tokens += std::count(row.begin(), row.end(), 1);
  scale.max_completion_length = in.max_completion_length;
  LossOutput out;
  for (std::size_t k = 0; k < parts; ++k) {
    const std::size_t begin = in.logprobs.size() * k / parts, end = in.logprobs.size() * (k + 1) / parts;
    LossTokens t = tokens_of(in, begin, end, type);
    t.logprobs_N.set_requires_grad(true);
    const at::Tensor loss = policy_loss(t, scale, options);
    loss.backward();
    out.loss += loss.item().toDouble();
    const auto grad = t.logprobs_N.grad().to(at::kDouble);
    const double* g = grad.data_ptr<double>();
    for (std::size_t b = begin; b < end; ++b) {
      out.grad.emplace_back(g, g + in.logprobs[b].size());
      g += in.logprobs[b].size();
    }
  }
  return out;
}

void expect_near(const LossOutput& got, const LossOutput& expected, double tolerance) {
  EXPECT_NEAR(got.loss, expected.loss, tolerance);
  ASSERT_EQ(got.grad.size(), expected.grad.size());
  for (std::size_t b = 0; b < expected.grad.size(); ++b) {
    ASSERT_EQ(got.grad[b].size(), expected.grad[b].size());
    for (std::size_t t = 0; t < expected.grad[b].size(); ++t) {
      EXPECT_NEAR(got.grad[b][t], expected.grad[b][t], tolerance) << b << "," << t;
    }
  }
}

TEST(PolicyLoss, EqualsTrl) {
  using Rows = std::vector<std::vector<double>>;
  int cases = 0;
  for (const auto& folder : testing::golden_folders("loss")) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() != ".json") continue;
      const auto json = read_json(entry.path());
      ASSERT_TRUE(json.ok()) << json.error().message();
      for (const Json& c : json->at("cases")) {
        SCOPED_TRACE(entry.path().string() + ": case " + std::to_string(cases++) + " " +
                     c.at("loss_type").get<std::string>() + " " +
                     c.at("importance_sampling_level").get<std::string>());
        LossOptions options;
        options.type = kTypes.at(c.at("loss_type"));
        if (c.at("importance_sampling_level") == "sequence") options.ratio_level = RatioLevel::kSequence;
        options.clip_low = c.at("epsilon_low");
        options.clip_high = c.at("epsilon_high");
        options.delta = c.at("delta").is_null() ? 0.0 : c.at("delta").get<double>();
        options.beta = c.at("beta");
        const LossInput in{c.at("logps").get<Rows>(),
                           c.at("old_logps").get<Rows>(),
                           c.at("ref_logps").get<Rows>(),
                           c.at("mask").get<std::vector<std::vector<int>>>(),
                           c.at("advantages").get<std::vector<double>>(),
                           c.at("max_completion_length")};
        const LossOutput expected{c.at("loss"), c.at("grad").get<Rows>()};
        expect_near(tensor_loss(in, options, at::kDouble), expected, 1e-9);
        expect_near(tensor_loss(in, options, at::kFloat), expected, 1e-5);
      }
    }
  }
  EXPECT_GE(cases, 96) << "the golden losses are missing";
}

// Ragged sequences, a hole in one mask, one sequence without any token, ratios on both sides of every clip.
LossInput random_input(std::uint64_t seed) {
  RandomStream random({.seed = seed, .problem = 4});
  LossInput in;
  for (const std::size_t length : {5, 1, 7, 3, 2, 6}) {
    std::vector<double> logprobs, old, ref;
    for (std::size_t t = 0; t < length; ++t) {
      logprobs.push_back(-2.0 * random.uniform());
      old.push_back(logprobs.back() + 0.6 * random.normal());
      ref.push_back(logprobs.back() + 0.6 * random.normal());
    }
    in.logprobs.push_back(logprobs);
    in.old_logprobs.push_back(old);
    in.ref_logprobs.push_back(ref);
    in.mask.emplace_back(length, length == 2 ? 0 : 1);
    in.advantages.push_back(2.0 * random.normal());
  }
  in.mask[2][1] = 0;
  in.max_completion_length = 9;
  return in;
}

// Every loss, with each of the options that TRL's file does not vary.
template <class Body>
void for_each_option(const Body& body) {
  for (const auto& [name, type] : kTypes) {
    for (const RatioLevel level : {RatioLevel::kToken, RatioLevel::kSequence}) {
      for (const KlEstimator kl : {KlEstimator::kK1, KlEstimator::kK2, KlEstimator::kK3}) {
        for (const double dual : {0.0, 1.1, 3.0}) {
          for (const double delta : {0.0, 1.4}) {
            LossOptions options;
            options.type = type;
            options.ratio_level = level;
            options.kl = kl;
            options.beta = 0.07;
            options.dual_clip = dual;
            options.delta = delta;
            options.clip_high = type == LossType::kCispo ? 1.3 : 0.28;
            SCOPED_TRACE(fmt::format("{} level {} kl {} dual {} delta {}", name, static_cast<int>(level),
                                     static_cast<int>(kl), dual, delta));
            body(options);
          }
        }
      }
    }
  }
}

TEST(PolicyLoss, EqualsTheOracle) {
  for_each_option([](const LossOptions& options) {
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      const LossInput in = random_input(seed);
      const LossOutput expected = reference_loss(in, options);
      expect_near(tensor_loss(in, options, at::kDouble), expected, 1e-9);
      expect_near(tensor_loss(in, options, at::kFloat), expected, 1e-5);
    }
  });
}

TEST(PolicyLoss, PartsAddUpToTheWhole) {
  for_each_option([](const LossOptions& options) {
    const LossInput in = random_input(7);
    for (const std::size_t parts : {2, 6}) {
      expect_near(tensor_loss(in, options, at::kDouble, parts), reference_loss(in, options), 1e-9);
    }
  });
}

TEST(PolicyLoss, KlInTheRewardIsNotInTheLoss) {
  const LossInput in = random_input(1);
  LossOptions options;
  options.beta = 0.0;
  const LossOutput without = tensor_loss(in, options, at::kDouble);
  options.beta = 0.5;
  EXPECT_GT(std::abs(tensor_loss(in, options, at::kDouble).loss - without.loss), 1e-3);
  options.kl_place = KlPlace::kReward;
  expect_near(tensor_loss(in, options, at::kDouble), without, 0.0);
}

TEST(PolicyLoss, EntropyBonusIsAveragedAsTheLossIs) {
  const LossInput in = random_input(2);
  LossScale scale{6, 0, 9};
  for (const auto& row : in.mask) scale.tokens += std::count(row.begin(), row.end(), 1);
  LossTokens t = tokens_of(in, 0, 6, at::kDouble);
  LossOptions options;
  const double plain = policy_loss(t, scale, options).item().toDouble();
  options.entropy_bonus = 0.25;
  EXPECT_EQ(policy_loss(t, scale, options).item().toDouble(), plain) << "no entropies were given";
  t.entropy_N = t.logprobs_N.neg().detach();
  options.entropy_bonus = 0.0;
  EXPECT_EQ(policy_loss(t, scale, options).item().toDouble(), plain) << "the bonus is off";
  options.entropy_bonus = 0.25;
  double mean = 0.0;
  for (std::size_t b = 0; b < 6; ++b) {
    for (std::size_t i = 0; i < in.mask[b].size(); ++i) {
      if (in.mask[b][i] != 0) mean -= in.logprobs[b][i] / static_cast<double>(scale.tokens);
    }
  }
  EXPECT_NEAR(policy_loss(t, scale, options).item().toDouble(), plain - 0.25 * mean, 1e-12);
  t.entropy_N.set_requires_grad(true);
  policy_loss(t, scale, options).backward();
  EXPECT_NEAR(t.entropy_N.grad().data_ptr<double>()[0], -0.25 / static_cast<double>(scale.tokens), 1e-12);
}

TEST(PolicyLoss, WhatIsMaskedNeverMatters) {
  for_each_option([](const LossOptions& options) {
    LossInput in = random_input(5);
    const LossOutput before = tensor_loss(in, options, at::kFloat);
    in.old_logprobs[2][1] = -500.0;  // a ratio beyond floats
    in.ref_logprobs[2][1] = 500.0;
    in.logprobs[4][0] = -std::numeric_limits<double>::infinity();
    expect_near(tensor_loss(in, options, at::kFloat), before, 0.0);
  });
}

TEST(PolicyLoss, StatisticsCountClippedTokens) {
  LossInput in;
  const auto at_ratio = [](double r) { return -1.0 - std::log(r); };
  in.logprobs = {{-1.0, -1.0, -1.0, -1.0}, {-1.0, -1.0, -1.0}};
  in.old_logprobs = {{at_ratio(1.5), at_ratio(0.5), at_ratio(1.1), at_ratio(9.0)},
                     {at_ratio(1.5), at_ratio(0.5), at_ratio(0.7)}};
  in.ref_logprobs = {{-1.5, -1.0, -1.0, -1.0}, {-1.0, -1.0, -1.0}};
  in.mask = {{1, 1, 1, 0}, {1, 1, 1}};
  in.advantages = {1.0, -1.0};
  LossOptions options;
  const LossTokens t = tokens_of(in, 0, 2, at::kDouble);
  const LossStatistics s = loss_statistics(t, options);
  EXPECT_EQ(s.tokens, 6.0);
  EXPECT_EQ(s.clipped_high, 1.0);  // 1.5 where A > 0
  EXPECT_EQ(s.clipped_low, 2.0);   // 0.5 and 0.7 where A < 0
  const auto which = [](const at::Tensor& clipped_N) {
    std::vector<int> all;
    for (std::int64_t i = 0; i < clipped_N.numel(); ++i) all.push_back(clipped_N.data_ptr<bool>()[i] ? 1 : 0);
    return all;
  };
  EXPECT_EQ(which(s.clipped_N), (std::vector<int>{1, 0, 0, 0, 0, 1, 1})) << "the masked 9 is none of them";
  EXPECT_NEAR(s.ratio_min, 0.5, 1e-12);
  EXPECT_NEAR(s.ratio_max, 1.5, 1e-12) << "the masked 9 counts nowhere";
  EXPECT_NEAR(s.ratio_sum, 1.5 + 0.5 + 1.1 + 1.5 + 0.5 + 0.7, 1e-12);
  EXPECT_NEAR(s.difference_max, std::log(2.0), 1e-12);
  EXPECT_NEAR(s.difference_sum, 2 * std::log(1.5) + 2 * std::log(2.0) + std::log(1.1) - std::log(0.7), 1e-12);
  EXPECT_NEAR(s.kl, std::exp(-0.5) + 0.5 - 1.0, 1e-12);
  options.type = LossType::kCispo;
  options.clip_high = 1.2;  // of the ratio itself
  EXPECT_EQ(loss_statistics(t, options).clipped_high, 1.0);
  EXPECT_EQ(loss_statistics(t, options).clipped_low, 0.0) << "cispo has no low clip";
  EXPECT_EQ(which(loss_statistics(t, options).clipped_N), (std::vector<int>{1, 0, 0, 0, 0, 0, 0}));
  options.type = LossType::kSapo;
  EXPECT_EQ(loss_statistics(t, options).clipped_high, 0.0) << "sapo clips nothing";
  EXPECT_FALSE(loss_statistics(t, options).clipped_N.defined());
}

TEST(PolicyLoss, SupervisedIsTheMeanOverTokens) {
  LossInput in;
  in.logprobs = {{-1.0, -2.0}, {-4.0}};
  in.old_logprobs = {{0.0, 0.0}, {0.0}};
  in.mask = {{1, 0}, {1}};
  in.advantages = {0.0, 0.0};
  LossTokens t = tokens_of(in, 0, 2, at::kDouble);
  t.logprobs_N.set_requires_grad(true);
  const auto loss = supervised_loss(t, {2, 2, 0});
  loss.backward();
  EXPECT_NEAR(loss.item().toDouble(), 2.5, 1e-12);
  const double* g = t.logprobs_N.grad().data_ptr<double>();
  EXPECT_EQ(g[0], -0.5);
  EXPECT_EQ(g[1], 0.0);
  EXPECT_EQ(g[2], -0.5);
}

}  // namespace
}  // namespace hone
