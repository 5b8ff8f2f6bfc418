// Pieces of attention's two passes, compiled once per instruction set (Highway's per-target include guard).
#if defined(HONE_KERNELS_ATTENTION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HONE_KERNELS_ATTENTION_INL_H_
#undef HONE_KERNELS_ATTENTION_INL_H_
#else
#define HONE_KERNELS_ATTENTION_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "hone/tensor/kernels_attention.h"
#include "hone/tensor/kernels_gemm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hone::kernel {
namespace HWY_NAMESPACE {

HWY_INLINE std::int64_t round_down(std::int64_t n, std::int64_t unit) { return n / unit * unit; }
HWY_INLINE std::int64_t round_up(std::int64_t n, std::int64_t unit) { return (n + unit - 1) / unit * unit; }

// `count` rows of `dim` floats as panels [panel][dim][tile_columns()]: a panel's columns are rows. Columns
// past the last row are left as they are: what is made of them is never read.
HWY_INLINE void transposed_panels(std::int64_t count, std::int64_t dim, const float* rows,
                                  std::int64_t stride, float* to) {
  const std::int64_t width = tile_columns();
  for (std::int64_t j = 0; j < count; j += width, to += dim * width)
    transpose(std::min(width, count - j), dim, rows + j * stride, stride, to, width);
}

// The same rows as panels [panel][count][tile_columns()] of their columns, the last filled with zeros.
HWY_INLINE void column_panels(std::int64_t count, std::int64_t dim, const float* rows, std::int64_t stride,
                              float* to) {
  const F d;
  const std::int64_t width = tile_columns(), lanes = lane_count();
  for (std::int64_t c = 0; c < dim; c += width) {
    const float* from = rows + c;
    if (c + width <= dim) {
      for (std::int64_t j = 0; j < count; ++j, from += stride, to += width) {
        const auto left = hn::LoadU(d, from), right = hn::LoadU(d, from + lanes);
        hn::StoreU(left, d, to);
        hn::StoreU(right, d, to + lanes);
      }
      continue;
    }
    for (std::int64_t j = 0; j < count; ++j, from += stride, to += width) {
      std::fill_n(to, width, 0.0f);
      std::copy_n(from, dim - c, to);
    }
  }
}

// And back.
HWY_INLINE void from_column_panels(std::int64_t count, std::int64_t dim, const float* panels, float* rows,
                                   std::int64_t stride) {
  const F d;
  const std::int64_t width = tile_columns(), lanes = lane_count();
  for (std::int64_t c = 0; c < dim; c += width) {
    float* to = rows + c;
    if (c + width <= dim) {
      for (std::int64_t j = 0; j < count; ++j, to += stride, panels += width) {
        const auto left = hn::LoadU(d, panels), right = hn::LoadU(d, panels + lanes);
        hn::StoreU(left, d, to);
        hn::StoreU(right, d, to + lanes);
      }
      continue;
    }
    for (std::int64_t j = 0; j < count; ++j, to += stride, panels += width) std::copy_n(panels, dim - c, to);
  }
}

// The queries of rows [begin, end), `share` heads of each, side by side: [vectors][padded], filled with
// zeros.
HWY_INLINE void pack_heads(std::int64_t begin, std::int64_t end, std::int64_t share, std::int64_t dim,
                           const float* from, std::int64_t stride, float* to, std::int64_t padded) {
  for (std::int64_t t = begin; t < end; ++t) {
    for (std::int64_t h = 0; h < share; ++h, to += padded) {
      std::copy_n(from + t * stride + h * dim, dim, to);
      std::fill(to + dim, to + padded, 0.0f);
    }
  }
}

// A soft cap on `n` scores, in place; writes up to a vector beyond.
HWY_INLINE void cap_scores(std::int64_t n, float scale, float softcap, float* x) {
  const F d;
  const auto vs = hn::Set(d, scale), cap = hn::Set(d, softcap);
  for (std::int64_t j = 0; j < n; j += lane_count()) {
    const auto y = hn::Div(hn::Mul(hn::LoadU(d, x + j), vs), cap);
    hn::StoreU(hn::Mul(cap, hn::Tanh(d, y)), d, x + j);
  }
}

HWY_INLINE Vec exponential(Vec x, Vec factor, Vec shift) {
  return hn::Exp(F(), hn::Sub(hn::Mul(x, factor), shift));
}

HWY_INLINE Vec keep_first(std::int64_t n, Vec v) {
  return hn::IfThenElseZero(hn::FirstN(F(), static_cast<std::size_t>(n)), v);
}

// Asks for `count` rows of `dim` floats that are used soon.
HWY_INLINE void fetch(std::int64_t count, std::int64_t dim, const float* rows, std::int64_t stride) {
  constexpr std::int64_t kLine = 16;  // floats
  for (; count > 0; --count, rows += stride)
    for (std::int64_t i = 0; i < dim; i += kLine) __builtin_prefetch(rows + i);
}

// tile() for up to three rows and four vectors of columns: as many sums on the way with few rows.
constexpr std::int64_t kFewTileRows = 3;
template <int kRows, bool kAccumulate, bool kFetch>
HWY_INLINE void wide_tile(std::int64_t count, const float* HWY_RESTRICT a, std::int64_t a_row,
                          std::int64_t a_step, const float* HWY_RESTRICT b, std::int64_t b_step,
                          float* HWY_RESTRICT c, std::int64_t c_row, std::int64_t ahead) {
  const F d;
  const auto lanes = lane_count();
  const auto zero = hn::Zero(d);
  auto p0 = zero, p1 = zero, p2 = zero, p3 = zero;  // the first row's sums
  auto q0 = zero, q1 = zero, q2 = zero, q3 = zero;
  auto r0 = zero, r1 = zero, r2 = zero, r3 = zero;
  const auto load = [&](int row, Vec& x0, Vec& x1, Vec& x2, Vec& x3) HWY_ATTR {
    const float* from = c + row * c_row;
    x0 = hn::LoadU(d, from), x1 = hn::LoadU(d, from + lanes);
    x2 = hn::LoadU(d, from + 2 * lanes), x3 = hn::LoadU(d, from + 3 * lanes);
  };
  if constexpr (kAccumulate) {
    load(0, p0, p1, p2, p3);
    if constexpr (kRows > 1) load(1, q0, q1, q2, q3);
    if constexpr (kRows > 2) load(2, r0, r1, r2, r3);
  }
  for (std::int64_t i = 0; i < count; ++i, a += a_step, b += b_step) {
    if constexpr (kFetch) fetch(1, 4 * lanes, b + ahead, 0);
    Vec x = zero, y = zero, z = zero;
    x = hn::Set(d, a[0]);
    if constexpr (kRows > 1) y = hn::Set(d, a[a_row]);
    if constexpr (kRows > 2) z = hn::Set(d, a[2 * a_row]);
    const auto add = [&](std::int64_t at, Vec& p, Vec& q, Vec& r) HWY_ATTR {
      const auto column = hn::LoadU(d, b + at);
      p = hn::MulAdd(x, column, p);
      if constexpr (kRows > 1) q = hn::MulAdd(y, column, q);
      if constexpr (kRows > 2) r = hn::MulAdd(z, column, r);
    };
    add(0, p0, q0, r0);
    add(lanes, p1, q1, r1);
    add(2 * lanes, p2, q2, r2);
    add(3 * lanes, p3, q3, r3);
  }
  const auto store = [&](int row, Vec x0, Vec x1, Vec x2, Vec x3) HWY_ATTR {
    float* to = c + row * c_row;
    hn::StoreU(x0, d, to), hn::StoreU(x1, d, to + lanes);
    hn::StoreU(x2, d, to + 2 * lanes), hn::StoreU(x3, d, to + 3 * lanes);
  };
  store(0, p0, p1, p2, p3);
  if constexpr (kRows > 1) store(1, q0, q1, q2, q3);
  if constexpr (kRows > 2) store(2, r0, r1, r2, r3);
}

// c [rows, columns] (+)= a · b, columns whole tiles.
template <bool kAccumulate, bool kFetch>
HWY_INLINE void product(std::int64_t rows, std::int64_t columns, std::int64_t count, const float* a,
                        std::int64_t a_row, const float* b, std::int64_t b_step, float* c, std::int64_t c_row,
                        std::int64_t ahead) {
  const std::int64_t width = tile_columns();
  for (std::int64_t i = 0; i < rows; i += kTileRows, a += kTileRows * a_row, c += kTileRows * c_row) {
    const std::int64_t here = std::min(kTileRows, rows - i);
    std::int64_t j = 0;
    if (kFetch && here > kFewTileRows) fetch(count, columns, b + ahead, b_step);
    for (; here <= kFewTileRows && j + 2 * width <= columns; j += 2 * width) {
      switch (here) {
        case 1:
          wide_tile<1, kAccumulate, kFetch>(count, a, a_row, 1, b + j, b_step, c + j, c_row, ahead);
          break;
        case 2:
          wide_tile<2, kAccumulate, kFetch>(count, a, a_row, 1, b + j, b_step, c + j, c_row, ahead);
          break;
        default:
          wide_tile<3, kAccumulate, kFetch>(count, a, a_row, 1, b + j, b_step, c + j, c_row, ahead);
      }
    }
    for (; j < columns; j += width)
      tile_of<2>(here, count, a, a_row, 1, b + j, b_step, c + j, c_row, kAccumulate);
  }
}

HWY_INLINE void add_product(std::int64_t rows, std::int64_t columns, std::int64_t count, const float* a,
                            std::int64_t a_row, const float* b, std::int64_t b_step, float* c,
                            std::int64_t c_row) {
  product<true, false>(rows, columns, count, a, a_row, b, b_step, c, c_row, 0);
}

// Scores → exponentials in place, 0 in the rest of the last vector. `*max` is the largest score.
HWY_INLINE float softmax(const Attention& a, std::int64_t n, float* x, float* max) {
  const F d;
  const auto lanes = lane_count();
  if (a.softcap > 0.0f) cap_scores(n, a.scale, a.softcap, x);
  const auto factor = hn::Set(d, a.softcap > 0.0f ? 1.0f : a.scale);
  auto most = hn::Mul(hn::Set(d, x[0]), factor);
  std::int64_t j = 0;
  for (; j + lanes <= n; j += lanes) most = hn::Max(most, hn::Mul(hn::LoadU(d, x + j), factor));
  if (j < n) {
    const auto last = hn::Mul(hn::LoadU(d, x + j), factor);
    most = hn::Max(most, hn::IfThenElse(hn::FirstN(d, static_cast<std::size_t>(n - j)), last, most));
  }
  *max = hn::GetLane(hn::MaxOfLanes(d, most));
  const auto shift = hn::Set(d, *max);
  auto total = hn::Zero(d);
  for (j = 0; j + lanes <= n; j += lanes) {
    const auto e = exponential(hn::LoadU(d, x + j), factor, shift);
    hn::StoreU(e, d, x + j);
    total = hn::Add(total, e);
  }
  if (j < n) {
    const auto e = keep_first(n - j, exponential(hn::LoadU(d, x + j), factor, shift));
    hn::StoreU(e, d, x + j);
    total = hn::Add(total, e);
  }
  return sum(total);
}

}  // namespace HWY_NAMESPACE
}  // namespace hone::kernel
HWY_AFTER_NAMESPACE();
#endif
