#include "hone/update/memory_plan.h"

#include <gtest/gtest.h>

#include "update/update_helpers.h"

namespace hone {
namespace {

using testing::tiny_policy;

MemoryWork work() {
  return {.prompts = 8,
          .group_size = 4,
          .prompt_tokens = 20,
          .completion_tokens = 40,
          .cache_rows = 1440,
          .decoded_at_once = 32,
          .reuse = true};
}

constexpr std::int64_t kPlenty = std::int64_t{1} << 40;

TEST(MemoryPlan, CountsWhatTheRunHolds) {
  const Policy policy = tiny_policy();
  const auto plan = plan_memory(policy, work(), kPlenty).value();
  const std::int64_t weights = policy.parameter_count() * 4;
  EXPECT_EQ(plan.weights, 4 * weights) << "weights, gradients, two moments";
  EXPECT_EQ(plan.cache, 1440 * 2 * 2 * 2 * 8 * 4) << "rows, layers, keys and values, heads, head size, bytes";
  EXPECT_EQ(plan.tape, 8 * (20 + 4 * 39) * Activations::row_bytes(policy.decoder()));
  EXPECT_EQ(plan.total(), plan.process + plan.weights + plan.cache + plan.passes + plan.tape);
  EXPECT_GT(plan.passes, 512 / 4 * Activations::row_bytes(policy.decoder()));
  MemoryWork more = work();
  more.reference = more.undo_copy = true;
  const auto larger = plan_memory(policy, more, kPlenty).value();
  EXPECT_EQ(larger.weights, 8 * weights);
  EXPECT_GT(larger.passes, plan.passes);
  // A tape that serves the first of several optimizer steps spares the others nothing.
  more = work();
  more.reuse_always = false;
  EXPECT_GT(plan_memory(policy, more, kPlenty).value().passes, plan.passes);
  more.least_passes = 1 << 30;
  EXPECT_EQ(plan_memory(policy, more, kPlenty).value().passes, 1 << 30);
  more.reuse = false;
  EXPECT_EQ(plan_memory(policy, more, kPlenty).value().tape, 0);
}

TEST(MemoryPlan, FitsTheLimit) {
  const Policy policy = tiny_policy();
  const auto roomy = plan_memory(policy, work(), kPlenty).value();
  const std::int64_t row = Activations::row_bytes(policy.decoder());
  // First the tape gets shorter, then the microbatch smaller.
  MemoryWork plain = work();
  plain.reuse = false;
  const auto without = plan_memory(policy, plain, kPlenty).value();
  const auto partly = plan_memory(policy, work(), without.total() + 400 * row).value();
  EXPECT_GT(partly.tape, 0);
  EXPECT_LT(partly.tape, roomy.tape);
  EXPECT_EQ(partly.microbatch_tokens, 1024);
  const auto tight = plan_memory(policy, work(), without.total() - 100 * row).value();
  EXPECT_TRUE(tight.tape == 0 || tight.tape >= (20 + 4 * 39) * row) << "less than a group is of no use";
  EXPECT_LT(tight.microbatch_tokens, 1024);
  EXPECT_LE(tight.total(), without.total() - 100 * row + (4 << 20)) << "the process itself grows a little";
  MemoryWork fixed = plain;
  fixed.microbatch_tokens = 777;
  EXPECT_EQ(plan_memory(policy, fixed, kPlenty).value().microbatch_tokens, 777);
}

TEST(MemoryPlan, RefusesWithTheSmallestChange) {
  const Policy policy = tiny_policy();
  MemoryWork longer = work();
  longer.completion_tokens = 4096;
  MemoryWork least = longer;
  least.microbatch_tokens = 64;
  least.reuse = false;
  const auto needed = plan_memory(policy, least, kPlenty).value();
  const auto refused = plan_memory(policy, longer, needed.total() - (8 << 20));
  ASSERT_FALSE(refused.ok());
  const std::string said = refused.error().message();
  EXPECT_NE(said.find("[memory_limit] the grpo stage needs"), std::string::npos) << said;
  EXPECT_NE(said.find("or completions of at most 2048 tokens"), std::string::npos) << said;
  longer.microbatch_tokens = 100'000;
  longer.completion_tokens = 2048;
  const auto wide = plan_memory(policy, longer, needed.total() - (8 << 20));
  ASSERT_FALSE(wide.ok());
  EXPECT_NE(wide.error().message().find("or grpo.microbatch_tokens of at most"), std::string::npos)
      << wide.error().message();
  const auto hopeless = plan_memory(policy, work(), 1 << 20);
  ASSERT_FALSE(hopeless.ok());
  EXPECT_NE(hopeless.error().message().find("however small its passes"), std::string::npos);
}

TEST(MemoryPlan, ReadsTheMachine) {
  EXPECT_GT(machine_memory(), 1 << 28);
  const std::int64_t before = resident_memory();
  EXPECT_GT(before, 1 << 20);
  std::vector<char> block(64 << 20, 1);
  EXPECT_GT(resident_memory() + block[5], before + (48 << 20));
  EXPECT_GE(peak_memory(), resident_memory() - (1 << 20));
}

}  // namespace
}  // namespace hone
