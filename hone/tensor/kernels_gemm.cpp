// Products of matrices. Every sum is one chain of fused multiply-adds in ascending order, so blocking, tiles,
// threads and the width of vectors are free to be whatever is fastest: none of them changes a bit.
#include <algorithm>
#include <cstddef>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hone/tensor/kernels_gemm.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "hone/base/threads.h"
#include "hone/base/time_split.h"
#include "hone/tensor/gemm.h"
#include "hone/tensor/kernels_gemm-inl.h"

#if !defined(HONE_KERNELS_GEMM_PRODUCT_)
#define HONE_KERNELS_GEMM_PRODUCT_
namespace hone::kernel {
// Steps of the sums taken at once: a panel of them stays in the first cache. Parts of equal length, because
// each part begins and ends with the sums in memory.
inline std::int64_t steps_at_once(std::int64_t count, std::int64_t most = 320) {
  const std::int64_t parts = std::max<std::int64_t>(1, (count + most - 1) / most);
  return std::max<std::int64_t>(1, (count + parts - 1) / parts);
}

// c [rows, columns] (+)= a [rows, count] · b [count, columns]; a transposed one is stored [count, rows] or
// [columns, count].
struct Product {
  std::int64_t rows, columns, count;
  const float* a;
  bool a_transposed;
  const float* b;
  bool b_transposed;
  float* c;
  bool accumulate;
};
}  // namespace hone::kernel
#endif

