// What boards show of a step beside its metrics. Internal to store/.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "hone/types/step_record.h"

namespace hone {

struct Bucket {
  double left = 0, right = 0, count = 0;
};

// At most 30 buckets of one width from the least to the largest value; one bucket of width 1 around values
// that are all equal; none of no values. What is not finite is left out.
std::vector<Bucket> histogram_of(std::span<const double> values);

std::vector<double> advantages_of(
    const StepRecord& record);  // of rollouts that were decided; empty: all zero (evaluations …)
std::vector<double> lengths_of(const StepRecord& record);  // tokens of each completion

// The first group as Markdown: the prompt, then its best and its worst rollout. Texts are cut at 2000 bytes,
// and what is not UTF-8 becomes U+FFFD. Empty: no groups.
std::string sample_of(const StepRecord& record);

}  // namespace hone
