// Sampling in waves, each as large as could at least decide the votes that are still open; and verdicts on
// samples that are not groups of one size.
#pragma once

#include <span>
#include <vector>

#include "hone/base/result.h"
#include "hone/types/interfaces.h"
#include "hone/verify/rubric.h"

namespace hone {

// For each request its first completions, as many as decide its vote (AdaptiveVote) and n at most: those that
// generate() gives at the same places. Requires answers.compares_answers().
Result<std::vector<std::vector<Completion>>> sample_in_waves(std::span<const GenerationRequest> requests,
                                                             Generator& generator, const Verifier& answers,
                                                             double confidence);

struct JudgedSample {
  const Problem* problem = nullptr;
  Rollout rollout;  // comes with its completion, gets its reward
};
void judge_samples(std::span<JudgedSample> samples, const Rubric& rubric);

}  // namespace hone
