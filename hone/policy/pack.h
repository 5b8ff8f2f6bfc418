// Sequences laid end to end for one forward pass, without padding. A prompt shared by several completions is
// there once.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "hone/tensor/ops.h"

namespace hone {

// T packed rows: ids [T], positions [T], and the rows that each row attends to.
struct Pack {
  std::vector<std::int64_t> ids, positions;
  std::vector<kernel::Span> spans;
  // N scored tokens: `targets[i]` is predicted from packed row `score_rows[i]`.
  std::vector<std::int64_t> score_rows, targets;

  std::int64_t size() const { return static_cast<std::int64_t>(ids.size()); }
  at::Tensor ids_tensor() const;         // CPU int64 [T]
  at::Tensor positions_tensor() const;   // CPU int64 [T]
  at::Tensor spans_tensor() const;       // CPU int32 [T, 4]
  at::Tensor score_rows_tensor() const;  // CPU int64 [N]
  at::Tensor targets_tensor() const;     // CPU int64 [N]
};

class PackBuilder {
 public:
  // Rows of this pack are numbered, in spans and score_rows, after `rows_before` that a pass before it
  // computes.
  explicit PackBuilder(std::int64_t rows_before = 0) : rows_before_(rows_before) {}

  // Appends a prompt (P ≥ 1); the completions added until the next prompt follow it.
  void add_prompt(std::span<const std::int32_t> ids);
  // The completions added next follow a prompt of `count` rows (≥ 1) that lies at `row` of the rows before.
  void continue_prompt(std::int64_t row, std::int64_t count);
  // Appends a completion of the current prompt: all its tokens become targets, the first predicted from the
  // prompt's last row. Its last token is predicted and never read, so it takes no row.
  void add_completion(std::span<const std::int32_t> ids);
  // The pack, leaving an empty builder without a prompt.
  Pack finish() {
    prompt_begin_ = prompt_count_ = 0;
    return std::exchange(pack_, {});
  }
  std::int64_t size() const { return pack_.size(); }

 private:
  std::int32_t next_row() const { return static_cast<std::int32_t>(rows_before_ + pack_.size()); }

  std::int64_t rows_before_;
  Pack pack_;
  std::int32_t prompt_begin_ = 0, prompt_count_ = 0;
};

}  // namespace hone
