// The activations that sampling leaves behind for the update: with one optimizer step on what was just
// sampled, the forward pass of training has already happened.
//
// Sampling appends rows as it computes them, in whatever order sequences run; the update names the rows of a
// completion by the handle that sampling put beside it. Nothing here outlives a change of the weights:
// whoever changes them clears the tape. Not thread safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "hone/policy/activations.h"

namespace hone {

class ActivationTape {
 public:
  using Rows = std::vector<std::int64_t>;
  struct Entry {
    std::shared_ptr<const Rows> prompt;  // of every prompt token; shared by its completions
    Rows own;                            // of every completion token but the last, which is never read
  };

  // Rows that fit into `bytes` (none: 0 bytes) of this decoder; the tape holds no more.
  ActivationTape(const Decoder& decoder, std::int64_t bytes);

  // Sets rows aside for a prompt and its samples; false when they would not fit.
  bool reserve(std::int64_t rows);
  // Gives back what a finished sample did not use of them.
  void give_back(std::int64_t rows);

  // The next `count` rows, to be written now. Requires that they were reserved.
  std::int64_t append(std::int64_t count);
  // A finished completion. Returns its handle, ≥ 0.
  std::int64_t add(Entry entry);

  // Null for a handle that is not (or no longer) known.
  const Entry* find(std::int64_t handle) const;
  const Activations& activations() const { return activations_; }
  void clear();

  std::int64_t capacity() const { return capacity_; }
  std::int64_t used() const { return used_; }

 private:
  const Decoder& decoder_;
  std::int64_t capacity_ = 0, reserved_ = 0, used_ = 0;  // rows; reserved_ includes used_
  std::int64_t next_handle_ = 0;
  Activations activations_;
  std::map<std::int64_t, Entry> entries_;
};

}  // namespace hone
