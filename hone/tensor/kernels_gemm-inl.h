// The tile that every product is made of, compiled once per instruction set (Highway's per-target include
// guard).
#if defined(HONE_KERNELS_GEMM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HONE_KERNELS_GEMM_INL_H_
#undef HONE_KERNELS_GEMM_INL_H_
#else
#define HONE_KERNELS_GEMM_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "hone/tensor/kernels-inl.h"

#ifndef HONE_KERNELS_GEMM_TILE_ROWS_
#define HONE_KERNELS_GEMM_TILE_ROWS_
namespace hone::kernel {
constexpr std::int64_t kTileRows =
    6;  // with two vectors of columns, sums and operands fill sixteen registers
}  // namespace hone::kernel
#endif

HWY_BEFORE_NAMESPACE();
namespace hone::kernel {
namespace HWY_NAMESPACE {

// A tile is kTileRows × tile_columns() sums, all held in registers.
HWY_INLINE std::int64_t tile_columns() { return 2 * lane_count(); }

// c[i, j] = (c[i, j] or 0) + Σ_p a[i, p] · b[p, j] for kRows rows and one or two vectors of columns: each sum
// one chain of fused multiply-adds, p ascending. a[i, p] = a[i · a_row + p · a_step], b[p, ·] begins at p ·
// b_step. The sums have names because g++ leaves arrays of vectors in memory.
// With kAhead, the rows of a that the tile below will read are asked for meanwhile (a_step = 1).
template <int kRows, int kVectors, bool kAhead = false>
HWY_INLINE void tile(std::int64_t count, const float* HWY_RESTRICT a, std::int64_t a_row, std::int64_t a_step,
                     const float* HWY_RESTRICT b, std::int64_t b_step, float* HWY_RESTRICT c,
                     std::int64_t c_row, bool accumulate) {
  const F d;
  const auto lanes = lane_count();
  const auto zero = hn::Zero(d);
  auto l0 = zero, l1 = zero, l2 = zero, l3 = zero, l4 = zero, l5 = zero;  // left columns
  auto r0 = zero, r1 = zero, r2 = zero, r3 = zero, r4 = zero, r5 = zero;  // right columns
  const auto load = [&](int row, Vec& left, Vec& right) HWY_ATTR {
    left = hn::LoadU(d, c + row * c_row);
    if constexpr (kVectors > 1) right = hn::LoadU(d, c + row * c_row + lanes);
  };
  if (accumulate) {
    load(0, l0, r0);
    if constexpr (kRows > 1) load(1, l1, r1);
    if constexpr (kRows > 2) load(2, l2, r2);
    if constexpr (kRows > 3) load(3, l3, r3);
    if constexpr (kRows > 4) load(4, l4, r4);
    if constexpr (kRows > 5) load(5, l5, r5);
  }
  const float *HWY_RESTRICT a0 = a, *HWY_RESTRICT a3 = a + 3 * a_row;
  const auto step = [&]() HWY_ATTR {
    const auto left = hn::LoadU(d, b);
    Vec right = zero;
    if constexpr (kVectors > 1) right = hn::LoadU(d, b + lanes);
    const auto add = [&](float value, Vec& l, Vec& r) HWY_ATTR {
      const auto v = hn::Set(d, value);
      l = hn::MulAdd(v, left, l);
      if constexpr (kVectors > 1) r = hn::MulAdd(v, right, r);
    };
    add(a0[0], l0, r0);
    if constexpr (kRows > 1) add(a0[a_row], l1, r1);
    if constexpr (kRows > 2) add(a0[2 * a_row], l2, r2);
    if constexpr (kRows > 3) add(a3[0], l3, r3);
    if constexpr (kRows > 4) add(a3[a_row], l4, r4);
    if constexpr (kRows > 5) add(a3[2 * a_row], l5, r5);
    a0 += a_step, a3 += a_step, b += b_step;
  };
  std::int64_t p = 0;
  if constexpr (kAhead) {
    constexpr std::int64_t kLine = 16;  // floats
    for (; p + kLine <= count; p += kLine) {
      for (int i = 0; i < kRows; ++i) __builtin_prefetch(a0 + (kRows + i) * a_row);
      for (int i = 0; i < kLine; ++i) step();
    }
  }
  for (; p < count; ++p) step();
  const auto store = [&](int row, Vec left, Vec right) HWY_ATTR {
    hn::StoreU(left, d, c + row * c_row);
    if constexpr (kVectors > 1) hn::StoreU(right, d, c + row * c_row + lanes);
  };
  store(0, l0, r0);
  if constexpr (kRows > 1) store(1, l1, r1);
  if constexpr (kRows > 2) store(2, l2, r2);
  if constexpr (kRows > 3) store(3, l3, r3);
  if constexpr (kRows > 4) store(4, l4, r4);
  if constexpr (kRows > 5) store(5, l5, r5);
}

// The same for 1 … kTileRows rows.
template <int kVectors, bool kAhead = false>
HWY_INLINE void tile_of(std::int64_t rows, std::int64_t count, const float* a, std::int64_t a_row,
                        std::int64_t a_step, const float* b, std::int64_t b_step, float* c,
                        std::int64_t c_row, bool accumulate) {
  switch (rows) {
    case 1:
      return tile<1, kVectors>(count, a, a_row, a_step, b, b_step, c, c_row, accumulate);
    case 2:
      return tile<2, kVectors>(count, a, a_row, a_step, b, b_step, c, c_row, accumulate);
    case 3:
      return tile<3, kVectors>(count, a, a_row, a_step, b, b_step, c, c_row, accumulate);
    case 4:
      return tile<4, kVectors>(count, a, a_row, a_step, b, b_step, c, c_row, accumulate);
    case 5:
      return tile<5, kVectors>(count, a, a_row, a_step, b, b_step, c, c_row, accumulate);
    default:
      return tile<6, kVectors, kAhead>(count, a, a_row, a_step, b, b_step, c, c_row, accumulate);
  }
}

// c [rows, columns] (+)= a · b for any rows and columns ≤ tile_columns(), b packed to whole tiles: what a
// tile has too many goes through a buffer.
HWY_INLINE void tile_part(std::int64_t rows, std::int64_t columns, std::int64_t count, const float* a,
                          std::int64_t a_row, std::int64_t a_step, const float* b, std::int64_t b_step,
                          float* c, std::int64_t c_row, bool accumulate) {
  if (columns == tile_columns())
    return tile_of<2>(rows, count, a, a_row, a_step, b, b_step, c, c_row, accumulate);
  HWY_ALIGN float whole[kTileRows * 2 * HWY_MAX_BYTES / sizeof(float)] = {};
  const std::int64_t width = tile_columns();
  for (std::int64_t i = 0; accumulate && i < rows; ++i)
    std::copy_n(c + i * c_row, columns, whole + i * width);
  tile_of<2>(rows, count, a, a_row, a_step, b, b_step, whole, width, accumulate);
  for (std::int64_t i = 0; i < rows; ++i) std::copy_n(whole + i * width, columns, c + i * c_row);
}

#if HWY_TARGET != HWY_SCALAR && !HWY_HAVE_SCALABLE && HWY_MAX_BYTES >= 32
// transpose() of as many whole eights of rows as there are; returns how many rows that is. Rows i and i + 4
// share a vector.
HWY_INLINE std::int64_t transpose_eights(std::int64_t rows, std::int64_t columns,
                                         const float* HWY_RESTRICT from, std::int64_t from_row,
                                         float* HWY_RESTRICT to, std::int64_t to_row) {
  const hn::FixedTag<float, 8> d;
  const hn::FixedTag<float, 4> half;
  const hn::RepartitionToWide<decltype(d)> dw;
  std::int64_t i = 0;
  for (; i + 8 <= rows; i += 8) {
    const float *f = from + i * from_row, *f4 = f + 4 * from_row;
    float* t = to + i;
    std::int64_t j = 0;
    for (; j + 4 <= columns; j += 4, f += 4, f4 += 4, t += 4 * to_row) {
      const auto r0 = hn::Combine(d, hn::LoadU(half, f4), hn::LoadU(half, f)),
                 r1 = hn::Combine(d, hn::LoadU(half, f4 + from_row), hn::LoadU(half, f + from_row)),
                 r2 = hn::Combine(d, hn::LoadU(half, f4 + 2 * from_row), hn::LoadU(half, f + 2 * from_row)),
                 r3 = hn::Combine(d, hn::LoadU(half, f4 + 3 * from_row), hn::LoadU(half, f + 3 * from_row));
      const auto a = hn::BitCast(dw, hn::InterleaveLower(d, r0, r1)),
                 b = hn::BitCast(dw, hn::InterleaveLower(d, r2, r3)),
                 u = hn::BitCast(dw, hn::InterleaveUpper(d, r0, r1)),
                 v = hn::BitCast(dw, hn::InterleaveUpper(d, r2, r3));
      hn::StoreU(hn::BitCast(d, hn::InterleaveLower(dw, a, b)), d, t);
      hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(dw, a, b)), d, t + to_row);
      hn::StoreU(hn::BitCast(d, hn::InterleaveLower(dw, u, v)), d, t + 2 * to_row);
      hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(dw, u, v)), d, t + 3 * to_row);
    }
    for (; j < columns; ++j, ++f, ++f4, t += to_row)
      for (std::int64_t r = 0; r < 4; ++r) t[r] = f[r * from_row], t[4 + r] = f4[r * from_row];
  }
  return i;
}
#endif

