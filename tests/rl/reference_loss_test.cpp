#include "hone/rl/reference_loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "hone/base/json.h"
#include "hone/base/rng.h"
#include "support/golden.h"

namespace hone {
namespace {

const std::map<std::string, LossType> kTypes = {{"grpo", LossType::kGrpo},      {"bnpo", LossType::kBnpo},
                                                {"dr_grpo", LossType::kDrGrpo}, {"dapo", LossType::kDapo},
                                                {"cispo", LossType::kCispo},    {"sapo", LossType::kSapo},
                                                {"gspo", LossType::kGspo},      {"rloo", LossType::kRloo}};

std::vector<std::vector<double>> rows(const Json& json) {
  return json.get<std::vector<std::vector<double>>>();
}

struct Case {
  LossInput input;
  LossOptions options;
};

Case golden_case(const Json& json) {
  Case c;
  c.options.type = kTypes.at(json.at("loss_type"));
  const bool sequence = json.at("importance_sampling_level") == "sequence";
  c.options.ratio_level = sequence ? RatioLevel::kSequence : RatioLevel::kToken;
  c.options.clip_low = json.at("epsilon_low");
  c.options.clip_high = json.at("epsilon_high");
  c.options.delta = json.at("delta").is_null() ? 0.0 : json.at("delta").get<double>();
  c.options.beta = json.at("beta");
  c.input.logprobs = rows(json.at("logps"));
  c.input.old_logprobs = rows(json.at("old_logps"));
  c.input.ref_logprobs = rows(json.at("ref_logps"));
  c.input.mask = json.at("mask").get<std::vector<std::vector<int>>>();
  c.input.advantages = json.at("advantages").get<std::vector<double>>();
  c.input.max_completion_length = json.at("max_completion_length");
  return c;
}

TEST(ReferenceLoss, EqualsTrl) {
  int cases = 0, gradients = 0;
  for (const auto& folder : testing::golden_folders("loss")) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() != ".json") continue;
      const auto json = read_json(entry.path());
      ASSERT_TRUE(json.ok()) << json.error().message();
      for (const Json& expected : json->at("cases")) {
        SCOPED_TRACE(entry.path().string() + ": case " + std::to_string(cases++) + " " +
                     expected.at("loss_type").get<std::string>() + " " +
                     expected.at("importance_sampling_level").get<std::string>());
        const Case c = golden_case(expected);
        const LossOutput got = reference_loss(c.input, c.options);
        EXPECT_NEAR(got.loss, expected.at("loss").get<double>(), 1e-9);
        const auto grad = rows(expected.at("grad"));
        ASSERT_EQ(got.grad.size(), grad.size());
        for (std::size_t b = 0; b < grad.size(); ++b) {
          ASSERT_EQ(got.grad[b].size(), grad[b].size());
          for (std::size_t t = 0; t < grad[b].size(); ++t) {
            EXPECT_NEAR(got.grad[b][t], grad[b][t], 1e-9) << b << "," << t;
            gradients += grad[b][t] != 0.0;
          }
        }
      }
    }
  }
  EXPECT_GE(cases, 96) << "the golden losses are missing";
  EXPECT_GT(gradients, 1000) << "the golden gradients are nearly all zero";
}

// Ragged sequences, a hole in one mask, one sequence without any token, ratios on both sides of every clip.
LossInput random_input(std::uint64_t seed) {
  RandomStream random({seed, Purpose::kTest});
  LossInput in;
  const std::size_t lengths[] = {4, 1, 6, 3, 2};
  for (std::size_t b = 0; b < 5; ++b) {
    std::vector<double> logprobs, old, ref;
    for (std::size_t t = 0; t < lengths[b]; ++t) {
      logprobs.push_back(-2.0 * random.uniform());
      old.push_back(logprobs.back() + 0.5 * random.normal());
      ref.push_back(logprobs.back() + 0.5 * random.normal());
    }
    in.logprobs.push_back(logprobs);
    in.old_logprobs.push_back(old);
    in.ref_logprobs.push_back(ref);
    in.mask.emplace_back(lengths[b], b == 4 ? 0 : 1);
    in.advantages.push_back(random.normal());
  }
  in.mask[2][1] = 0;
  in.max_completion_length = 9;
  return in;
}

