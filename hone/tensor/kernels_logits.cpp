// Rows of logits: scaling, the statistics of their softmax, gradients.
#include <algorithm>
#include <cmath>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hone/tensor/kernels_logits.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "hone/tensor/kernels-inl.h"
#include "hone/tensor/kernels.h"

HWY_BEFORE_NAMESPACE();
namespace hone::kernel {
namespace HWY_NAMESPACE {

void scale_row(std::int64_t n, float softcap, float inverse_temperature, float* z) {
  if (softcap > 0.0f) {
    for (std::int64_t i = 0; i < n; ++i) z[i] = softcap * std::tanh(z[i] / softcap);
  }
  if (inverse_temperature == 1.0f) return;
  const F d;
  const auto t = hn::Set(d, inverse_temperature);
  each(
      n, [&](std::int64_t i) { hn::StoreU(hn::Mul(hn::LoadU(d, z + i), t), d, z + i); },
      [&](std::int64_t i) { z[i] *= inverse_temperature; });
}

BlockStats stats_of_block(std::int64_t n, const float* z) {
  const F d;
  const auto lanes = lane_count();
  float max = z[0];
  auto m = hn::Set(d, max);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) m = hn::Max(m, hn::LoadU(d, z + i));
  max = hn::GetLane(hn::MaxOfLanes(d, m));
  for (; i < n; ++i) max = std::max(max, z[i]);
  const auto vmax = hn::Set(d, max);
  auto total = hn::Zero(d), weighted = hn::Zero(d);
  const auto take = [&](Vec shifted, Vec e) HWY_ATTR {
    total = hn::Add(total, e);
    weighted = hn::MulAdd(e, shifted, weighted);
  };
  for (i = 0; i + lanes <= n; i += lanes) {
    const auto shifted = hn::Sub(hn::LoadU(d, z + i), vmax);
    take(shifted, hn::Exp(d, shifted));
  }
  if (i < n) {
    const auto inside = hn::FirstN(d, static_cast<std::size_t>(n - i));
    const auto shifted = hn::IfThenElseZero(inside, hn::Sub(load_first(z + i, n - i), vmax));
    take(shifted, hn::IfThenElseZero(inside, hn::Exp(d, shifted)));
  }
  return {max, sum(total), sum(weighted)};
}

void backward_row(std::int64_t n, const RowGradient& row, float* z) {
  const F d;
  const auto lanes = lane_count();
  const auto lse = hn::Set(d, row.stats.lse), entropy = hn::Set(d, row.stats.entropy);
  const auto gl = hn::Set(d, row.by_logprob), ge = hn::Set(d, row.by_entropy),
             it = hn::Set(d, row.inverse_temperature);
  const bool here = row.target >= 0 && row.target < n;
  const float z_target = here ? z[row.target] : 0.0f;
  const auto cap_slope = [&](float value) {  // of cap·tanh(x/cap), from its output before the temperature
    const float y = value / row.inverse_temperature / row.softcap;
    return 1.0f - y * y;
  };
  for (std::int64_t i = 0; i < n; i += lanes) {
    const auto count = std::min(lanes, n - i);
    const auto log_p = hn::Sub(load_first(z + i, count), lse);
    const auto p = hn::Exp(d, log_p);
    auto g = hn::Neg(hn::Mul(p, hn::MulAdd(ge, hn::Add(log_p, entropy), gl)));
    g = hn::Mul(g, it);
    if (row.softcap > 0.0f) {
      const auto y = hn::Div(load_first(z + i, count), hn::Set(d, row.inverse_temperature * row.softcap));
      g = hn::Mul(g, hn::NegMulAdd(y, y, hn::Set(d, 1.0f)));
    }
    store_first(g, z + i, count);
  }
  if (here)
    z[row.target] +=
        row.by_logprob * row.inverse_temperature * (row.softcap > 0.0f ? cap_slope(z_target) : 1.0f);
}

}  // namespace HWY_NAMESPACE
}  // namespace hone::kernel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hone::kernel {

HWY_EXPORT(scale_row);
HWY_EXPORT(stats_of_block);
HWY_EXPORT(backward_row);

void scale_logits(std::int64_t n, float softcap, float inverse_temperature, float* z) {
  HWY_DYNAMIC_DISPATCH(scale_row)(n, softcap, inverse_temperature, z);
}

BlockStats block_stats(std::int64_t n, const float* z) { return HWY_DYNAMIC_DISPATCH(stats_of_block)(n, z); }

RowStats merge_blocks(std::int64_t count, const BlockStats* blocks) {
  float max = blocks[0].max;
  for (std::int64_t i = 1; i < count; ++i) max = std::max(max, blocks[i].max);
  float total = 0.0f, weighted = 0.0f;
  for (std::int64_t i = 0; i < count; ++i) {
    const float shift = blocks[i].max - max, scale = std::exp(shift);
    total += scale * blocks[i].sum;
    weighted += scale * (blocks[i].weighted + shift * blocks[i].sum);
  }
  const float log_total = std::log(total);
  return {max, max + log_total, log_total - weighted / total};
}

RowStats row_stats(std::int64_t n, const float* z) {
  thread_local std::vector<BlockStats> blocks;
  blocks.clear();
  for (std::int64_t i = 0; i < n; i += kStatsBlock)
    blocks.push_back(block_stats(std::min(kStatsBlock, n - i), z + i));
  return merge_blocks(static_cast<std::int64_t>(blocks.size()), blocks.data());
}

RowStats row_stats_kept(const float* z, const std::int32_t* kept, std::int64_t count) {
  thread_local std::vector<float> gathered;
  gathered.resize(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) gathered[static_cast<std::size_t>(i)] = z[kept[i]];
  return row_stats(count, gathered.data());
}

void row_backward(std::int64_t n, const RowGradient& g, float* z) {
  HWY_DYNAMIC_DISPATCH(backward_row)(n, g, z);
}

void row_backward_kept(std::int64_t n, const std::int32_t* kept, std::int64_t count, const RowGradient& g,
                       float* z) {
  thread_local std::vector<float> gathered;
  gathered.resize(static_cast<std::size_t>(count));
  RowGradient among = g;
  among.target = -1;
  for (std::int64_t i = 0; i < count; ++i) {
    gathered[static_cast<std::size_t>(i)] = z[kept[i]];
    if (kept[i] == g.target) among.target = i;
  }
  row_backward(count, among, gathered.data());
  std::fill(z, z + n, 0.0f);
  for (std::int64_t i = 0; i < count; ++i) z[kept[i]] = gathered[static_cast<std::size_t>(i)];
}

}  // namespace hone::kernel
#endif  // HWY_ONCE
