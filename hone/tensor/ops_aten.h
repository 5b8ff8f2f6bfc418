// A decoder's operations in plain ATen, for every device and dtype, differentiable through ATen's own
// autograd; in double they are what the kernels are tested against. Legend as in ops.h; I inputs, O outputs
// of a projection.
#pragma once

#include "hone/tensor/ops.h"

namespace hone::aten {

// x_TI · w_OIᵀ + b_O; b may be undefined.
at::Tensor linear(const at::Tensor& x, const at::Tensor& w, const at::Tensor& b);
// ids: CPU int64 [T]. Rows of w_VH, times `scale`.
at::Tensor embed(const at::Tensor& ids, const at::Tensor& w, double scale);
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& w, double eps, bool add_one);
// gate_up_T2F → act(gate) · up.
at::Tensor gated(const at::Tensor& gate_up, kernel::Activation activation);
// Normalises (where the family does) and rotates the query and key heads of qkv rows. positions: CPU int64
// [T].
at::Tensor prepare_qkv(const at::Tensor& qkv, const kernel::HeadShape& shape, const HeadNorms& norms,
                       const RopeTables& rope, const at::Tensor& positions);
// Attention within a pack: spans name rows of qkv_TW itself. Returns [T, Hq·D].
at::Tensor packed_attention(const at::Tensor& qkv, const at::Tensor& spans, const AttentionOptions& options);
// Attention over a cache: keys and values [rows, Hkv, D], into which row t's key and value are first written
// at cache_rows_T (CPU int64); spans name rows of the cache. No gradients.
at::Tensor cached_attention(const at::Tensor& qkv, const at::Tensor& keys, const at::Tensor& values,
                            const at::Tensor& cache_rows, const at::Tensor& spans,
                            const AttentionOptions& options);
HeadScores score_tokens(const at::Tensor& hidden, const at::Tensor& head, const HeadQuery& query);
at::Tensor head_logits(const at::Tensor& hidden, const at::Tensor& head, double softcap);

}  // namespace hone::aten
