// Checkpoints of the learner: saved, restored, gone on with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "hone/base/files.h"
#include "support/temp_folder.h"
#include "update/update_helpers.h"

namespace hone {
namespace {

using ::testing::HasSubstr;
using testing::learner_options;
using testing::metrics_of_update;
using testing::random_batch;
using testing::same_bits;
using testing::TempFolder;
using testing::tiny_policy;
using testing::weights;

LearnerOptions with_reference() {
  LearnerOptions o = learner_options();
  o.loss.beta = 0.1;
  o.loss.reference_every = 3;
  o.optimizer.schedule = "cosine";
  o.optimizer.weight_decay = 0.01;
  o.minibatches = 2;
  return o;
}

// In bf16 what is sampled is scored by other kernels, so the batch comes from an fp32 twin: only bits count.
TrainBatch batch_for(Policy& policy, std::uint64_t seed) {
  if (policy.dtype() == at::kFloat) return random_batch(policy, seed);
  Policy twin = tiny_policy();
  return random_batch(twin, seed);
}

TEST(LearnerState, RestoredAndOneMoreIsAsNeverStopped) {
  for (const std::string dtype : {"float32", "bfloat16"}) {
    const TempFolder folder;
    Policy policy = tiny_policy(3, dtype);
    PolicyLearner learner(policy, with_reference());
    for (std::uint64_t i = 0; i < 2; ++i) ASSERT_TRUE(learner.update(batch_for(policy, i)).ok());
    ASSERT_TRUE(learner.save(folder.string()).ok());
    const auto at_save = weights(policy);

    Policy other = tiny_policy(99, dtype);  // another process, other weights
    PolicyLearner restored(other, with_reference());
    const auto done = restored.restore(folder.string());
    ASSERT_TRUE(done.ok()) << done.error().message();
    EXPECT_TRUE(same_bits(weights(other), at_save));
    EXPECT_EQ(restored.policy_version(), 4);

    for (std::uint64_t i = 2; i < 5; ++i) {
      const TrainBatch batch = batch_for(policy, i);
      const auto a = metrics_of_update(learner, batch), b = metrics_of_update(restored, batch);
      ASSERT_TRUE(a.ok() && b.ok());
      EXPECT_EQ(*a, *b) << "every metric, the KL against the reference among them";
      EXPECT_TRUE(same_bits(weights(other), weights(policy))) << dtype << " after " << i;
    }
  }
}

TEST(LearnerState, SavedTwiceIsTheSameBytes) {
  const TempFolder first, second;
  Policy policy = tiny_policy();
  PolicyLearner learner(policy, with_reference());
  ASSERT_TRUE(learner.update(random_batch(policy, 1)).ok());
  ASSERT_TRUE(learner.save(first.string()).ok());
  Policy other = tiny_policy(8);
  PolicyLearner restored(other, with_reference());
  ASSERT_TRUE(restored.restore(first.string()).ok());
  ASSERT_TRUE(restored.save(second.string()).ok());
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(first.path())) {
    if (!entry.is_regular_file()) continue;
    ++files;
    const auto name = std::filesystem::relative(entry.path(), first.path());
    EXPECT_EQ(*read_file(entry.path()), *read_file(second.path() / name)) << name;
  }
  EXPECT_EQ(files, 6) << "config, generation_config, model; optimizer, reference, learner";
}

TEST(LearnerState, CompanionsAreWrittenAndMayFail) {
  const TempFolder folder;
  Policy policy = tiny_policy();
  LearnerOptions options = learner_options();
  options.save_companions = [](const std::string& path) -> Result<void> {
    std::ofstream(path + "/tokenizer.json") << "{}";
    return {};
  };
  ASSERT_TRUE(PolicyLearner(policy, options).save(folder.string()).ok());
  EXPECT_TRUE(std::filesystem::exists(folder / "tokenizer.json"));
  EXPECT_FALSE(std::filesystem::exists(folder / "trainer/reference.safetensors")) << "there is none";
  options.save_companions = [](const std::string&) -> Result<void> { return Error{"tokenizer", "gone", ""}; };
  const auto saved = PolicyLearner(policy, options).save(folder.string());
  ASSERT_FALSE(saved.ok());
  EXPECT_EQ(saved.error().where, "tokenizer");
}

// A checkpoint that cannot be restored changes nothing.
TEST(LearnerState, BadCheckpoints) {
  const auto check = [](const std::string& expected, const auto& spoil) {
    const TempFolder folder;
    Policy policy = tiny_policy();
    PolicyLearner learner(policy, with_reference());
    ASSERT_TRUE(learner.update(random_batch(policy, 1)).ok());
    ASSERT_TRUE(learner.save(folder.string()).ok());
    spoil(folder);
    Policy other = tiny_policy(5);
    PolicyLearner restored(other, with_reference());
    const TrainBatch batch = random_batch(other, 7);
    const auto before = weights(other);
    const auto done = restored.restore(folder.string());
    ASSERT_FALSE(done.ok()) << expected;
    EXPECT_THAT(done.error().message(), HasSubstr(expected));
    EXPECT_TRUE(same_bits(weights(other), before)) << expected;
    EXPECT_EQ(restored.policy_version(), 0);
    const auto metrics = metrics_of_update(restored, batch);
    ASSERT_TRUE(metrics.ok());
    EXPECT_GE(metrics->at("kl"), 0.0);
    Policy clean = tiny_policy(5);
    PolicyLearner fresh(clean, with_reference());
    EXPECT_EQ(*metrics_of_update(fresh, batch), *metrics)
        << expected << ": moments and reference are untouched too";
  };
  const auto remove = [](const char* name) {
    return [name](const TempFolder& f) { std::filesystem::remove(f / name); };
  };
  const auto truncate = [](const char* name) {
    return [name](const TempFolder& f) {
      std::filesystem::resize_file(f / name, std::filesystem::file_size(f / name) - 8);
    };
  };
  check("learner.json", remove("trainer/learner.json"));
  check("learner.json", truncate("trainer/learner.json"));
  check("policy_version", [](const TempFolder& f) {
    std::ofstream(f / "trainer/learner.json") << R"({"optimizer_steps": 3})";
  });
  check("optimizer_steps", [](const TempFolder& f) {
    std::ofstream(f / "trainer/learner.json") << R"({"policy_version": 1, "optimizer_steps": -3})";
  });
  check("optimizer.safetensors", remove("trainer/optimizer.safetensors"));
  check("optimizer.safetensors", truncate("trainer/optimizer.safetensors"));
  check("reference.safetensors", remove("trainer/reference.safetensors"));
  check("reference.safetensors", truncate("trainer/reference.safetensors"));
  check("model.safetensors", truncate("model.safetensors"));
  for (const int layers : {1, 3}) {
    check("must have this run's shape", [layers](const TempFolder& f) {
      Policy other = tiny_policy(1, "float32", layers);
      ASSERT_TRUE(PolicyLearner(other, with_reference()).save(f.string()).ok());
    });
  }
}

}  // namespace
}  // namespace hone
