// What a recipe's training may take of memory, planned before its first step.
#pragma once

#include "hone/base/result.h"
#include "hone/cli/build.h"
#include "hone/env/single_turn.h"
#include "hone/update/memory_plan.h"

namespace hone {

struct TrainingPlan {
  MemoryPlan memory;  // of all stages together
  // Of a microbatch.
  std::int64_t sft_tokens = 8192, amortize_tokens = 8192, propose_tokens = 8192, grpo_tokens = 8192;
};

// Of policies with a trunk; others (another device or dtype) get the usual microbatch and nothing else.
// Error: what does not fit memory_limit, with the smallest change that would.
Result<TrainingPlan> plan_training(const Recipe& recipe, const Model& model, const Dataset& dataset,
                                   Environment& environment);

}  // namespace hone
