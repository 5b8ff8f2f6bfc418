// What `hone bench` measures: a GRPO step's generation and update on random prompts, and the machine's limits
// beside it.
//
// Nothing here depends on what a model says: weights may be random. Units: seconds, bytes, FLOPs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/base/time_split.h"
#include "hone/policy/policy.h"
#include "hone/update/memory_plan.h"

namespace hone {

struct BenchWork {
  std::int64_t prompts = 4, group_size = 8, prompt_tokens = 64, new_tokens = 128;
  // > 0: completions end at random, geometric with this mean, at the latest after new_tokens.
  double mean_tokens = 0.0;
  std::int64_t microbatch_tokens = 0;  // 0: to be planned
  std::int64_t tape_bytes =
      0;  // > 0: the update starts from sampling's activations, as far as these hold them
};

// What the memory plan makes of it: fills in microbatch_tokens where it is 0, and the tape.
Result<MemoryPlan> plan_bench(const Policy& policy, BenchWork& work, bool reuse, std::int64_t limit);

struct MachineLimits {
  int threads = 1;
  double sgemm_flops = 0.0;   // a second, of a product of 2048³
  double memory_bytes = 0.0;  // a second, read
};
MachineLimits measure_limits();

struct BenchStage {
  double seconds = 0.0;
  std::int64_t tokens = 0;  // sampled, or carrying loss
  double flops = 0.0;       // 2 · parameters a token forward, 4 backward; a group's prompt counts once
  TimeSplit split{};        // of the seconds
};
struct BenchStep {
  BenchStage generate, update;
};

// A policy of a named shape (smol135, tiny5m) with random weights, or of a model directory. Error: neither.
Result<Policy> bench_policy(const std::string& model);
const std::vector<std::string>& bench_shapes();

// `steps` times a generation and, with `update`, the optimizer step on it; prompts differ from step to step.
// Error: work that does not fit the context.
Result<std::vector<BenchStep>> bench_steps(Policy& policy, const BenchWork& work, int steps, bool update);

// The products of the policy's layers and head, for `rows` rows each.
struct BenchProduct {
  std::string name;
  std::int64_t m = 0, n = 0, k = 0;
  double forward = 0.0, input_gradient = 0.0, weight_gradient = 0.0;  // FLOPs a second
  double blis_forward = 0.0;  // of BLIS, its small-matrix path or its packed one
};
std::vector<BenchProduct> bench_products(const Policy& policy, std::int64_t rows);

}  // namespace hone
