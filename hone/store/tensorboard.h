// TensorBoard event files: TFRecord framing (masked crc32c) around Event protocol buffers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "hone/base/result.h"
#include "hone/types/train_batch.h"

namespace hone {

class EventWriter {
 public:
  // A new file events.out.tfevents.<seconds>.hone in `folder`, the seconds moved on while the name is taken:
  // readers take the files of a run in the order of their names. A resumed run gives the step that it goes on
  // from
  // (`resumed_at`, ≥ 0): readers then drop the points after it that an earlier file holds.
  static Result<EventWriter> create(const std::filesystem::path& folder, std::int64_t resumed_at = -1);
  EventWriter(EventWriter&&) noexcept;
  EventWriter& operator=(EventWriter&&) noexcept;
  ~EventWriter();
  // One event with a scalar for each metric (tag: prefix + name), handed to the system before returning. On
  // an error (a full disk) the file still ends with the last whole event. Not thread-safe.
  Result<void> scalars(std::int64_t step, const Metrics& metrics, const std::string& prefix = "");

 private:
  struct Impl;
  explicit EventWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hone
