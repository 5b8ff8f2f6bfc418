// The CPU fp32 implementations of ops.h. With gradients on they are autograd functions whose backward pass
// adds weight gradients into weight.grad() itself.
#pragma once

#include "hone/tensor/ops.h"

namespace hone::native {

at::Tensor linear(const at::Tensor& x, const at::Tensor& w, const at::Tensor& b);
at::Tensor embed(const at::Tensor& ids, const at::Tensor& w, double scale);
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& w, double eps, bool add_one);
at::Tensor gated(const at::Tensor& gate_up, kernel::Activation activation);
at::Tensor gather_rows(const at::Tensor& x, const at::Tensor& rows);
at::Tensor prepare_qkv(const at::Tensor& qkv, const kernel::HeadShape& shape, const HeadNorms& norms,
                       const RopeTables& rope, const at::Tensor& positions);
at::Tensor packed_attention(const at::Tensor& qkv, const at::Tensor& spans, const AttentionOptions& options);
at::Tensor cached_attention(const at::Tensor& qkv, const at::Tensor& keys, const at::Tensor& values,
                            const at::Tensor& cache_rows, const at::Tensor& spans,
                            const AttentionOptions& options);
HeadScores score_tokens(const at::Tensor& hidden, const at::Tensor& head, const HeadQuery& query);

// A weight's gradient buffer, made of zeros when there is none yet; null when the weight is frozen.
float* gradient_of(const at::Tensor& weight);

}  // namespace hone::native
