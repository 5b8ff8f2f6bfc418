// The folder of one run: recipe.yaml, run.db, TensorBoard events, checkpoints/, latest.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hone/base/files.h"
#include "hone/base/result.h"
#include "hone/config/options.h"

namespace hone {

// Where a run stands: everything that is not in the weights, the optimizer or run.db.
struct RunPosition {
  std::string stage;              // of types/stage.h: that of the last finished step
  std::int64_t step = 0;          // finished steps of that stage
  std::int64_t next_problem = 0;  // of the training order
};

class RunFolder {
 public:
  // Makes runs/<name>, or <name>-2, -3 … when taken, and writes recipe.yaml. The folder is locked until
  // destruction.
  static Result<RunFolder> create(const Recipe& recipe);
  // Opens the newest of runs/<name>[-n] (the highest n) to go on with. Errors: none there, in use by another
  // process, or made from another recipe (showing what differs).
  static Result<RunFolder> resume(const Recipe& recipe);

  const std::filesystem::path& path() const { return path_; }
  std::string name() const { return path_.filename().string(); }

  // Writes a checkpoint: `fill` puts the learner's files into a folder that is then synced and renamed to
  // checkpoints/<stage>-<step> ("step-N" for grpo); `latest` follows; older ones beyond `keep` go, and what a
  // death left behind.
  Result<void> save_checkpoint(const RunPosition& position, int keep,
                               const std::function<Result<void>(const std::string&)>& fill);
  // The newest whole checkpoint, if any. Error: a position.json that does not read, or not of its folder.
  struct Checkpoint {
    std::filesystem::path path;
    RunPosition position;
  };
  Result<std::optional<Checkpoint>> latest() const;

 private:
  RunFolder(std::filesystem::path path, FileLock lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::filesystem::path path_;
  FileLock lock_;
};

}  // namespace hone
