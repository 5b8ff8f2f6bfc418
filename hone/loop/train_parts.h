// What the training loop and its stages work with.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hone/config/options.h"
#include "hone/data/dataset.h"
#include "hone/loop/run_folder.h"
#include "hone/store/run_store.h"
#include "hone/types/interfaces.h"
#include "hone/types/step_record.h"
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

// All outlive the loop.
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
  // Text → ids, as it stands inside of a completion: nothing added before or after.
  std::function<std::vector<std::int32_t>(const std::string& text)> encode;
  // Who thinks at a step of the amortizing stage: the policy as it was before the first. Asked at every step.
  std::function<Result<Generator*>(std::int64_t step)> thinker;
  std::int32_t eos_id = 0;  // ends what is learned from texts
  // FLOPs of one forward pass over the tokens after the first `cached` of `total`.
  std::function<double(std::int64_t cached, std::int64_t total)> forward_flops;
};

// What a stage makes of its problems: what the learner is to see, and what is to be recorded.
struct StepDraft {
  TrainBatch batch;
  Metrics metrics;
  std::vector<Group> groups;
};

}  // namespace hone
