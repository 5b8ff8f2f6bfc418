// The ATen implementations of ops.h, differentiable through ATen's own autograd.
#pragma once

#include "hone/tensor/ops.h"

namespace hone::aten {

at::Tensor linear(const at::Tensor& x, const at::Tensor& w, const at::Tensor& b);
at::Tensor embed(const at::Tensor& ids, const at::Tensor& w, double scale);
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& w, double eps, bool add_one);
at::Tensor gated(const at::Tensor& gate_up, kernel::Activation activation);
at::Tensor prepare_qkv(const at::Tensor& qkv, const kernel::HeadShape& shape, const HeadNorms& norms,
                       const RopeTables& rope, const at::Tensor& positions);
// keys, values [rows, Hkv, D]; q [T, Hq, D].
at::Tensor attention(const at::Tensor& q, const at::Tensor& keys, const at::Tensor& values,
                     const at::Tensor& spans, const AttentionOptions& options);
HeadScores score_tokens(const at::Tensor& hidden, const at::Tensor& head, const HeadQuery& query);
at::Tensor head_logits(const at::Tensor& hidden, const at::Tensor& head, double softcap);

}  // namespace hone::aten
