// The learner over a tiny policy: what one update does.
#include "hone/update/learner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "hone/base/check.h"
#include "hone/base/threads.h"
#include "update/update_helpers.h"

namespace hone {
namespace {

using testing::every_sequence;
using testing::learner_options;
using testing::metrics_of_update;
using testing::own_logprobs;
using testing::random_batch;
using testing::record_logprobs;
using testing::relative_distance;
using testing::same_bits;
using testing::tiny_policy;
using testing::weights;

Metrics update(PolicyLearner& learner, const TrainBatch& batch) {
  auto metrics = metrics_of_update(learner, batch);
  EXPECT_TRUE(metrics.ok()) << metrics.error().message();
  return metrics.ok() ? *metrics : Metrics();
}

TEST(Learner, FirstPassRepeatsSamplingToTheBit) {
  for (const double temperature : {1.0, 0.7, 0.0}) {
    for (const bool kept : {false, true}) {
      for (const std::int64_t sequences : {0, 1, 3}) {
        Policy policy = tiny_policy();
        LearnerOptions options = learner_options();
        options.microbatch.sequences = sequences;
        PolicyLearner learner(policy, options);
        const auto batch = random_batch(policy, 1, {.temperature = temperature, .kept = kept});
        const Metrics m = update(learner, batch);
        EXPECT_EQ(m.at("sampling/sampling_logp_difference/max"), 0.0) << temperature << kept << sequences;
        EXPECT_EQ(m.at("sampling/importance_sampling_ratio/min"), 1.0);
        EXPECT_EQ(m.at("sampling/importance_sampling_ratio/max"), 1.0);
        EXPECT_EQ(m.at("clip_ratio/region_mean"), 0.0);
      }
    }
  }
}

// Three passes over one batch with narrow clips: the first clips nothing, the others what the metrics count,
// whatever the microbatches.
TEST(Learner, TellsWhichTokensWereClipped) {
  std::optional<std::vector<UpdateReport::Clipped>> whole;
  for (const std::int64_t sequences : {0, 1, 3}) {
    Policy policy = tiny_policy();
    LearnerOptions options = learner_options();
    options.inner_epochs = 3;
    options.loss.clip_low = options.loss.clip_high = 1e-3;
    options.microbatch.sequences = sequences;
    PolicyLearner learner(policy, options);
    const TrainBatch batch = random_batch(policy, 2);
    const auto report = learner.update(batch);
    ASSERT_TRUE(report.ok()) << report.error().message();
    double low = 0, high = 0, tokens = 0;
    int twice = 0;
    for (const SequenceRef& item : every_sequence(batch)) {
      const auto& mask = batch.groups[item.group].sequences[item.sequence].loss_mask;
      tokens += 3.0 * static_cast<double>(std::count(mask.begin(), mask.end(), 1));
    }
    for (const auto& clipped : report->clipped) {
      const TrainSequence& sequence = batch.groups[clipped.group].sequences[clipped.sequence];
      ASSERT_EQ(clipped.passes.size(), sequence.completion.size());
      for (std::size_t t = 0; t < clipped.passes.size(); ++t) {
        (sequence.advantage < 0 ? low : high) += clipped.passes[t];
        EXPECT_LE(clipped.passes[t], 2) << "the first pass is on policy";
        EXPECT_LE(clipped.passes[t], 2 * sequence.loss_mask[t]) << "masked";
        twice += clipped.passes[t] == 2 ? 1 : 0;
      }
    }
    EXPECT_GT(low, 0);
    EXPECT_GT(high, 0);
    EXPECT_GT(twice, 0);
    EXPECT_NEAR(low / tokens, report->metrics.at("clip_ratio/low_mean"), 1e-12);
    EXPECT_NEAR(high / tokens, report->metrics.at("clip_ratio/high_mean"), 1e-12);
    if (!whole) {
      whole = report->clipped;
      continue;
    }
    ASSERT_EQ(report->clipped.size(), whole->size());
    for (std::size_t i = 0; i < whole->size(); ++i) {
      EXPECT_EQ(report->clipped[i].group, (*whole)[i].group);
      EXPECT_EQ(report->clipped[i].sequence, (*whole)[i].sequence);
      EXPECT_EQ(report->clipped[i].passes, (*whole)[i].passes);
    }
  }
}

TEST(Learner, AnAdvantageMovesItsSequence) {
  Policy policy = tiny_policy();
  PolicyLearner learner(policy, learner_options());
  TrainBatch batch = random_batch(policy, 2);
  const auto sum = [&](SequenceRef item) {
    double total = 0.0;
    const auto logprobs = own_logprobs(policy, batch, item);
    const auto& mask = batch.groups[item.group].sequences[item.sequence].loss_mask;
    for (std::size_t t = 0; t < logprobs.size(); ++t) total += mask[t] != 0 ? logprobs[t] : 0.0;
    return total;
  };
  std::vector<double> before;
  const auto items = every_sequence(batch);
  for (const auto& item : items) before.push_back(sum(item));
  const Metrics m = update(learner, batch);
  EXPECT_EQ(learner.policy_version(), 1);
  EXPECT_EQ(m.at("learning_rate"), 1e-3);
  EXPECT_GT(m.at("grad_norm"), 0.0);
  EXPECT_GT(m.at("entropy"), 0.5);
  EXPECT_FALSE(m.contains("kl")) << "no reference";
  double gained = 0.0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    gained +=
        batch.groups[items[i].group].sequences[items[i].sequence].advantage * (sum(items[i]) - before[i]);
  }
  EXPECT_GT(gained, 0.0);
}

// Three steps, each on the policy's own logprobs. Returns the weights and the losses.
std::pair<std::vector<float>, std::vector<double>> train_three(const LearnerOptions& options,
                                                               int longer_prompts = 0) {
  Policy policy = tiny_policy();
  PolicyLearner learner(policy, options);
  std::vector<double> losses;
  for (std::uint64_t step = 0; step < 3; ++step) {
    // 3 groups of 4: runs of 8 and of 5 cut groups apart.
    TrainBatch batch = random_batch(policy, step, {.groups = longer_prompts > 0 ? 20 : 3, .sequences = 4});
    for (TrainGroup& group : batch.groups)
      for (int i = 0; i < longer_prompts; ++i)
        group.prompt.push_back(2 + (i * 7 + static_cast<int>(step)) % 46);
    if (longer_prompts > 0) record_logprobs(policy, batch);
    losses.push_back(update(learner, batch)["loss"]);
  }
  return {weights(policy), losses};
}

TEST(Learner, MicrobatchesAndThreadsChangeNoBit) {
  for (const LossType type : {LossType::kDapo, LossType::kGrpo, LossType::kGspo, LossType::kDrGrpo}) {
    LearnerOptions options = learner_options();
    options.loss.type = type;
    options.loss.entropy_bonus = 0.01;
    options.loss.beta = 0.02;
    const auto [whole, losses] = train_three(options);
    ASSERT_GT(relative_distance(whole, weights(tiny_policy())), 1e-3) << "it learned something";
    const MicrobatchLimits limits[] = {{1, 8192}, {2, 8192}, {5, 8192}, {8, 8192}, {0, 1}, {0, 20}, {0, 45}};
    for (const auto& limit : limits) {
      options.microbatch = limit;
      const int threads_before = thread_count();
      set_thread_count(limit.sequences % 2 == 1 ? 1 : 2);
      const auto [cut, cut_losses] = train_three(options);
      set_thread_count(threads_before);
      EXPECT_TRUE(same_bits(cut, whole)) << limit.sequences << " " << limit.tokens;
      for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(cut_losses[i], losses[i], 1e-6);
    }
  }
}

// Prompts that fill more than one bundle.
TEST(Learner, MicrobatchesChangeNoBitAcrossBundles) {
  LearnerOptions options = learner_options();
  const auto [whole, losses] = train_three(options, 35);
  for (const MicrobatchLimits& limit : {MicrobatchLimits{1, 8192}, {3, 8192}, {0, 100}}) {
    options.microbatch = limit;
    EXPECT_TRUE(same_bits(train_three(options, 35).first, whole)) << limit.sequences << " " << limit.tokens;
  }
}

// Two runs of two steps: silent groups present with advantage 0, and left out but counted.
TEST(Learner, SilentSequencesCountWhereverTheyAre) {
  for (const LossType type : {LossType::kDapo, LossType::kGrpo, LossType::kDrGrpo, LossType::kBnpo,
                              LossType::kCispo, LossType::kSapo, LossType::kGspo, LossType::kRloo}) {
    LearnerOptions options = learner_options();
    options.loss.type = type;
    std::vector<float> end[2];
    double loss[2];
    for (const bool left_out : {false, true}) {
      Policy policy = tiny_policy();
      PolicyLearner learner(policy, options);
      for (std::uint64_t step = 0; step < 3; ++step) {
        TrainBatch batch = random_batch(policy, step);
        const std::size_t first = step == 1 ? 0 : 2;  // the second step has nothing but silent groups
        for (std::size_t g = first; g < 4; ++g) {
          for (TrainSequence& s : batch.groups[g].sequences) {
            s.advantage = 0.0;
            s.loss_mask.assign(s.loss_mask.size(), 1);
            if (!left_out) continue;
            ++batch.silent_sequences;
            batch.silent_tokens += static_cast<std::int64_t>(s.completion.size());
          }
        }
        if (left_out) batch.groups.resize(first);
        const double got = update(learner, batch)["loss"];
        if (step == 0) loss[left_out] = got;
      }
      EXPECT_EQ(learner.policy_version(), 3);
      end[left_out] = weights(policy);
    }
    EXPECT_NEAR(loss[1], loss[0], 1e-6) << static_cast<int>(type);
    EXPECT_LT(relative_distance(end[1], end[0]), 1e-6) << static_cast<int>(type);
  }
}

TEST(Learner, ABatchWithoutAnythingDecidedDoesNothing) {
  Policy policy = tiny_policy();
  LearnerOptions options = learner_options();
  options.policy_version = 7;
  PolicyLearner learner(policy, options);
  const auto before = weights(policy);
  const Metrics m = update(learner, {});
  EXPECT_TRUE(same_bits(weights(policy), before));
  EXPECT_EQ(learner.policy_version(), 7);
  EXPECT_EQ(m.at("learning_rate"), 1e-3) << "the rate in force, not 0";
}

TEST(Learner, EpochsAndMinibatchesAreOptimizerSteps) {
  Policy policy = tiny_policy();
  LearnerOptions options = learner_options();
  options.inner_epochs = 2;
  options.minibatches = 3;
  options.optimizer.schedule = "linear";
  options.total_steps = 12;
  PolicyLearner learner(policy, options);
  const TrainBatch batch = random_batch(policy, 4, {.groups = 6});
  Metrics m = update(learner, batch);
  EXPECT_EQ(learner.policy_version(), 6);
  EXPECT_NEAR(m.at("learning_rate"), 1e-3 * 7 / 12, 1e-12) << "of the last step";
  EXPECT_GT(m.at("sampling/importance_sampling_ratio/max"), 1.0) << "later passes are off-policy";
  // Fewer groups than minibatches, and silent ones alone: the schedule keeps its pace.
  TrainBatch small = random_batch(policy, 5, {.groups = 1, .sequences = 2});
  update(learner, small);
  EXPECT_EQ(learner.policy_version(), 12);
  TrainBatch silent;
  silent.silent_sequences = 2;
  silent.silent_tokens = 9;
  update(learner, silent);
  EXPECT_EQ(learner.policy_version(), 18);
}

// The first of two minibatches is the first half of the groups, with its part of what is silent.
TEST(Learner, MinibatchesTakeWholeGroups) {
  LearnerOptions options = learner_options();
  options.minibatches = 2;
  options.optimizer.learning_rate = 0.0;  // so that the second half stays on-policy
  Policy policy = tiny_policy();
  TrainBatch batch = random_batch(policy, 6, {.groups = 3, .sequences = 3});
  batch.silent_sequences = 3;
  batch.silent_tokens = 7;
  PolicyLearner whole(policy, options);
  const Metrics m = update(whole, batch);
  EXPECT_EQ(whole.policy_version(), 2);
  options.minibatches = 1;
  PolicyLearner halves(policy, options);
  double loss = 0.0;
  for (const bool second : {false, true}) {
    TrainBatch part;
    part.silent_sequences = second ? 2 : 1;
    part.silent_tokens = second ? 4 : 3;
    part.groups.assign(batch.groups.begin() + (second ? 1 : 0), batch.groups.end() - (second ? 0 : 2));
    loss += update(halves, part)["loss"] / 2.0;
  }
  EXPECT_NEAR(m.at("loss"), loss, 1e-7);
}

TEST(Learner, GradientsAreClippedByTheirNorm) {
  for (const double limit : {0.0, 0.05, 100.0}) {
    Policy policy = tiny_policy(), twin = tiny_policy();
    LearnerOptions options = learner_options();
    options.optimizer.max_grad_norm = limit;
    options.optimizer.epsilon = 1.0;  // so that the update knows the gradient's size
    PolicyLearner learner(policy, options);
    const Metrics m = update(learner, random_batch(policy, 8));
    const double norm = m.at("grad_norm");
    ASSERT_GT(norm, 0.1) << "reported before clipping";
    const double scale = limit > 0.0 && norm > limit ? limit / (norm + 1e-6) : 1.0;
    twin.require_gradients(true);
    AdamW expected(twin.parameters(), options.optimizer);
    for (std::size_t i = 0; i < twin.parameters().size(); ++i) {
      twin.parameters()[i].value.mutable_grad() = policy.parameters()[i].value.grad().clone();
    }
    expected.step(1e-3, scale);
    EXPECT_TRUE(same_bits(weights(policy), weights(twin))) << limit;
  }
}

TEST(Learner, SupervisedLossIsOfCompletionsOnly) {
  Policy policy = tiny_policy();
  LearnerOptions options = learner_options();
  options.supervised = true;
  options.optimizer.learning_rate = 1e-2;
  PolicyLearner learner(policy, options);
  TrainBatch batch = random_batch(policy, 9, {.groups = 5, .sequences = 1});
  double sum = 0.0, tokens = 0.0;
  for (TrainGroup& group : batch.groups) {
    TrainSequence& s = group.sequences[0];
    for (std::size_t t = 0; t < s.completion.size(); ++t) {
      if (s.loss_mask[t] == 0) continue;
      sum -= s.old_logprobs[t];
      tokens += 1.0;
    }
    s.old_logprobs.clear();
  }
  Metrics m = update(learner, batch);
  EXPECT_NEAR(m.at("loss"), sum / tokens, 1e-6);
  EXPECT_FALSE(m.contains("clip_ratio/low_mean"));
  for (int i = 0; i < 30; ++i) m = update(learner, batch);
  EXPECT_LT(m.at("loss"), 0.5 * sum / tokens);
}

TEST(Learner, SupervisedMicrobatchesChangeNothing) {
  std::vector<float> whole;
  for (const std::int64_t tokens : {8192, 25, 1}) {
    Policy policy = tiny_policy();
    LearnerOptions options = learner_options();
    options.supervised = true;
    options.microbatch.tokens = tokens;
    PolicyLearner learner(policy, options);
    for (std::uint64_t step = 0; step < 3; ++step) {
      update(learner, random_batch(policy, step, {.groups = 6, .sequences = 1}));
    }
    if (whole.empty()) whole = weights(policy);
    EXPECT_TRUE(same_bits(weights(policy), whole)) << tokens;
  }
}

TEST(Learner, HalfPrecisionLearns) {
  Policy policy = tiny_policy(3, "bfloat16");
  LearnerOptions options = learner_options();
  options.supervised = true;
  options.optimizer.learning_rate = 1e-2;
  PolicyLearner learner(policy, options);
  Policy full = tiny_policy();
  const TrainBatch batch = random_batch(full, 9, {.groups = 5, .sequences = 1});
  const double first = update(learner, batch)["loss"];
  Metrics m;
  for (int i = 0; i < 20; ++i) m = update(learner, batch);
  EXPECT_LT(m.at("loss"), 0.6 * first);
}

}  // namespace
}  // namespace hone
