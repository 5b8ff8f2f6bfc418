#include "hone/engine/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "hone/base/check.h"

namespace hone {
namespace {

// Candidates are sorted into buckets of 1/16 nat below the largest logit; the last holds all that lie 64 nats
// or more below. Limits are found bucket by bucket, so that only the one which a limit cuts is ever ordered.
constexpr std::size_t kBuckets = 1024;
constexpr float kBucketsPerNat = 16.0f;

double weight(float z, float max) { return std::exp(z - max); }

}  // namespace

Result<void> check_sampling(const SamplingParams& p, const std::string& where) {
  const auto error = [&](const char* key, const char* rule, const std::string& got) {
    return Error{where + ": " + key, rule, got};
  };
  if (p.max_new_tokens < 1)
    return error("max_new_tokens", "must be at least 1", fmt::to_string(p.max_new_tokens));
  if (!std::isfinite(p.temperature) || p.temperature < 0) {
    return error("temperature", "must be 0 (greedy) or a positive number", fmt::to_string(p.temperature));
  }
  if (p.top_k < 0) return error("top_k", "must be at least 0 (off)", fmt::to_string(p.top_k));
  if (!(p.top_p >= 0 && p.top_p <= 1)) return error("top_p", "must be in [0, 1]", fmt::to_string(p.top_p));
  if (!(p.min_p >= 0 && p.min_p <= 1)) return error("min_p", "must be in [0, 1]", fmt::to_string(p.min_p));
  for (const std::string& stop : p.stop) {
    if (stop.empty()) return error("stop", "a stop string must hold at least one character", "an empty one");
  }
  return {};
}

float inverse_temperature_of(double temperature) {
  return temperature == 0 ? 1.0f : static_cast<float>(1.0 / temperature);
}

bool RowSampler::prepare(std::span<float> z, const SamplingParams& params) {
  z_ = z;
  kept_.clear();
  greedy_ = -1;
  const auto V = static_cast<std::int64_t>(z.size());
  kernel::scale_logits(V, 0.0f, inverse_temperature_of(params.temperature), z.data());
  summarise();
  // A logit that is not finite shows in the entropy (0 · ∞) even where the sum of exponentials hides it.
  if (!std::isfinite(stats_.lse) || !std::isfinite(stats_.entropy)) return false;
  if (params.temperature == 0) {
    greedy_ = static_cast<std::int32_t>(std::max_element(z.begin(), z.end()) - z.begin());
  } else if (params.truncates()) {
    kept_.resize(z.size());
    std::iota(kept_.begin(), kept_.end(), 0);
    if (params.top_k > 0 && params.top_k < V) keep_top_k(static_cast<std::size_t>(params.top_k));
    if (params.top_p < 1.0) keep_top_p(params.top_p);
    if (params.min_p > 0.0) keep_min_p(params.min_p);
    if (kept_.size() == z.size()) kept_.clear();
    if (!kept_.empty()) {
      kept_z_.clear();
      for (const std::int32_t id : kept_) kept_z_.push_back(logit(id));
      summarise();
    }
  }
  return true;
}

std::size_t RowSampler::bucket_of(std::int32_t id) const {
  const float scaled = (stats_.max - z_[static_cast<std::size_t>(id)]) * kBucketsPerNat;
  return scaled < static_cast<float>(kBuckets - 1) ? static_cast<std::size_t>(scaled) : kBuckets - 1;
}

void RowSampler::collect_boundary(std::size_t bucket) {
  boundary_.clear();
  for (const std::int32_t id : kept_) {
    if (bucket_of(id) == bucket) boundary_.push_back(id);
  }
}

void RowSampler::keep_top_k(std::size_t k) {
  counts_.assign(kBuckets, 0);
  for (const std::int32_t id : kept_) ++counts_[bucket_of(id)];
  std::size_t bucket = 0, above = 0;  // candidates in the buckets before
  while (above + counts_[bucket] < k) above += counts_[bucket++];
  collect_boundary(bucket);
  const auto kth = boundary_.begin() + static_cast<std::ptrdiff_t>(k - above - 1);
  std::nth_element(boundary_.begin(), kth, boundary_.end(),
                   [&](auto a, auto b) { return logit(a) > logit(b); });
  const float least = logit(*kth);
  std::erase_if(kept_, [&](std::int32_t id) { return logit(id) < least; });
}

void RowSampler::keep_top_p(double p) {
  mass_.assign(kBuckets, 0.0);
  for (const std::int32_t id : kept_) mass_[bucket_of(id)] += weight(logit(id), stats_.max);
  const double limit = (1.0 - p) * std::accumulate(mass_.begin(), mass_.end(), 0.0);
  std::size_t bucket = kBuckets - 1;
  double dropped = 0.0;
  for (; bucket > 0 && dropped + mass_[bucket] <= limit; --bucket) dropped += mass_[bucket];
  collect_boundary(bucket);
  std::sort(boundary_.begin(), boundary_.end(),
            [&](auto a, auto b) { return logit(a) != logit(b) ? logit(a) < logit(b) : a > b; });
  // The first bucket holds the likeliest token, which stays whatever the limit.
  const std::size_t most = boundary_.size() - (bucket == 0 ? 1 : 0);
  std::size_t cut = 0;
  for (; cut < most; ++cut) {
    dropped += weight(logit(boundary_[cut]), stats_.max);
    if (dropped > limit) break;
  }
  if (cut == boundary_.size()) {
    std::erase_if(kept_, [&](std::int32_t id) { return bucket_of(id) >= bucket; });
    return;
  }
  const std::int32_t first = boundary_[cut];
  std::erase_if(kept_, [&](std::int32_t id) {
    return logit(id) < logit(first) || (logit(id) == logit(first) && id > first);
  });
}

void RowSampler::keep_min_p(double p) {
  std::erase_if(kept_, [&](std::int32_t id) { return weight(logit(id), stats_.max) < p; });
}

// Statistics of the candidates, and of each block of them its share of the cumulative distribution.
void RowSampler::summarise() {
  const std::span<const float> z = candidates();
  blocks_.clear();
  for (std::size_t i = 0; i < z.size(); i += kernel::kStatsBlock) {
    const auto n = std::min<std::int64_t>(kernel::kStatsBlock, std::ssize(z) - static_cast<std::int64_t>(i));
    blocks_.push_back(kernel::block_stats(n, z.data() + i));
  }
  stats_ = kernel::merge_blocks(std::ssize(blocks_), blocks_.data());
  cumulative_.assign(1, 0.0);
  for (const kernel::BlockStats& block : blocks_)
    cumulative_.push_back(cumulative_.back() + block.sum * weight(block.max, stats_.max));
}

RowSampler::Draw RowSampler::draw(double u) {
  std::int32_t id = greedy_;
  if (id < 0) {
    const std::span<const float> z = candidates();
    const double target = u * cumulative_.back();
    const auto above = std::upper_bound(cumulative_.begin(), cumulative_.end() - 1, target);
    const auto block = static_cast<std::size_t>(above - cumulative_.begin()) - 1;
    double sum = cumulative_[block];
    const std::size_t begin = block * kernel::kStatsBlock,
                      end = std::min(begin + kernel::kStatsBlock, z.size());
    for (std::size_t i = begin; i < end; ++i) {
      const double w = weight(z[i], stats_.max);
      sum += w;
      if (w > 0) id = candidate(i);  // the last likely one, should rounding carry u past the block's sum
      if (sum > target) break;
    }
  }
  HONE_CHECK(id >= 0, "u = {} met no token", u);
  return {id, logit(id) - stats_.lse, stats_.entropy};
}

}  // namespace hone
