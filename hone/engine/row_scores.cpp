#include "hone/engine/row_scores.h"

#include <algorithm>
#include <numeric>

#include "hone/tensor/kernels.h"

namespace hone {

RowScores::RowScores(std::span<const float> z, int top)
    : z_(z), lse_(kernel::row_stats(std::ssize(z), z.data()).lse) {
  if (top == 0) return;
  const auto count = std::min(z.size(), static_cast<std::size_t>(top));
  thread_local std::vector<std::int32_t> ids;
  ids.resize(z.size());
  std::iota(ids.begin(), ids.end(), 0);
  const auto end = ids.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(ids.begin(), end, ids.end(), [&](std::int32_t a, std::int32_t b) {
    const float x = z[static_cast<std::size_t>(a)], y = z[static_cast<std::size_t>(b)];
    return x != y ? x > y : a < b;
  });
  for (auto id = ids.begin(); id != end; ++id)
    top_.emplace_back(*id, z[static_cast<std::size_t>(*id)] - lse_);
}

TokenScore RowScores::of(std::int32_t id) const {
  return {id, z_[static_cast<std::size_t>(id)] - lse_, top_};
}

}  // namespace hone
