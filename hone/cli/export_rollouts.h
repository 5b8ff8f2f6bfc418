// The rollouts of a run as JSON lines that supervised trainers read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "hone/base/result.h"

namespace hone {

struct RolloutExport {
  std::string run;   // a run's folder, or its run.db
  std::string file;  // "-": stdout
  std::string stage = "grpo";
  std::optional<std::int64_t> from_step, to_step;
  bool correct_only = false;
  std::optional<double> min_reward;  // undecided rollouts fall short of any
  bool best_of_group = false;        // of those that pass the others; the first among equals
};

struct ExportedRollouts {
  std::int64_t written = 0, seen = 0, steps = 0;
};

// A line for each rollout: messages (the problem's and, last, the assistant's answer), question (without it),
// response, reward, correct, advantage, verdicts, stage, step, group, rollout, problem_id, source, answer,
// finish. The file is replaced atomically. Errors: no such run or stage, nothing that passes.
Result<ExportedRollouts> export_rollouts(const RolloutExport& options);

}  // namespace hone
