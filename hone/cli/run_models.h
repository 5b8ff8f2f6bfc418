// The checkpoints of a folder of runs, asked by name: "votes-1/latest", "votes-1/step-40".
//
// One is held in memory at a time, the one asked last; another takes its place when it is asked for, and what
// the first is answering is finished. Thread safety: any.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "hone/cli/served_model.h"
#include "hone/web/pages_runs.h"

namespace hone {

class RunModels final : public ModelSource {
 public:
  // Runs are named as the pages name them.
  RunModels(std::filesystem::path runs, ServingOptions options)
      : runs_(std::move(runs)), options_(std::move(options)) {}

  std::vector<Card> list() const override;
  // Nothing when the run or the checkpoint is not there; "" names none.
  Result<std::shared_ptr<const ServedModel>> open(const std::string& name) override;

 private:
  std::optional<std::filesystem::path> folder_of(const std::string& name) const;

  PagesRuns runs_;
  ServingOptions options_;
  std::mutex mutex_;
  std::filesystem::path loaded_folder_;  // resolved: `latest` moves on
  std::shared_ptr<const ServedModel> loaded_;
};

}  // namespace hone
