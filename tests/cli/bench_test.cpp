// hone bench: its report and what it refuses. No test looks at how fast anything was.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/run_command.h"
#include "hone/cli/bench_work.h"

namespace hone {
namespace {

using testing::Ran;
using testing::run_command;

TEST(Bench, AStepAsJson) {
  const Ran ran = run_command({"bench", "step", "--prompts", "2", "--group-size", "2", "--prompt-tokens", "5",
                               "--new-tokens", "6", "--repeat", "1", "--json"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const auto out = nlohmann::json::parse(ran.out);
  EXPECT_EQ(out["model"], "tiny5m");
  EXPECT_EQ(out["parameters"], 4852992);
  EXPECT_GT(out["machine"]["sgemm_gflops"], 0.0);
  EXPECT_GT(out["machine"]["memory_gb_per_s"], 0.0);
  for (const char* stage : {"generation", "update", "step"}) {
    EXPECT_EQ(out[stage]["tokens"], 24.0) << stage;
    EXPECT_GT(out[stage]["seconds"], 0.0) << stage;
  }
  // 2 · N FLOPs for each of 24 tokens and 2 prompts of 5; thrice that backward and forward.
  const double flops = 2.0 * 4852992 * (24 + 10);
  const auto spent = [&](const char* stage) {
    return 1e9 * out[stage]["gflops"].get<double>() * out[stage]["seconds"].get<double>();
  };
  EXPECT_NEAR(spent("generation") / flops, 1.0, 1e-6);
  EXPECT_NEAR(spent("update") / flops, 3.0, 1e-6);
  EXPECT_NEAR(spent("step") / flops, 4.0, 1e-6);
}

// Sampling and updates through the generator, with activations handed over and without: the same weights, to
// the bit.
TEST(Bench, ActivationsHandedOverChangeNoBit) {
  const auto train = [](std::int64_t tape_bytes, std::int64_t microbatch_tokens) {
    Policy policy = bench_policy("tiny5m").value();
    const BenchWork work{.prompts = 3,
                         .group_size = 2,
                         .prompt_tokens = 9,
                         .new_tokens = 12,
                         .mean_tokens = 8,
                         .microbatch_tokens = microbatch_tokens,
                         .tape_bytes = tape_bytes};
    EXPECT_TRUE(bench_steps(policy, work, 2, /*update=*/true).ok());
    std::vector<float> all;
    for (const Parameter& p : policy.parameters())
      all.insert(all.end(), p.value.data_ptr<float>(), p.value.data_ptr<float>() + p.value.numel());
    return all;
  };
  const auto computed = train(0, 4096);
  EXPECT_EQ(train(1 << 30, 4096), computed);
  EXPECT_EQ(train(1 << 30, 16), computed);
  // Room for some groups only: 5.5 MB hold 80 rows, and a group takes 31 at most.
  EXPECT_EQ(train(5'500'000, 4096), computed);
}

TEST(Bench, CompletionsOfRandomLengthsEndEarly) {
  const Ran ran = run_command({"bench", "decode", "--prompts", "8", "--group-size", "8", "--new-tokens", "40",
                               "--mean-tokens", "8", "--repeat", "1", "--json"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const auto out = nlohmann::json::parse(ran.out);
  EXPECT_FALSE(out.contains("update"));
  const double mean = out["generation"]["tokens"].get<double>() / 64;
  EXPECT_GT(mean, 4.0);
  EXPECT_LT(mean, 14.0);
}

TEST(Bench, RefusesWhatMakesNoSense) {
  const auto refusal = [](std::vector<std::string> arguments) {
    const Ran ran = run_command(std::move(arguments));
    EXPECT_EQ(ran.exit_code, 2);
    return ran.err;
  };
  EXPECT_NE(refusal({"bench", "stepp"}).find("did you mean 'step'?"), std::string::npos);
  EXPECT_NE(refusal({"bench", "--prompts", "0"}).find("[--prompts] must be at least 1, got 0"),
            std::string::npos);
  EXPECT_NE(refusal({"bench", "--mean-tokens", "-1"}).find("[--mean-tokens]"), std::string::npos);
  EXPECT_NE(refusal({"bench", "--model", "no/such/folder"}).find("no/such/folder"), std::string::npos);
}

}  // namespace
}  // namespace hone
