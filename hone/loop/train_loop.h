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

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/config/options.h"
#include "hone/data/dataset.h"
#include "hone/loop/run_folder.h"
#include "hone/store/run_store.h"
#include "hone/types/interfaces.h"
#include "hone/verify/rubric.h"

namespace hone {

// Who watches.
class TrainObserver {
 public:
  virtual ~TrainObserver() = default;
  virtual void on_stage(const std::string& stage, std::int64_t total, std::int64_t done) = 0;
  virtual void on_step(const StepRecord& record) = 0;
  virtual void on_activity(const std::string& what) = 0;
  virtual void on_note(const std::string& line) = 0;
};

// What the loop works with; all outlive it.
struct TrainParts {
  const Recipe& recipe;
  const Dataset& dataset;
  Environment& environment;
  Generator& generator;
  const Rubric& rubric;
  RunFolder& folder;
  RunStore& store;
  TrainObserver& observer;
  std::function<bool()> should_stop;  // asked between steps
  // A stage's learner starts with the weights as they are.
  std::function<std::unique_ptr<Learner>(const std::string& stage, std::int64_t policy_version)> make_learner;
  // Turns a problem's worked solution into the tokens to learn; eos included.
  std::function<std::vector<std::int32_t>(const std::string& text)> encode_solution;
};

struct TrainResult {
  bool finished = false;  // false: stopped when asked; --resume goes on
  RunPosition position;
};

// Runs the stages that the recipe has (sft, then grpo), from the folder's newest checkpoint when there is
// one. TensorBoard gets each stage as a run of its own (the folder itself, and sft/ in it), as their steps
// are counted apart. A stop asked for at a stage's end leaves what follows (the next stage, the last
// evaluation) to --resume.
Result<TrainResult> train(TrainParts parts);

}  // namespace hone
