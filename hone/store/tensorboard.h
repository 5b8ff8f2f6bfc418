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
  // A new file events.out.tfevents.<seconds>.hone in `folder`.
  static Result<EventWriter> create(const std::filesystem::path& folder);
  EventWriter(EventWriter&&) noexcept;
  EventWriter& operator=(EventWriter&&) noexcept;
  ~EventWriter();
  // One event with a scalar for each metric; flushed before returning.
  Result<void> scalars(std::int64_t step, const Metrics& metrics, const std::string& prefix = "");

 private:
  struct Impl;
  explicit EventWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hone
