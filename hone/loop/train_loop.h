// The training loop.
//
//   problem ──> prompt ──> rollout ──> verdict ──> advantage ──> batch ──> update ──> record ──> checkpoint
//   Dataset     Environ.   Generator   Rubric      rl/           rl/       Learner    RunStore   RunFolder
//
// The stages follow each other on one thread, and inside a stage work is spread over the cores. One overlap:
// verifiers that wait for other processes judge what is finished while the rest still decodes (judge.h). The
// loop owns the step's groups from the prompt to the record, and lends them to each stage in turn; the
// weights are the Learner's, and the Generator reads them between updates only. What was finished before the
// last checkpoint survives any death; a resumed run repeats what came after it to the bit.
#pragma once

#include "hone/base/result.h"
#include "hone/loop/run_folder.h"
#include "hone/loop/train_parts.h"

namespace hone {

struct TrainResult {
  bool finished = false;  // false: stopped when asked; --resume goes on
  RunPosition position;
};

// Runs the stages that the recipe gives steps, in the order of types/stage.h, from the folder's newest
// checkpoint when there is one. Held-out problems are asked before and after each stage but the warm start.
// TensorBoard gets each stage as a run of its own (grpo the folder itself, the others one inside of it), as
// their steps are counted apart. A stop asked for at a stage's end leaves what follows (the next stage, the
// last evaluation) to --resume.
Result<TrainResult> train(TrainParts parts);

}  // namespace hone
