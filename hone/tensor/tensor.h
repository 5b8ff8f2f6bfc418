// The one narrow ATen header: Tensor, and the guard that turns gradients off. Operators are included one by
// one.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>

namespace hone {

// Whether hone's own fp32 kernels serve this tensor; ATen does otherwise (CUDA, bfloat16, float16, double).
inline bool has_kernels(const at::Tensor& t) {
  return t.device().is_cpu() && t.scalar_type() == at::kFloat && t.is_contiguous();
}

}  // namespace hone
