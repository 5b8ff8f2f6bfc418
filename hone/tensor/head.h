// Log-probabilities and entropies of chosen tokens, and their gradients, on plain memory: CPU fp32.
//
// Logits exist one block of kernel::kStatsBlock columns at a time, for about a thousand rows: they never
// leave the caches, and no memory grows with the vocabulary. Legend: N rows, H hidden, V vocabulary.
#pragma once

#include <cstdint>

#include "hone/tensor/kernels.h"

namespace hone::native {

struct HeadTask {
  std::int64_t N, V, H;
  const float* hidden;                     // [N, H]
  const float* head;                       // [V, H]
  const std::int64_t* targets;             // [N], in the vocabulary
  const float* inverse_temperature;        // [N]
  const std::int32_t* kept_ids = nullptr;  // ascending within a row; null: the whole vocabulary for all rows
  const std::int64_t* kept_offsets = nullptr;  // [N + 1]; an empty set means the whole vocabulary
  float softcap = 0.0f;
};

// Of each row, under softmax(softcap(h · wᵀ) / temperature) over its kept set: the target's log-probability
// [N] and the statistics [N].
void score_rows(const HeadTask& task, float* logprobs, kernel::RowStats* stats);

// From score_rows' statistics and the loss's gradients by logprob [N] and entropy [N] (either may be null):
// d_hidden [N, H] is overwritten, d_head [V, H] (may be null) accumulated, rows in order.
void score_rows_backward(const HeadTask& task, const kernel::RowStats* stats, const float* by_logprob,
                         const float* by_entropy, float* d_hidden, float* d_head);

}  // namespace hone::native
