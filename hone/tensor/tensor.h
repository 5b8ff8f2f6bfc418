// The one narrow ATen header: Tensor, and the guard that turns gradients off. Operators are included one by
// one.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>

#include <cstdint>
#include <vector>

namespace hone {

// Whether hone's own fp32 kernels serve this tensor; ATen does otherwise (CUDA, bfloat16, float16, double).
inline bool has_kernels(const at::Tensor& t) {
  return t.device().is_cpu() && t.scalar_type() == at::kFloat && t.is_contiguous();
}

// One fp32 CPU tensor of each shape, not initialised, all in one piece of memory on large pages: many tensors
// are read one after another, and most are smaller than such a page. The memory lives as long as any of them.
std::vector<at::Tensor> empty_together(const std::vector<std::vector<std::int64_t>>& shapes);
// Zeros of the shapes, dtypes and devices of these: together where the kernels serve them.
std::vector<at::Tensor> zeros_together(const std::vector<at::Tensor>& like);

}  // namespace hone
