// The policy's differentiable operations on packed tokens.
//
// Each has two implementations behind one signature: hone's CPU kernels for contiguous fp32 (kernels.h,
// gemm.h), whose rows have the same bits in any batch, and plain ATen for everything else. With gradients on,
// the CPU path adds weight gradients straight into weight.grad() while backward runs.
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

// x_TI · w_OIᵀ + b_O; b may be undefined.
at::Tensor linear(const at::Tensor& x_TI, const at::Tensor& w_OI, const at::Tensor& b_O = {});

// ids: CPU int64 [T]. Rows of w_VH, times `scale`.
at::Tensor embed(const at::Tensor& ids_T, const at::Tensor& w_VH, double scale);

at::Tensor rms_norm(const at::Tensor& x_TH, const at::Tensor& w_H, double eps, bool add_one);

// gate_up_T2F → act(gate) · up.
at::Tensor gated(const at::Tensor& gate_up_T2F, kernel::Activation activation);

// The rows of x named by rows_N (CPU int64), in order.
at::Tensor gather_rows(const at::Tensor& x_TH, const at::Tensor& rows_N);

struct RopeTables {
  at::Tensor cos, sin;  // fp32 [positions, D/2]
};
struct HeadNorms {
  at::Tensor q_D, k_D;  // undefined: none
  double eps = 1e-6;
};
// Normalises (where the family does) and rotates the query and key heads of qkv rows. positions: CPU int64
// [T].
at::Tensor prepare_qkv(const at::Tensor& qkv_TW, const kernel::HeadShape& shape, const HeadNorms& norms,
                       const RopeTables& rope, const at::Tensor& positions_T);

struct AttentionOptions {
  kernel::HeadShape shape;
  double scale = 1.0;
  double softcap = 0.0;
  std::int64_t window = 0;
};
// Attention within a pack: spans name rows of qkv_TW itself. Returns [T, Hq·D].
at::Tensor packed_attention(const at::Tensor& qkv_TW, const at::Tensor& spans_T4,
                            const AttentionOptions& options);

// Attention over a cache: keys_RKD and values_RKD [rows, Hkv, D], into which row t's key and value are first
// written at cache_rows_T (CPU int64); spans name rows of the cache. No gradients.
at::Tensor cached_attention(const at::Tensor& qkv_TW, const at::Tensor& keys_RKD,
                            const at::Tensor& values_RKD, const at::Tensor& cache_rows_T,
                            const at::Tensor& spans_T4, const AttentionOptions& options);

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

// Raw logits with the softcap applied, for N rows of decoding. fp32 [N, V]. No gradients.
at::Tensor head_logits(const at::Tensor& hidden_NH, const at::Tensor& head_VH, double softcap);

}  // namespace hone
