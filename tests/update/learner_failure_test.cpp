// An update that fails leaves weights, moments, reference and version as they were.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "hone/base/check.h"
#include "hone/base/files.h"
#include "support/temp_folder.h"
#include "update/update_helpers.h"

namespace hone {
namespace {

using testing::learner_options;
using testing::random_batch;
using testing::same_bits;
using testing::TempFolder;
using testing::tiny_policy;
using testing::weights;

// Everything that a checkpoint holds, as bytes: weights, moments, reference, counts.
std::string state_of(const PolicyLearner& learner) {
  const TempFolder folder;
  const auto saved = learner.save(folder.string());
  EXPECT_TRUE(saved.ok()) << saved.error().message();
  std::string bytes;
  for (const char* name : {"model.safetensors", "trainer/optimizer.safetensors", "trainer/learner.json",
                           "trainer/reference.safetensors"}) {
    const auto file = read_file(folder / name);
    if (file.ok()) bytes += *file;
  }
  return bytes;
}

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct Fixture {
  Policy policy = tiny_policy();
  LearnerOptions options = learner_options();
  std::unique_ptr<PolicyLearner> learner;

  explicit Fixture(int minibatches, int epochs = 1, std::int64_t microbatch = 0, double beta = 0.1) {
    options.microbatch.sequences = microbatch;
    options.minibatches = minibatches;
    options.inner_epochs = epochs;
    options.loss.beta = beta;
    options.loss.reference_every = 1;
    learner = std::make_unique<PolicyLearner>(policy, options);
    EXPECT_TRUE(learner->update(random_batch(policy, 1)).ok());  // moments, and a reference that moved
  }

  void expect_failure(const TrainBatch& batch, const std::string& rule) {
    const std::string before = state_of(*learner);
    const auto version = learner->policy_version();
    const auto result = learner->update(batch);
    ASSERT_FALSE(result.ok());
    EXPECT_NE(result.error().message().find(rule), std::string::npos) << result.error().message();
    EXPECT_EQ(learner->policy_version(), version);
    EXPECT_TRUE(state_of(*learner) == before) << "the state must be that before the call";
    // ... and good data is learned from as if nothing had been.
    Policy twin = tiny_policy();
    PolicyLearner undisturbed(twin, options);
    ASSERT_TRUE(undisturbed.update(random_batch(twin, 1)).ok());
    const TrainBatch good = random_batch(policy, 2);
    ASSERT_TRUE(learner->update(good).ok());
    ASSERT_TRUE(undisturbed.update(good).ok());
    EXPECT_TRUE(same_bits(weights(policy), weights(twin)));
  }
};

TEST(LearnerFailure, NanInOldLogprobs) {
  Fixture f(1);
  TrainBatch batch = random_batch(f.policy, 3);
  batch.groups[1].sequences[0].old_logprobs[0] = kNan;
  f.expect_failure(batch, "the loss must be finite");
}

TEST(LearnerFailure, NanInTheSecondMinibatch) {
  Fixture f(2);
  TrainBatch batch = random_batch(f.policy, 3);
  batch.groups[3].sequences[1].old_logprobs[0] = kNan;
  f.expect_failure(batch, "the loss must be finite");
}

TEST(LearnerFailure, InfiniteAdvantageInTheLastMinibatchOfEveryEpoch) {
  Fixture f(4, 2);
  TrainBatch batch = random_batch(f.policy, 3);
  batch.groups[3].sequences[1].advantage = INFINITY;
  f.expect_failure(batch, "must be finite");
}

TEST(LearnerFailure, NanInTheSecondMicrobatch) {
  Fixture f(1, 1, 3);
  TrainBatch batch = random_batch(f.policy, 3);
  batch.groups[2].sequences[1].advantage = kNan;
  f.expect_failure(batch, "the loss must be finite");
}

TEST(LearnerFailure, LogprobsThatAreNotThoseOfSampling) {
  for (const float error :
       {1e-6f, 3e-4f, -1.0f}) {  // the least of them shows that something went another way
    Fixture f(1);
    TrainBatch batch = random_batch(f.policy, 3);
    batch.groups[2].sequences[0].old_logprobs[0] += error;
    f.expect_failure(batch, "log-probabilities of the first pass must be those recorded at sampling");
  }
  // Masked tokens do not matter.
  Fixture f(1);
  TrainBatch batch = random_batch(f.policy, 4);
  batch.groups[2].sequences[0].loss_mask[0] = 0;
  batch.groups[2].sequences[0].old_logprobs[0] = kNan;
  EXPECT_TRUE(f.learner->update(batch).ok());
}

TEST(LearnerFailure, NanInTheWeights) {
  for (const bool supervised : {false, true}) {
    Policy policy = tiny_policy();
    LearnerOptions options = learner_options();
    options.supervised = supervised;
    PolicyLearner learner(policy, options);
    const TrainBatch batch = random_batch(policy, 1);
    policy.parameters()[3].value.data_ptr<float>()[5] = kNan;
    const auto before = weights(policy);
    const auto result = learner.update(batch);
    ASSERT_FALSE(result.ok());
    EXPECT_NE(result.error().message().find("the last good weights are kept"), std::string::npos);
    EXPECT_TRUE(same_bits(weights(policy), before));
    EXPECT_EQ(learner.policy_version(), 0);
  }
}

// A loss that is finite can have a gradient that is not: each logit's is divided by the temperature.
TEST(LearnerFailure, GradientsBeyondFloats) {
  Fixture f(2, 1, 0, 0.0);
  TrainBatch batch = random_batch(f.policy, 3);
  for (TrainSequence& s : batch.groups[3].sequences) {
    s.temperature = 1e-3;
    s.advantage = 1e38;
  }
  testing::record_logprobs(f.policy, batch);
  f.expect_failure(batch, "gradients must be finite");
}

// What no pass reads is looked at all the same: a last token is only ever a target.
TEST(LearnerFailure, TargetsAndKeptSetsOutsideTheVocabulary) {
  for (const bool kept : {false, true}) {
    Policy policy = tiny_policy();
    LearnerOptions options = learner_options();
    options.supervised = true;
    PolicyLearner learner(policy, options);
    TrainBatch batch = random_batch(policy, 1, {.groups = 1, .sequences = 1, .kept = kept});
    TrainSequence& sequence = batch.groups[0].sequences[0];
    if (kept) {
      std::erase(sequence.kept.ids, sequence.completion[0]);
      for (std::size_t t = 1; t < sequence.kept.offsets.size(); ++t)
        sequence.kept.offsets[t] =
            std::min<std::int64_t>(sequence.kept.offsets[t], std::ssize(sequence.kept.ids));
    } else {
      sequence.completion.back() = 48;
    }
    EXPECT_THROW((void)learner.update(batch), BrokenInvariant) << kept;
  }
}

}  // namespace
}  // namespace hone
