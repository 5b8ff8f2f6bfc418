#include "hone/tensor/tensor.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "hone/base/pages.h"

namespace hone {

std::vector<at::Tensor> empty_together(const std::vector<std::vector<std::int64_t>>& shapes) {
  constexpr std::int64_t kAlignment = 16;  // floats: a cache line
  const auto count = [](const std::vector<std::int64_t>& shape) {
    const auto n = std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
    return (n + kAlignment - 1) / kAlignment * kAlignment;
  };
  std::int64_t total = 0;
  for (const auto& shape : shapes) total += count(shape);
  const std::shared_ptr<float[]> memory = allocate_floats(total);
  std::vector<at::Tensor> tensors;
  float* at = memory.get();
  for (const auto& shape : shapes) {
    tensors.push_back(at::from_blob(
        at, shape, [memory](void*) {}, at::kFloat));
    at += count(shape);
  }
  return tensors;
}

std::vector<at::Tensor> zeros_together(const std::vector<at::Tensor>& like) {
  if (!std::all_of(like.begin(), like.end(), has_kernels)) {
    std::vector<at::Tensor> zeros;
    for (const at::Tensor& t : like) zeros.push_back(at::zeros_like(t));
    return zeros;
  }
  std::vector<std::vector<std::int64_t>> shapes;
  for (const at::Tensor& t : like) shapes.push_back(t.sizes().vec());
  auto tensors = empty_together(shapes);
  for (at::Tensor& t : tensors) t.zero_();
  return tensors;
}

}  // namespace hone