// Central differences; returns the largest disagreement. With cispo the ratio is held, so it is taken out of
// `old`.
double worst_difference(const LossInput& in, const LossOptions& options) {
  const LossOutput analytic = reference_loss(in, options);
  double worst = 0.0;
  constexpr double kStep = 1e-6;
  for (std::size_t b = 0; b < in.logprobs.size(); ++b) {
    for (std::size_t t = 0; t < in.logprobs[b].size(); ++t) {
      double losses[2];
      for (int side = 0; side < 2; ++side) {
        LossInput moved = in;
        const double h = side == 0 ? kStep : -kStep;
        moved.logprobs[b][t] += h;
        if (options.type == LossType::kCispo) moved.old_logprobs[b][t] += h;
        losses[side] = reference_loss(moved, options).loss;
      }
      const double numeric = (losses[0] - losses[1]) / (2.0 * kStep);
      worst = std::max(worst, std::abs(numeric - analytic.grad[b][t]));
    }
  }
  return worst;
}

TEST(ReferenceLoss, GradientsAreTheLosssOwn) {
  for (const auto& [name, type] : kTypes) {
    for (const RatioLevel level : {RatioLevel::kToken, RatioLevel::kSequence}) {
      for (const KlEstimator kl : {KlEstimator::kK1, KlEstimator::kK2, KlEstimator::kK3}) {
        for (const double bound : {0.0, 1.3}) {
          LossOptions options;
          options.type = type;
          options.ratio_level = level;
          options.kl = kl;
          options.beta = 0.1;
          options.clip_high = type == LossType::kCispo ? 1.2 : 0.28;
          options.delta = bound;
          options.dual_clip = bound;
          for (std::uint64_t seed = 0; seed < 4; ++seed) {
            EXPECT_LT(worst_difference(random_input(seed), options), 1e-7)
                << name << " level " << static_cast<int>(level) << " kl " << static_cast<int>(kl) << " bound "
                << bound << " seed " << seed;
          }
        }
      }
    }
  }
}

// One sequence of one token at a ratio.
LossInput single(double ratio, double advantage) {
  LossInput in;
  in.logprobs = {{-1.0}};
  in.old_logprobs = {{-1.0 - std::log(ratio)}};
  in.ref_logprobs = {{-1.5}};
  in.mask = {{1}};
  in.advantages = {advantage};
  in.max_completion_length = 4;
  return in;
}

LossOptions of(LossType type) {
  LossOptions options;
  options.type = type;
  return options;
}

TEST(ReferenceLoss, ClipsOnTheSideThatGains) {
  const LossOptions options = of(LossType::kGrpo);
  EXPECT_NEAR(reference_loss(single(1.5, 2.0), options).loss, -2.4, 1e-12);
  EXPECT_EQ(reference_loss(single(1.5, 2.0), options).grad[0][0], 0.0);
  EXPECT_NEAR(reference_loss(single(1.5, -2.0), options).loss, 3.0, 1e-12);
  EXPECT_NEAR(reference_loss(single(1.5, -2.0), options).grad[0][0], 3.0, 1e-12);
  EXPECT_NEAR(reference_loss(single(0.5, -2.0), options).loss, 1.6, 1e-12);
  EXPECT_EQ(reference_loss(single(0.5, -2.0), options).grad[0][0], 0.0);
  EXPECT_NEAR(reference_loss(single(1.0, 2.0), options).grad[0][0], -2.0, 1e-12);
}

TEST(ReferenceLoss, DualClipCapsOnlyNegativeAdvantages) {
  LossOptions options = of(LossType::kDapo);
  options.dual_clip = 3.0;
  EXPECT_NEAR(reference_loss(single(5.0, -2.0), options).loss, 6.0, 1e-12);
  EXPECT_EQ(reference_loss(single(5.0, -2.0), options).grad[0][0], 0.0);
  EXPECT_NEAR(reference_loss(single(2.0, -2.0), options).loss, 4.0, 1e-12);
  EXPECT_NEAR(reference_loss(single(2.0, -2.0), options).grad[0][0], 4.0, 1e-12);
  EXPECT_NEAR(reference_loss(single(0.1, 2.0), options).loss, -0.2, 1e-12);
}

