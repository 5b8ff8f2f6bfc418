// Everything the run store keeps of one step.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hone/types/rollout.h"
#include "hone/types/train_batch.h"

namespace hone {

struct StepRecord {
  std::string stage;      // "sft", "grpo" or "eval"
  std::int64_t step = 0;  // optimizer steps of the stage, from 1; of "eval", the grpo step it follows (0: before)
  Metrics metrics;
  std::vector<Group> groups;  // what was sampled; empty in the supervised stage
};

}  // namespace hone
