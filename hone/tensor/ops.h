// What the policy asks of its head, and the words that its operations share.
//
// Questions have two implementations behind one signature: hone's CPU kernels for contiguous fp32 (kernels.h,
// gemm.h), whose rows have the same bits in any batch, and plain ATen for everything else (ops_aten.h). With
// gradients on, the CPU path adds weight gradients straight into weight.grad() while backward runs.
//
// Legend: T packed tokens, N chosen rows, H hidden, F feed-forward, V vocabulary, D head size, W qkv row
// width.
#pragma once

#include <cstdint>
#include <vector>

#include "hone/tensor/kernels.h"
#include "hone/tensor/tensor.h"

namespace hone {

// Spans of packed rows as a CPU int32 tensor [T, 4] whose rows are kernel::Span.
at::Tensor make_spans(const std::vector<kernel::Span>& spans);

// The rows of x named by rows_N (CPU int64), in order.
at::Tensor gather_rows(const at::Tensor& x_TH, const at::Tensor& rows_N);

struct RopeTables {
  at::Tensor cos, sin;  // fp32 [positions, D/2]
};
struct HeadNorms {
  at::Tensor q_D, k_D;  // undefined: none
  double eps = 1e-6;
};
struct AttentionOptions {
  kernel::HeadShape shape;
  double scale = 1.0;
  double softcap = 0.0;
  std::int64_t window = 0;
};
// What the head is asked about N rows.
struct HeadQuery {
  at::Tensor targets_N;              // CPU int64
  at::Tensor inverse_temperature_N;  // CPU fp32
  at::Tensor kept_ids;      // CPU int32, with kept_offsets (CPU int64 [N + 1]); undefined: whole vocabulary.
  at::Tensor kept_offsets;  // An empty set for a row also means the whole vocabulary.
  double softcap = 0.0;
};
struct HeadScores {
  at::Tensor
      logprobs_N;  // fp32, of the targets under softmax(softcap(h · wᵀ) / temperature) over the kept set
  at::Tensor entropy_N;  // fp32, nats, of the same distribution
};
// Requires targets in the vocabulary and, where a row has a kept set, in that set; kept ids ascend within a
// row. Never holds more than a chunk of rows of [N, V]; the backward pass makes the chunk's logits again.
HeadScores score_tokens(const at::Tensor& hidden_NH, const at::Tensor& head_VH, const HeadQuery& query);

// Throws where the query is not as score_tokens requires it for N rows of a vocabulary of V.
void check_query(std::int64_t N, std::int64_t V, const HeadQuery& query);

// Raw logits with the softcap applied, for N rows of decoding. fp32 [N, V]. No gradients.
at::Tensor head_logits(const at::Tensor& hidden_NH, const at::Tensor& head_VH, double softcap);

}  // namespace hone