TEST(ReferenceLoss, KlEstimators) {
  LossOptions options = of(LossType::kGrpo);
  options.beta = 0.5;
  const double x = -0.5;  // log ref − logπ
  const std::pair<KlEstimator, double> expected[] = {
      {KlEstimator::kK1, 0.5}, {KlEstimator::kK2, 0.125}, {KlEstimator::kK3, std::exp(x) - x - 1.0}};
  for (const auto& [kl, value] : expected) {
    options.kl = kl;
    options.kl_place = KlPlace::kLoss;
    EXPECT_NEAR(reference_loss(single(1.0, 0.0), options).loss, 0.5 * value, 1e-12);
    options.kl_place = KlPlace::kReward;
    LossInput in = single(1.0, 0.0);
    in.ref_logprobs.clear();
    EXPECT_EQ(reference_loss(in, options).loss, 0.0) << "the KL in the reward is not in the loss";
  }
}

TEST(ReferenceLoss, RlooTreatsTheSequenceAsOneAction) {
  LossInput in = single(1.0, 0.0);
  in.logprobs = {{-1.0, -2.0, -9.0}, {-1.0, -1.0, -1.0}};
  in.old_logprobs = {{-1.05, -2.02, -1.0}, {-1.0, -1.0, -1.0}};
  in.ref_logprobs.clear();
  in.mask = {{1, 1, 0}, {1, 1, 1}};
  in.advantages = {2.0, -1.0};
  const LossOutput out = reference_loss(in, of(LossType::kRloo));
  const double ratio = std::exp(0.07);
  EXPECT_NEAR(out.loss, (-2.0 * ratio + 1.0) / 2.0, 1e-12);
  EXPECT_NEAR(out.grad[0][0], -ratio, 1e-12);
  EXPECT_NEAR(out.grad[0][1], -ratio, 1e-12);
  EXPECT_EQ(out.grad[0][2], 0.0);
  EXPECT_NEAR(out.grad[1][2], 0.5, 1e-12);
}

TEST(ReferenceLoss, GspoIsGrpoWithOneRatioASequence) {
  LossOptions gspo = of(LossType::kGspo), grpo = of(LossType::kGrpo);
  grpo.ratio_level = RatioLevel::kSequence;
  const LossInput in = random_input(3);
  const LossOutput a = reference_loss(in, gspo), b = reference_loss(in, grpo);
  EXPECT_EQ(a.loss, b.loss);
  EXPECT_EQ(a.grad, b.grad);
  grpo.ratio_level = RatioLevel::kToken;
  EXPECT_NE(a.loss, reference_loss(in, grpo).loss);
}

TEST(ReferenceLoss, MaskedTokensGetNothing) {
  for (const auto& [name, type] : kTypes) {
    LossOptions options = of(type);
    options.beta = 0.1;
    LossInput in = random_input(5);
    const LossOutput before = reference_loss(in, options);
    EXPECT_EQ(before.grad[2][1], 0.0) << name;
    EXPECT_EQ(before.grad[4], (std::vector<double>{0.0, 0.0})) << name;
    in.logprobs[2][1] = -50.0;
    in.logprobs[4][0] = -50.0;
    EXPECT_EQ(reference_loss(in, options).loss, before.loss) << name;
  }
}

TEST(ReferenceLoss, NoTokenAtAllIsFinite) {
  for (const auto& [name, type] : kTypes) {
    LossInput in = single(1.0, 0.5);
    in.mask = {{0}};
    const LossOutput out = reference_loss(in, of(type));
    EXPECT_TRUE(std::isfinite(out.loss)) << name;
    EXPECT_EQ(out.grad[0][0], 0.0) << name;
  }
}

TEST(ReferenceLoss, ShapesThatDisagreeAreBroken) {
  LossInput in = single(1.0, 1.0);
  in.mask = {{1, 1}};
  EXPECT_THROW(reference_loss(in, of(LossType::kGrpo)), std::logic_error);
  in = single(1.0, 1.0);
  in.advantages.clear();
  EXPECT_THROW(reference_loss(in, of(LossType::kGrpo)), std::logic_error);
  in = single(1.0, 1.0);
  in.ref_logprobs.clear();
  LossOptions options = of(LossType::kGrpo);
  EXPECT_NO_THROW(reference_loss(in, options));
  options.beta = 0.1;
  EXPECT_THROW(reference_loss(in, options), std::logic_error);
}

}  // namespace
}  // namespace hone
