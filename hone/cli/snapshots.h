// The policy as it was some steps ago, as a model of its own.
#pragma once

#include <filesystem>
#include <memory>

#include "hone/base/result.h"
#include "hone/cli/speaker.h"
#include "hone/config/options.h"

namespace hone {

// The policy at the last multiple of `every` steps (0: at step 0 alone), on disk so that a resumed run finds
// it:
//
//   <folder>/step-N/   a Hugging Face model directory
//
// Asked at every step: what was not taken then can't be had later. The arguments outlive it.
class Snapshots {
 public:
  // `asked`: every, and how the snapshot is loaded (device, dtype, verdict, prefix).
  Snapshots(const Recipe& recipe, FriendOptions asked, Model& policy, std::filesystem::path folder)
      : recipe_(recipe), asked_(std::move(asked)), policy_(policy), folder_(std::move(folder)) {}

  // The one that counts at this step; it stays until the next. Errors: those of saving and loading, one that
  // was never taken.
  Result<Speaker*> at(std::int64_t step);

 private:
  Result<void> keep(const std::filesystem::path& path, std::int64_t taken, std::int64_t step) const;
  void remove_old() const;

  const Recipe& recipe_;
  const FriendOptions asked_;
  Model& policy_;
  const std::filesystem::path folder_;
  std::unique_ptr<Speaker> speaker_;
  std::int64_t step_ = 0;
};

}  // namespace hone
