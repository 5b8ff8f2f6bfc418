#include "hone/tensor/head.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "hone/base/threads.h"
#include "hone/base/time_split.h"
#include "hone/tensor/gemm.h"

namespace hone::native {
namespace {

constexpr std::int64_t kRowsAtOnce = 1024;

// Calls body(chunk's first row, rows, block's first column, columns, z) for every block of scaled logits
// [rows, columns]: all blocks of a chunk of rows, then the next chunk.
template <class Body>
void each_block(const HeadTask& t, const Body& body) {
  const std::int64_t width = std::min(t.V, kernel::kStatsBlock);
  const auto z =
      std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(std::min(t.N, kRowsAtOnce) * width));
  for (std::int64_t r0 = 0; r0 < t.N; r0 += kRowsAtOnce) {
    const std::int64_t rows = std::min(kRowsAtOnce, t.N - r0);
    for (std::int64_t v0 = 0; v0 < t.V; v0 += width) {
      const std::int64_t columns = std::min(width, t.V - v0);
      gemm_nt(rows, columns, t.H, t.hidden + r0 * t.H, t.head + v0 * t.H, z.get());
      body(r0, rows, v0, columns, z.get());
    }
  }
}

template <class Body>
void each_row(std::int64_t rows, std::int64_t columns, const Body& body) {
  parallel_for(rows, std::max<std::int64_t>(1, 4096 / columns), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) body(i);
  });
}

bool keeps_all(const HeadTask& t, std::int64_t row) {
  return t.kept_offsets == nullptr || t.kept_offsets[row] == t.kept_offsets[row + 1];
}

// The kept ids of a row that lie in [v0, v0 + columns).
struct KeptRange {
  const std::int32_t *begin, *end;
};
KeptRange kept_in(const HeadTask& t, std::int64_t row, std::int64_t v0, std::int64_t columns) {
  const auto *first = t.kept_ids + t.kept_offsets[row], *last = t.kept_ids + t.kept_offsets[row + 1];
  first = std::lower_bound(first, last, v0);
  return {first, std::lower_bound(first, last, v0 + columns)};
}

}  // namespace

void score_rows(const HeadTask& t, float* logprobs, kernel::RowStats* stats) {
  const Timed timed(TimePart::kSoftmax);
  const std::int64_t blocks = (t.V + kernel::kStatsBlock - 1) / kernel::kStatsBlock;
  std::vector<kernel::BlockStats> parts(static_cast<std::size_t>(std::min(t.N, kRowsAtOnce) * blocks));
  std::vector<float> kept;  // the logits of a chunk's kept sets, side by side: their blocks are their own
  each_block(t, [&](std::int64_t r0, std::int64_t rows, std::int64_t v0, std::int64_t columns, float* z) {
    const bool last = v0 + columns == t.V;
    const std::int64_t first_kept = t.kept_offsets == nullptr ? 0 : t.kept_offsets[r0];
    if (t.kept_offsets != nullptr && v0 == 0)
      kept.resize(static_cast<std::size_t>(t.kept_offsets[r0 + rows] - first_kept));
    each_row(rows, columns, [&](std::int64_t i) {
      const std::int64_t row = r0 + i, target = t.targets[row] - v0;
      float* zi = z + i * columns;
      kernel::scale_logits(columns, t.softcap, t.inverse_temperature[row], zi);
      if (target >= 0 && target < columns) logprobs[row] = zi[target];
      if (keeps_all(t, row)) {
        kernel::BlockStats* own = parts.data() + i * blocks;
        own[v0 / kernel::kStatsBlock] = kernel::block_stats(columns, zi);
        if (last) stats[row] = kernel::merge_blocks(blocks, own);
      } else {
        const KeptRange range = kept_in(t, row, v0, columns);
        float* to = kept.data() + (range.begin - t.kept_ids) - first_kept;
        for (const auto* id = range.begin; id != range.end; ++id) *to++ = zi[*id - v0];
        const std::int64_t begin = t.kept_offsets[row];
        if (last)
          stats[row] = kernel::row_stats(t.kept_offsets[row + 1] - begin, kept.data() + begin - first_kept);
      }
      if (last) logprobs[row] -= stats[row].lse;
    });
  });
}

void score_rows_backward(const HeadTask& t, const kernel::RowStats* stats, const float* by_logprob,
                         const float* by_entropy, float* d_hidden, float* d_head) {
  const Timed timed(TimePart::kSoftmax);
  each_block(t, [&](std::int64_t r0, std::int64_t rows, std::int64_t v0, std::int64_t columns, float* z) {
    each_row(rows, columns, [&](std::int64_t i) {
      thread_local std::vector<std::int32_t> places;
      const std::int64_t row = r0 + i;
      float* zi = z + i * columns;
      kernel::scale_logits(columns, t.softcap, t.inverse_temperature[row], zi);
      const kernel::RowGradient gradient{stats[row],
                                         t.targets[row] - v0,
                                         by_logprob != nullptr ? by_logprob[row] : 0.0f,
                                         by_entropy != nullptr ? by_entropy[row] : 0.0f,
                                         t.softcap,
                                         t.inverse_temperature[row]};
      if (keeps_all(t, row)) return kernel::row_backward(columns, gradient, zi);
      const KeptRange range = kept_in(t, row, v0, columns);
      places.assign(range.begin, range.end);
      for (std::int32_t& place : places) place -= static_cast<std::int32_t>(v0);
      kernel::row_backward_kept(columns, places.data(), std::ssize(places), gradient, zi);
    });
    gemm_nn(rows, t.H, columns, z, t.head + v0 * t.H, d_hidden + r0 * t.H, v0 > 0);
    if (d_head != nullptr) gemm_tn(columns, t.H, rows, z, t.hidden + r0 * t.H, d_head + v0 * t.H);
  });
}

}  // namespace hone::native
