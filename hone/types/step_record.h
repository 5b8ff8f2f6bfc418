// Everything the run store keeps of one step.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hone/types/rollout.h"
#include "hone/types/train_batch.h"

namespace hone {

struct StepRecord {
  std::string stage;  // of stage.h
  // Optimizer steps of the stage, from 1. Of evaluations: the training steps since the warm start (0:
  // before).
  std::int64_t step = 0;
  Metrics metrics;
  std::vector<Group> groups;  // what was sampled; empty in the supervised stage
};

}  // namespace hone
