#include "hone/engine/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <numeric>

#include "hone/base/rng.h"

namespace hone {
namespace {

using Ids = std::vector<std::int32_t>;

std::vector<float> random_row(std::size_t size, std::uint64_t seed, double scale, bool ties = false) {
  RandomStream random({.seed = seed});
  std::vector<float> z(size);
  for (float& x : z) {
    x = static_cast<float>(scale * random.normal());
    if (ties) x = std::round(x * 4) / 4;
  }
  return z;
}

SamplingParams sampling(double temperature, int top_k = 0, double top_p = 1.0, double min_p = 0.0) {
  SamplingParams p;
  p.temperature = temperature, p.top_k = top_k, p.top_p = top_p, p.min_p = min_p;
  return p;
}

// What the sampler keeps, by the definitions, with whole sorts and in double.
Ids naive_kept(std::vector<float> z, const SamplingParams& p) {
  const auto inverse = static_cast<float>(1.0 / p.temperature);
  for (float& x : z) x *= inverse;
  Ids ids(z.size());
  std::iota(ids.begin(), ids.end(), 0);
  const auto at = [&](std::int32_t id) { return z[static_cast<std::size_t>(id)]; };
  // Ascending; of equals, higher ids first.
  std::sort(ids.begin(), ids.end(), [&](auto a, auto b) { return at(a) != at(b) ? at(a) < at(b) : a > b; });
  const float max = at(ids.back());
  if (p.top_k > 0 && std::cmp_less(p.top_k, ids.size())) {
    const float least = at(ids[ids.size() - static_cast<std::size_t>(p.top_k)]);
    std::erase_if(ids, [&](auto id) { return at(id) < least; });
  }
  if (p.top_p < 1) {
    double total = 0, below = 0;
    for (const auto id : ids) total += std::exp(static_cast<double>(at(id)) - max);
    std::size_t cut = 0;
    for (; cut + 1 < ids.size(); ++cut) {
      below += std::exp(static_cast<double>(at(ids[cut])) - max) / total;
      if (below > 1 - p.top_p) break;
    }
    ids.erase(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(cut));
  }
  if (p.min_p > 0) {
    std::erase_if(ids, [&](auto id) { return std::exp(static_cast<double>(at(id)) - max) < p.min_p; });
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

Ids kept_of(std::vector<float> z, const SamplingParams& p) {
  RowSampler sampler;
  EXPECT_TRUE(sampler.prepare(z, p));
  Ids kept(sampler.kept().begin(), sampler.kept().end());
  if (kept.empty()) {  // everything
    kept.resize(z.size());
    std::iota(kept.begin(), kept.end(), 0);
  }
  return kept;
}

// In double, by the definition.
TEST(Sampler, EntropyIsOfTheDistributionSampledFrom) {
  const std::vector<float> row = random_row(3000, 4, 2.0);
  for (const SamplingParams& p :
       {sampling(0), sampling(1), sampling(0.5), sampling(1.3, 20), sampling(1, 0, 0.8)}) {
    const double scale = p.temperature == 0 ? 1.0 : 1.0 / p.temperature;
    const Ids kept = p.temperature == 0 ? kept_of(row, sampling(1)) : kept_of(row, p);
    const auto z = [&](std::int32_t id) {
      return scale * static_cast<double>(row[static_cast<std::size_t>(id)]);
    };
    double total = 0, weighted = 0;
    for (const auto id : kept) total += std::exp(z(id)), weighted += z(id) * std::exp(z(id));
    std::vector<float> copy = row;
    RowSampler sampler;
    ASSERT_TRUE(sampler.prepare(copy, p));
    EXPECT_NEAR(sampler.draw(0.3).entropy, std::log(total) - weighted / total, 2e-5) << p.temperature;
  }
  std::vector<float> even(50, 1.5f);
  RowSampler sampler;
  ASSERT_TRUE(sampler.prepare(even, sampling(1)));
  EXPECT_NEAR(sampler.draw(0.3).entropy, std::log(50.0), 1e-5);
}

TEST(Sampler, GreedyTakesTheLargestAndOfEqualsTheLowestId) {
  std::vector<float> z = {-1.0f, 2.5f, 0.0f, 2.5f, 2.0f};
  RowSampler sampler;
  ASSERT_TRUE(sampler.prepare(z, sampling(0)));
  for (const double u : {0.0, 0.5, 0.999999}) EXPECT_EQ(sampler.draw(u).id, 1);
  EXPECT_TRUE(sampler.kept().empty());
  double total = 0;
  for (const float x : z) total += std::exp(static_cast<double>(x));
  EXPECT_NEAR(sampler.draw(0).logprob, 2.5 - std::log(total), 1e-6);
}

TEST(Sampler, GreedyIgnoresTruncation) {
  std::vector<float> z = random_row(300, 1, 2.0);
  auto params = sampling(0, 5, 0.5, 0.2);
  RowSampler sampler;
  auto with = z, without = z;
  ASSERT_TRUE(sampler.prepare(with, params));
  const auto a = sampler.draw(0);
  EXPECT_TRUE(sampler.kept().empty());
  ASSERT_TRUE(sampler.prepare(without, sampling(0)));
  const auto b = sampler.draw(0);
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.logprob, b.logprob);
}

TEST(Sampler, KeepsWhatTheDefinitionsKeep) {
  const std::vector<SamplingParams> cases = {sampling(1.0, 1),           sampling(1.0, 7),
                                             sampling(0.7, 40),          sampling(1.0, 100000),
                                             sampling(1.0, 0, 0.9),      sampling(1.3, 0, 0.5),
                                             sampling(1.0, 0, 0.0),      sampling(1.0, 0, 0.999),
                                             sampling(1.0, 0, 0.999999), sampling(1.0, 0, 1, 0.1),
                                             sampling(2.0, 0, 1, 0.01),  sampling(1.0, 0, 1, 1.0),
                                             sampling(0.6, 20, 0.95),    sampling(0.8, 50, 0.9, 0.05),
                                             sampling(1.5, 0, 0.8, 0.1), sampling(0.05, 3, 0.9, 0.3)};
  int truncated = 0;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    for (const bool ties : {false, true}) {
      const auto z = random_row(seed % 3 == 0 ? 5003 : 320, seed, seed % 2 == 0 ? 1.0 : 4.0, ties);
      for (const auto& p : cases) {
        SCOPED_TRACE(::testing::Message() << "seed " << seed << " ties " << ties << " t " << p.temperature
                                          << " k " << p.top_k << " p " << p.top_p << " min_p " << p.min_p);
        const Ids expected = naive_kept(z, p);
        EXPECT_EQ(kept_of(z, p), expected);
        if (expected.size() < z.size()) ++truncated;
      }
    }
  }
  EXPECT_GT(truncated, 300);
}

// Worked by hand. (The warpers leave the order of equals to an unstable sort; here it agrees with greedy
// decoding.)
TEST(Sampler, TiesWithTheKthStayAndLowerIdsWin) {
  const std::vector<float> equal(8, 0.25f);
  EXPECT_EQ(kept_of(equal, sampling(1, 3)).size(), 8u) << "ties with the k-th stay";
  EXPECT_EQ(kept_of(equal, sampling(1, 0, 0.5)), (Ids{0, 1, 2, 3})) << "half the mass goes, higher ids first";
  EXPECT_EQ(kept_of(equal, sampling(1, 0, 0.0)), (Ids{0}));
  EXPECT_EQ(kept_of(equal, sampling(1, 0, 1, 1.0)).size(), 8u);
  const std::vector<float> z = {1.0f, 3.0f, 2.0f, 3.0f, 2.0f};
  EXPECT_EQ(kept_of(z, sampling(1, 1)), (Ids{1, 3}));
  EXPECT_EQ(kept_of(z, sampling(1, 3)), (Ids{1, 2, 3, 4}));
}

TEST(Sampler, ExtremeLogitsKeepAtLeastOneToken) {
  std::vector<float> z(64, -3e4f);
  z[17] = 3e4f;
  for (const auto& p :
       {sampling(1, 5), sampling(1, 0, 0.1), sampling(1, 0, 1, 0.5), sampling(1, 9, 0.2, 0.9)}) {
    std::vector<float> row = z;
    RowSampler sampler;
    ASSERT_TRUE(sampler.prepare(row, p));
    for (const double u : {0.0, 0.3, 0.9999999}) {
      EXPECT_EQ(sampler.draw(u).id, 17);
      EXPECT_EQ(sampler.draw(u).logprob, 0.0f);
    }
  }
}

TEST(Sampler, DrawsFollowTheDistribution) {
  constexpr int kDraws = 40000;
  for (const auto& p : {sampling(1), sampling(0.5), sampling(1.7, 6), sampling(1, 0, 0.8),
                        sampling(1, 0, 1, 0.2), sampling(0.9, 10, 0.9, 0.05)}) {
    std::vector<float> z = random_row(24, 5, 1.5);
    RowSampler sampler;
    ASSERT_TRUE(sampler.prepare(z, p));
    Ids kept(sampler.kept().begin(), sampler.kept().end());
    if (kept.empty()) kept = kept_of(z, sampling(1));
    double total = 0;
    for (const auto id : kept) total += std::exp(static_cast<double>(z[static_cast<std::size_t>(id)]));
    std::map<std::int32_t, int> seen;
    const RandomKey key{.seed = 11, .purpose = Purpose::kSampling};
    for (std::uint32_t i = 0; i < kDraws; ++i) {
      const auto draw = sampler.draw(random_uniform(key, i));
      ++seen[draw.id];
      ASSERT_NEAR(draw.logprob, z[static_cast<std::size_t>(draw.id)] - std::log(total), 2e-6);
    }
    double chi2 = 0, degrees = -1;
    for (const auto id : kept) {
      const double expected = kDraws * std::exp(static_cast<double>(z[static_cast<std::size_t>(id)])) / total;
      chi2 += (seen[id] - expected) * (seen[id] - expected) / expected;
      ++degrees;
    }
    for (const auto& [id, count] : seen) EXPECT_TRUE(std::binary_search(kept.begin(), kept.end(), id));
    // The draws are fixed, so this either always holds or never: 5 standard deviations of the distribution.
    EXPECT_LT(chi2, degrees + 5 * std::sqrt(2 * degrees)) << "t " << p.temperature << " k " << p.top_k;
  }
}

TEST(Sampler, TheDrawIsTheInverseCumulativeInOrderOfIds) {
  std::vector<float> z = random_row(3000, 9, 1.0);  // several blocks
  for (const auto& p : {sampling(1), sampling(1, 1700)}) {
    std::vector<float> row = z;
    RowSampler sampler;
    ASSERT_TRUE(sampler.prepare(row, p));
    const Ids kept = kept_of(z, p);
    const float max = *std::max_element(row.begin(), row.end());
    std::vector<double> sums;
    double sum = 0;
    for (const auto id : kept)
      sums.push_back(sum += std::exp(static_cast<double>(row[static_cast<std::size_t>(id)]) - max));
    for (double u = 0.0; u < 1.0; u += 0.00371) {
      const auto at = std::upper_bound(sums.begin(), sums.end(), u * sum) - sums.begin();
      EXPECT_EQ(sampler.draw(u).id, kept[static_cast<std::size_t>(at)]) << u;
    }
    EXPECT_EQ(sampler.draw(0.0).id, kept.front());
    EXPECT_EQ(sampler.draw(std::nextafter(1.0, 0.0)).id, kept.back());
  }
}

TEST(Sampler, LogprobsHaveTheBitsThatScoringRecomputes) {
  for (const double temperature : {1.0, 0.7, 1.9}) {
    for (const float softcap : {0.0f, 30.0f}) {
      for (const auto& p :
           {sampling(temperature), sampling(temperature, 12), sampling(temperature, 0, 0.8, 0.02)}) {
        const auto raw = random_row(517, 21, 9.0);
        // As head_logits and the sampler do: the softcap first, the temperature after.
        auto z = raw;
        kernel::scale_logits(std::ssize(z), softcap, 1.0f, z.data());
        RowSampler sampler;
        ASSERT_TRUE(sampler.prepare(z, p));
        // As score_tokens does: both in one call.
        auto scored = raw;
        kernel::scale_logits(std::ssize(scored), softcap, inverse_temperature_of(temperature), scored.data());
        const auto kept = sampler.kept();
        const auto stats = kept.empty()
                               ? kernel::row_stats(std::ssize(scored), scored.data())
                               : kernel::row_stats_kept(scored.data(), kept.data(), std::ssize(kept));
        EXPECT_EQ(kept.empty(), !p.truncates());
        for (double u = 0.01; u < 1; u += 0.07) {
          const auto draw = sampler.draw(u);
          const float again = scored[static_cast<std::size_t>(draw.id)] - stats.lse;
          EXPECT_EQ(std::memcmp(&again, &draw.logprob, sizeof again), 0);
        }
      }
    }
  }
}

TEST(Sampler, OneObjectServesManyRows) {
  RowSampler reused;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const auto p = seed % 3 == 0 ? sampling(1, 4) : seed % 3 == 1 ? sampling(0.8) : sampling(0);
    auto a = random_row(100 + seed * 37, seed, 2.0), b = a;
    RowSampler fresh;
    ASSERT_TRUE(reused.prepare(a, p));
    ASSERT_TRUE(fresh.prepare(b, p));
    const auto x = reused.draw(0.37), y = fresh.draw(0.37);
    EXPECT_EQ(x.id, y.id);
    EXPECT_EQ(x.logprob, y.logprob);
  }
}

TEST(Sampler, LogitsThatAreNotFiniteAreRefused) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  for (const float bad : {inf, -inf, nan}) {
    for (const std::size_t at : {0u, 5u, 98u, 99u}) {
      for (const auto& p : {sampling(1), sampling(0), sampling(1, 3), sampling(1, 0, 0.9)}) {
        auto z = random_row(100, 2, 1.0);
        z[at] = bad;
        RowSampler sampler;
        EXPECT_FALSE(sampler.prepare(z, p)) << bad << " at " << at;
      }
    }
  }
  auto z = random_row(100, 2, 1.0);
  RowSampler sampler;
  EXPECT_FALSE(sampler.prepare(z, sampling(1e-300)));  // overflows once divided
}

TEST(Sampler, ImpossibleParametersAreErrors) {
  EXPECT_TRUE(check_sampling(sampling(0.7, 50, 0.9, 0.05), "request 3").ok());
  EXPECT_TRUE(check_sampling(sampling(0), "request 3").ok());
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const auto& p :
       {sampling(-0.1), sampling(nan), sampling(1, -1), sampling(1, 0, -0.1), sampling(1, 0, 1.1),
        sampling(1, 0, nan), sampling(1, 0, 1, -0.1), sampling(1, 0, 1, 2), sampling(1, 0, 1, nan)}) {
    EXPECT_FALSE(check_sampling(p, "request 3").ok());
  }
  auto p = sampling(1, 0, 1.5);
  EXPECT_EQ(check_sampling(p, "request 3").error().message(),
            "[request 3: top_p] must be in [0, 1], got 1.5");
  p = sampling(1);
  p.max_new_tokens = 0;
  EXPECT_FALSE(check_sampling(p, "request 3").ok());
  p = sampling(1);
  p.stop = {"ok", ""};
  EXPECT_FALSE(check_sampling(p, "request 3").ok());
}

}  // namespace
}  // namespace hone