HWY_BEFORE_NAMESPACE();
namespace hone::kernel {
namespace HWY_NAMESPACE {

// A packed operand is [panels][count][tile_columns()]: what a tile reads lies in one piece.
// The columns [begin, end) of b [count, ·], whose rows begin every `row` floats, the last panel filled with
// zeros.
void pack_columns(std::int64_t count, std::int64_t begin, std::int64_t end, const float* b, std::int64_t row,
                  float* packed) {
  const F d;
  const std::int64_t width = tile_columns(), lanes = lane_count();
  for (std::int64_t j = begin; j < end; j += width) {
    const float* from = b + j;
    if (j + width <= end) {
      for (std::int64_t p = 0; p < count; ++p, from += row, packed += width) {
        hn::StoreU(hn::LoadU(d, from), d, packed);
        hn::StoreU(hn::LoadU(d, from + lanes), d, packed + lanes);
      }
      continue;
    }
    for (std::int64_t p = 0; p < count; ++p, from += row, packed += width) {
      std::fill_n(packed, width, 0.0f);
      std::copy_n(from, end - j, packed);
    }
  }
}

// Rows [begin, end) of x [·, columns], transposed: the panels' columns are x's rows. `count` columns from x
// on.
void pack_rows(std::int64_t count, std::int64_t begin, std::int64_t end, const float* x, std::int64_t row,
               float* packed) {
  const std::int64_t width = tile_columns();
  for (std::int64_t i = begin; i < end; i += width, packed += count * width) {
    const std::int64_t here = std::min(width, end - i);
    if (here < width) std::fill_n(packed, count * width, 0.0f);
    transpose(here, count, x + i * row, row, packed, width);
  }
}

// Rows of w to one buffer of sums on the way to y.
constexpr std::int64_t kTransposedRows = 48;

// y[i, o] for the rows [begin, end) of w and a few rows of x, which pack_rows packed steps_at_once(k) columns
// at a time. The tiles' rows are w's, read in place: weights stream by once, whatever m.
void nt_rows(std::int64_t m, std::int64_t n, std::int64_t k, std::int64_t begin, std::int64_t end,
             const float* packed, const float* w, float* y) {
  const std::int64_t width = tile_columns(), padded = (m + width - 1) / width * width,
                     steps = steps_at_once(k);
  thread_local std::vector<float> sums;
  sums.resize(static_cast<std::size_t>(kTransposedRows * padded));
  const bool narrow = m <= lane_count();
  for (std::int64_t o = begin; o < end; o += kTransposedRows) {
    const std::int64_t rows = std::min(kTransposedRows, end - o);
    for (std::int64_t p = 0; p < k; p += steps) {
      const std::int64_t count = std::min(steps, k - p);
      for (std::int64_t i = 0; i < m; i += width) {
        const float* b = packed + p * padded + i * count;
        for (std::int64_t r = 0; r < rows; r += kTileRows) {
          const float* a = w + (o + r) * k + p;
          const std::int64_t here = std::min(kTileRows, rows - r);
          float* c = sums.data() + r * padded + i;
          if (narrow) {
            tile_of<1, true>(here, count, a, k, 1, b, width, c, padded, p > 0);
          } else if (i == 0) {
            tile_of<2, true>(here, count, a, k, 1, b, width, c, padded, p > 0);
          } else {
            tile_of<2>(here, count, a, k, 1, b, width, c, padded, p > 0);
          }
        }
      }
    }
    transpose(rows, m, sums.data(), padded, y + o, n);
  }
}

// Rows [begin, end) and columns [left, right) of the product: a block of a stays in the second cache while
// panels of b pass through the first.
void product_block(const Product& s, std::int64_t begin, std::int64_t end, std::int64_t left,
                   std::int64_t right) {
  constexpr std::int64_t kRowsAtOnce = 144;
  const std::int64_t most_steps = steps_at_once(s.count, s.a_transposed ? 256 : 320);
  const std::int64_t width = tile_columns(), most_columns = 64 * width;
  thread_local std::vector<float> packed, packed_a;
  for (std::int64_t j0 = left; j0 < right; j0 += most_columns) {
    const std::int64_t j1 = std::min(right, j0 + most_columns),
                       padded = (j1 - j0 + width - 1) / width * width;
    packed.resize(static_cast<std::size_t>(most_steps * padded));
    for (std::int64_t p = 0; p < s.count; p += most_steps) {
      const std::int64_t steps = std::min(most_steps, s.count - p);
      if (s.b_transposed) {
        pack_rows(steps, j0, j1, s.b + p, s.count, packed.data());
      } else {
        pack_columns(steps, j0, j1, s.b + p * s.columns, s.columns, packed.data());
      }
      for (std::int64_t i0 = begin; i0 < end; i0 += kRowsAtOnce) {
        const std::int64_t i1 = std::min(end, i0 + kRowsAtOnce);
        // Where a's rows are its steps, they are brought together: [tiles][steps][kTileRows].
        std::int64_t tile_stride = kTileRows * s.count, row = s.count, step = 1;
        const float* block = s.a + i0 * s.count + p;
        if (s.a_transposed) {
          packed_a.resize(static_cast<std::size_t>(kRowsAtOnce * most_steps));
          tile_stride = kTileRows * steps, row = 1, step = kTileRows;
          for (std::int64_t q = 0; q < steps; ++q) {
            float* to = packed_a.data() + q * kTileRows;
            const float *from = s.a + (p + q) * s.rows + i0, *last = from + (i1 - i0);
            for (; from + kTileRows <= last; from += kTileRows, to += tile_stride)
              std::copy_n(from, kTileRows, to);
            std::copy(from, last, to);
          }
          block = packed_a.data();
        }
        for (std::int64_t j = j0; j < j1; j += width) {
          const float* panel = packed.data() + (j - j0) * steps;
          const float* a = block;
          for (std::int64_t i = i0; i < i1; i += kTileRows, a += tile_stride)
            tile_part(std::min(kTileRows, i1 - i), std::min(width, j1 - j), steps, a, row, step, panel, width,
                      s.c + i * s.columns + j, s.columns, s.accumulate || p > 0);
        }
      }
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hone::kernel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hone {
namespace kernel {
namespace {

HWY_EXPORT(tile_columns);
HWY_EXPORT(pack_rows);
HWY_EXPORT(nt_rows);
HWY_EXPORT(product_block);

// With no more rows than this, x is what gets packed, and w streams by once; with more, w is.
constexpr std::int64_t kFewRows = 256;

std::int64_t round_up(std::int64_t n, std::int64_t unit) { return (n + unit - 1) / unit * unit; }

// Calls body on ranges of [0, n) whose edges are multiples of `unit`.
template <class Body>
void parallel_units(std::int64_t n, std::int64_t unit, std::int64_t grain, const Body& body) {
  parallel_for((n + unit - 1) / unit, std::max<std::int64_t>(1, grain / unit),
               [&](std::int64_t b, std::int64_t e) { body(b * unit, std::min(n, e * unit)); });
}

// Multiply-adds worth a thread's wake-up.
constexpr std::int64_t kWorthAThread = 64 << 10;

// Threads share out whichever side needs less packing done twice, unless it cuts too unevenly.
void product(const Product& s) {
  if (s.count == 0 && !s.accumulate) std::fill_n(s.c, s.rows * s.columns, 0.0f);
  const std::int64_t width = HWY_DYNAMIC_DISPATCH(tile_columns)(), threads = thread_count();
  const std::int64_t panels = (s.columns + width - 1) / width, tiles = (s.rows + kTileRows - 1) / kTileRows;
  const auto even = [&](std::int64_t units) { return units % threads == 0 || units >= 8 * threads; };
  const bool by_rows = s.a_transposed ? even(tiles) || tiles >= panels : !even(panels) && tiles >= panels;
  const std::int64_t across = by_rows ? s.columns : s.rows;
  const std::int64_t grain = kWorthAThread / std::max<std::int64_t>(1, across * s.count) + 1;
  parallel_units(by_rows ? s.rows : s.columns, by_rows ? kTileRows : width, grain,
                 [&](std::int64_t begin, std::int64_t end) {
                   HWY_DYNAMIC_DISPATCH(product_block)
                   (s, by_rows ? begin : 0, by_rows ? end : s.rows, by_rows ? 0 : begin,
                    by_rows ? s.columns : end);
                 });
}

}  // namespace
}  // namespace kernel

void gemm_nt(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, const float* w, float* y) {
  using namespace kernel;
  const Timed timed(TimePart::kProducts);
  if (m > kFewRows) return product({m, n, k, x, false, w, true, y, false});
  if (m == 0) return;
  const std::int64_t width = HWY_DYNAMIC_DISPATCH(tile_columns)(), padded = round_up(m, width);
  thread_local std::vector<float> buffer;
  buffer.resize(static_cast<std::size_t>(padded * k));
  float* packed = buffer.data();
  const std::int64_t most_steps = steps_at_once(k);
  parallel_units(padded, width, (16 << 10) / k + 1, [&](std::int64_t b, std::int64_t e) {
    for (std::int64_t p = 0; p < k; p += most_steps) {
      const std::int64_t steps = std::min(most_steps, k - p);
      HWY_DYNAMIC_DISPATCH(pack_rows)(steps, b, std::min(e, m), x + p, k, packed + p * padded + b * steps);
    }
  });
  parallel_units(n, kTileRows, kWorthAThread / std::max<std::int64_t>(1, padded * k) + 1,
                 [&](std::int64_t b, std::int64_t e) {
                   HWY_DYNAMIC_DISPATCH(nt_rows)(m, n, k, b, e, packed, w, y);
                 });
}

void gemm_nn(std::int64_t m, std::int64_t k, std::int64_t n, const float* dy, const float* w, float* dx,
             bool accumulate) {
  const Timed timed(TimePart::kProducts);
  kernel::product({m, k, n, dy, false, w, false, dx, accumulate});
}

void gemm_tn(std::int64_t n, std::int64_t k, std::int64_t m, const float* dy, const float* x, float* dw) {
  const Timed timed(TimePart::kProducts);
  kernel::product({n, k, m, dy, true, x, false, dw, true});
}

}  // namespace hone
#endif  // HWY_ONCE
