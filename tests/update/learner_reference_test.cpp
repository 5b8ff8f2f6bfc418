// The reference policy: kept, refreshed, charged to the loss or to the reward.
#include <gtest/gtest.h>

#include <cmath>

#include "update/update_helpers.h"

namespace hone {
namespace {

using testing::every_sequence;
using testing::learner_options;
using testing::metrics_of_update;
using testing::own_logprobs;
using testing::random_batch;
using testing::record_logprobs;
using testing::tiny_policy;
using testing::weights;

LearnerOptions with_kl(KlPlace place = KlPlace::kLoss, double beta = 0.1) {
  LearnerOptions o = learner_options();
  o.loss.beta = beta;
  o.loss.kl_place = place;
  return o;
}

// kl as reported by n updates in a row, each on the policy's own logprobs.
std::vector<double> reported_kl(const LearnerOptions& options, int n) {
  Policy policy = tiny_policy();
  PolicyLearner learner(policy, options);
  std::vector<double> kl;
  for (int i = 0; i < n; ++i) {
    const auto m = metrics_of_update(learner, random_batch(policy, static_cast<std::uint64_t>(i)));
    EXPECT_TRUE(m.ok()) << m.error().message();
    kl.push_back(m.ok() ? m->at("kl") : std::nan(""));
  }
  return kl;
}

TEST(Reference, KeptFromTheStart) {
  for (const KlPlace place : {KlPlace::kLoss, KlPlace::kReward}) {
    const auto kl = reported_kl(with_kl(place), 4);
    EXPECT_EQ(kl[0], 0.0) << "policy and reference are one";
    for (std::size_t i = 1; i < 4; ++i) EXPECT_GT(kl[i], 1e-6) << i;
  }
}

TEST(Reference, RefreshedEveryNOptimizerSteps) {
  LearnerOptions options = with_kl();
  options.loss.reference_every = 2;
  auto kl = reported_kl(options, 6);
  for (const std::size_t i : {0, 2, 4}) EXPECT_EQ(kl[i], 0.0) << i;
  for (const std::size_t i : {1, 3, 5}) EXPECT_GT(kl[i], 1e-6) << i;
  // Three steps a call: 3, 6, 9, 12. Multiples of 4 are passed in the second and reached in the fourth.
  options.minibatches = 3;
  options.loss.reference_every = 4;
  kl = reported_kl(options, 4);
  EXPECT_GT(kl[1], kl[0]);
  EXPECT_LT(kl[2], kl[1]) << "refreshed at the end of the second call";
}

TEST(Reference, TheReportedKlIsK3OfItsTokens) {
  Policy policy = tiny_policy();
  Policy reference = policy.clone();
  for (const KlPlace place : {KlPlace::kLoss, KlPlace::kReward}) {
    Policy trained = policy.clone();
    PolicyLearner learner(trained, with_kl(place));
    ASSERT_TRUE(learner.update(random_batch(trained, 1)).ok());
    const TrainBatch batch = random_batch(trained, 2);
    double sum = 0.0, tokens = 0.0;
    for (const SequenceRef& item : every_sequence(batch)) {
      const TrainSequence& s = batch.groups[item.group].sequences[item.sequence];
      const auto ref = own_logprobs(reference, batch, item);
      for (std::size_t t = 0; t < ref.size(); ++t) {
        if (s.loss_mask[t] == 0) continue;
        const double x = static_cast<double>(ref[t]) - s.old_logprobs[t];
        sum += std::exp(x) - x - 1.0;
        tokens += 1.0;
      }
    }
    const auto m = metrics_of_update(learner, batch);
    ASSERT_TRUE(m.ok());
    EXPECT_NEAR(m->at("kl"), sum / tokens, 1e-6);
  }
}

// KL in the reward is an update without KL on advantages that paid for it.
TEST(Reference, KlInTheReward) {
  for (const LossType type : {LossType::kDapo, LossType::kRloo}) {
    for (const KlEstimator kl : {KlEstimator::kK1, KlEstimator::kK2, KlEstimator::kK3}) {
      LearnerOptions options = with_kl(KlPlace::kReward, 0.8);
      options.loss.kl = kl;
      options.loss.type = type;
      Policy policy = tiny_policy();
      Policy reference = policy.clone();
      PolicyLearner learner(policy, options);
      ASSERT_TRUE(learner.update(random_batch(policy, 1)).ok());
      TrainBatch batch = random_batch(policy, 2);
      const std::vector<float> start = weights(policy);

      // The same by hand, on a twin whose state is the learner's.
      Policy twin = policy.clone();
      LearnerOptions plain = learner_options();
      plain.loss.type = type;
      plain.optimizer.beta1 = plain.optimizer.beta2 = 0.0;  // no memory: only this update counts
      options.optimizer = plain.optimizer;
      PolicyLearner by_hand(twin, plain);
      TrainBatch paid = batch;
      for (std::size_t g = 0; g < paid.groups.size(); ++g) {
        auto& sequences = paid.groups[g].sequences;
        std::vector<double> charge;
        for (std::size_t i = 0; i < sequences.size(); ++i) {
          const auto ref = own_logprobs(reference, batch, {g, i});
          double total = 0.0;
          for (std::size_t t = 0; t < ref.size(); ++t) {
            if (sequences[i].loss_mask[t] == 0) continue;
            const double x = static_cast<double>(ref[t]) - sequences[i].old_logprobs[t];
            total += kl == KlEstimator::kK1 ? -x : kl == KlEstimator::kK2 ? x * x / 2 : std::exp(x) - x - 1;
          }
          charge.push_back(total);
        }
        for (std::size_t i = 0; i < sequences.size(); ++i) {
          double others = 0.0;
          for (std::size_t j = 0; j < charge.size(); ++j) {
            if (type != LossType::kRloo || j != i) others += charge[j];
          }
          others /= static_cast<double>(type == LossType::kRloo ? charge.size() - 1 : charge.size());
          sequences[i].advantage -= 0.8 * (charge[i] - others);
        }
      }
      const auto m = metrics_of_update(by_hand, paid);
      ASSERT_TRUE(m.ok());
      const auto charged = metrics_of_update(learner, batch);
      ASSERT_TRUE(charged.ok());
      EXPECT_NEAR(charged->at("loss"), m->at("loss"), 1e-6);
      EXPECT_NEAR(charged->at("grad_norm"), m->at("grad_norm"), 1e-5 * m->at("grad_norm"));
      // ... and it matters.
      Policy other = policy.clone();
      PolicyLearner free(other, plain);
      record_logprobs(other, batch);
      const auto without = metrics_of_update(free, batch);
      ASSERT_TRUE(without.ok());
      EXPECT_GT(std::abs(without->at("grad_norm") - m->at("grad_norm")), 1e-4);
    }
  }
}

TEST(Reference, KlInTheLossPullsBack) {
  // No advantage at all: the KL alone moves the policy, towards the reference.
  Policy policy = tiny_policy();
  LearnerOptions options = with_kl();
  options.optimizer.learning_rate = 3e-3;
  PolicyLearner learner(policy, options);
  ASSERT_TRUE(learner.update(random_batch(policy, 1)).ok());
  ASSERT_TRUE(learner.update(random_batch(policy, 1)).ok());
  TrainBatch batch = random_batch(policy, 1);
  for (TrainGroup& group : batch.groups) {
    for (TrainSequence& s : group.sequences) s.advantage = 0.0;
  }
  std::vector<double> kl;
  for (int i = 0; i < 25; ++i) {
    record_logprobs(policy, batch);
    const auto m = metrics_of_update(learner, batch);
    ASSERT_TRUE(m.ok());
    kl.push_back(m->at("kl"));
  }
  EXPECT_GT(kl.front(), 1e-5);
  EXPECT_LT(kl.back(), 0.5 * kl.front());
}

}  // namespace
}  // namespace hone
