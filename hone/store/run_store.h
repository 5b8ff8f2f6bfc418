// run.db: every step, metric, prompt, completion, verdict and advantage of a run, in SQLite (WAL), readable
// by others while it is written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/types/step_record.h"

namespace hone {

// Thread safety: calls on one store may come from several threads; they take turns. Any number of read-only
// stores, in any process, see whole steps while one store writes.
class RunStore {
 public:
  // Creates the file and its tables when absent (not under read_only). Errors: not a run database, a schema
  // of another version, a damaged file, a full disk; a file that was there is then as it was.
  static Result<RunStore> open(const std::filesystem::path& file, bool read_only = false);
  RunStore(RunStore&&) noexcept;
  RunStore& operator=(RunStore&&) noexcept;
  ~RunStore();

  // One transaction, on the disk when it returns: all of the step or nothing. Errors: a full disk, a step of
  // that stage and number already recorded, a stage that types/stage.h lacks.
  Result<void> append(const StepRecord& record);
  // Removes what lies after a checkpoint: records of `stage` with step > `step`, all of the stages that come
  // after it (types/stage.h), and evaluations numbered beyond `last_evaluation` (−1: all).
  Result<void> rewind(const std::string& stage, std::int64_t step, std::int64_t last_evaluation);

  // What append() was given, to the bit. Error: no such step.
  Result<StepRecord> load(const std::string& stage, std::int64_t step) const;
  struct Point {
    std::int64_t step;
    double value;
  };
  // In the order of steps.
  Result<std::vector<Point>> metric(const std::string& stage, const std::string& name) const;
  Result<std::vector<std::int64_t>> steps(const std::string& stage) const;

  // Free-form facts of the run (recipe, host, version, state).
  Result<void> set_fact(const std::string& key, const std::string& value);
  Result<std::string> fact(const std::string& key) const;  // empty when absent

 private:
  struct Impl;
  explicit RunStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hone
