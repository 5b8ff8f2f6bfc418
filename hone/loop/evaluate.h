// Evaluation: sample held-out problems, judge, and count.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hone/base/result.h"
#include "hone/loop/rollouts.h"
#include "hone/types/interfaces.h"
#include "hone/types/step_record.h"
#include "hone/verify/rubric.h"

namespace hone {

struct EvaluateOptions {
  SamplingParams sampling;
  int samples = 1;          // completions of each problem
  std::vector<int> k = {};  // pass@k of each, 1 ≤ k ≤ samples
  std::uint64_t seed = 0;
  ForcedPrefix prefix = {};  // of every completion
};

// Sampled and judged groups. Problems whose prompt does not fit the context are an error naming the problem.
// Metrics (no prefix): accuracy (mean over samples, of decided rollouts: avg@samples), pass@k = 1 −
// C(n−c,k)/C(n,k) (Chen et al. 2021) for every k, maj@samples (where answers can be compared),
// completions/mean_length, completions/clipped_ratio, reward, rewards/….
struct Evaluation {
  std::vector<Group> groups;
  Metrics metrics;
};
Result<Evaluation> evaluate(std::span<const Problem> problems, Environment& environment, Generator& generator,
                            const Rubric& rubric, const EvaluateOptions& options);

}  // namespace hone