// to [columns, rows] = from [rows, columns] transposed; from's rows every from_row floats, to's every to_row.
HWY_INLINE void transpose(std::int64_t rows, std::int64_t columns, const float* HWY_RESTRICT from,
                          std::int64_t from_row, float* HWY_RESTRICT to, std::int64_t to_row) {
  std::int64_t i = 0;
#if HWY_TARGET != HWY_SCALAR
#if !HWY_HAVE_SCALABLE && HWY_MAX_BYTES >= 32
  i = transpose_eights(rows, columns, from, from_row, to, to_row);
#endif
  const hn::FixedTag<float, 4> d;
  const hn::RepartitionToWide<decltype(d)> dw;
  for (; i + 4 <= rows; i += 4) {
    std::int64_t j = 0;
    for (; j + 4 <= columns; j += 4) {
      const float* f = from + i * from_row + j;
      const auto r0 = hn::LoadU(d, f), r1 = hn::LoadU(d, f + from_row), r2 = hn::LoadU(d, f + 2 * from_row),
                 r3 = hn::LoadU(d, f + 3 * from_row);
      const auto a = hn::BitCast(dw, hn::InterleaveLower(d, r0, r1)),
                 b = hn::BitCast(dw, hn::InterleaveLower(d, r2, r3)),
                 u = hn::BitCast(dw, hn::InterleaveUpper(d, r0, r1)),
                 v = hn::BitCast(dw, hn::InterleaveUpper(d, r2, r3));
      float* t = to + j * to_row + i;
      hn::StoreU(hn::BitCast(d, hn::InterleaveLower(dw, a, b)), d, t);
      hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(dw, a, b)), d, t + to_row);
      hn::StoreU(hn::BitCast(d, hn::InterleaveLower(dw, u, v)), d, t + 2 * to_row);
      hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(dw, u, v)), d, t + 3 * to_row);
    }
    for (; j < columns; ++j)
      for (std::int64_t r = 0; r < 4; ++r) to[j * to_row + i + r] = from[(i + r) * from_row + j];
  }
#endif
  for (; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j) to[j * to_row + i] = from[i * from_row + j];
}

}  // namespace HWY_NAMESPACE
}  // namespace hone::kernel
HWY_AFTER_NAMESPACE();
#endif
