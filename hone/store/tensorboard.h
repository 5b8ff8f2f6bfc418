// TensorBoard event files: TFRecord framing (masked crc32c) around Event protocol buffers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "hone/base/result.h"
#include "hone/types/step_record.h"

namespace hone {

class EventWriter {
 public:
  // A new file events.out.tfevents.<seconds>.hone in `folder` (made when absent), the seconds moved on while
  // the name is taken: readers take the files of a run in the order of their names. They drop the points
  // after step `resumed_at` that an earlier file of the folder holds, whatever their tags: records whose
  // steps count apart need folders of their own.
  static Result<EventWriter> create(const std::filesystem::path& folder, std::int64_t resumed_at = 0);
  EventWriter(EventWriter&&) noexcept;
  EventWriter& operator=(EventWriter&&) noexcept;
  ~EventWriter();
  // One event, handed to the system before returning: a scalar for each metric and, of a record with groups,
  // the histograms `advantages` and `completions/length` and the text `completions/sample`. On an error (a
  // full disk) the file still ends with the last whole event. Not thread-safe.
  Result<void> write(const StepRecord& record);

 private:
  struct Impl;
  explicit EventWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hone
