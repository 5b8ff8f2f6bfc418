#include "hone/base/rng.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "hone/base/check.h"
#include "hone/base/hash.h"

namespace hone {
namespace {

using ::testing::ElementsAre;

constexpr std::uint32_t kOnes = 0xFFFFFFFFu;

// The vectors that the generator's authors publish (Random123, tests/kat_vectors, "philox4x32 10").
TEST(Philox, KnownAnswers) {
  EXPECT_THAT(philox4x32_10({0, 0, 0, 0}, 0, 0),
              ElementsAre(0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u));
  EXPECT_THAT(philox4x32_10({kOnes, kOnes, kOnes, kOnes}, kOnes, kOnes),
              ElementsAre(0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu));
  EXPECT_THAT(philox4x32_10({0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u}, 0xa4093822u, 0x299f31d0u),
              ElementsAre(0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u));
}

// Numbers computed outside of this code base: a change here would change every recorded run.
TEST(RandomBlock, KnownAnswer) {
  const RandomKey key{
      .seed = 1, .purpose = Purpose::kSampling, .step = 3, .problem = (7ull << 32) | 5, .rollout = 2};
  EXPECT_THAT(random_block(key, 9), ElementsAre(0xf8aae15eu, 0xddd91508u, 0x5942ee6cu, 0xcfe5911au));
  EXPECT_EQ(mix64(1, 2), 0xbcd9dbb49673066bull);
  EXPECT_EQ(mix64(2, 1), 0xe06dd043328bd285ull);
}

TEST(Hash, KnownAnswers) {
  EXPECT_EQ(hash64(""), 0x21fa69a58f3d62f5ull);
  EXPECT_EQ(hash64("a"), 0x75eecb75f99fed61ull);
  EXPECT_EQ(hash64("hone"), 0xf1f5919483f43c09ull);
  EXPECT_EQ(hash64(std::string_view("\xff\0", 2)), 0x22b72386f40220cdull);
}

TEST(RandomBlock, EveryPartOfTheKeyCounts) {
  const RandomKey base{.seed = 5, .purpose = Purpose::kTest, .step = 6, .problem = 7, .rollout = 8};
  std::set<std::array<std::uint32_t, 4>> blocks;
  const auto add = [&](RandomKey key, std::uint32_t position) { blocks.insert(random_block(key, position)); };
  add(base, 0);
  add(base, 1);
  for (const int bit : {0, 31, 32, 63}) {
    RandomKey key = base;
    key.seed ^= 1ull << bit;
    add(key, 0);
    key = base;
    key.step ^= 1ull << bit;
    add(key, 0);
    key = base;
    key.problem ^= 1ull << bit;
    add(key, 0);
  }
  RandomKey key = base;
  key.rollout ^= 1;
  add(key, 0);
  key = base;
  key.purpose = Purpose::kDataOrder;
  add(key, 0);
  EXPECT_EQ(blocks.size(), 16u);
}

TEST(RandomStream, IsItsKeysBlocksInOrder) {
  const RandomKey key{.seed = 11};
  RandomStream stream(key);
  for (std::uint32_t i = 0; i < 5; ++i) {
    const auto block = random_block(key, i);
    EXPECT_EQ(stream.next_u64(), (std::uint64_t{block[1]} << 32) | block[0]);
  }
  RandomStream again(key);
  EXPECT_EQ(again.uniform(), random_uniform(key, 0));
  EXPECT_EQ(again.uniform(), random_uniform(key, 1));
}

TEST(RandomStream, UniformFillsTheUnitInterval) {
  RandomStream stream({.seed = 2});
  constexpr int kDraws = 100'000;
  double sum = 0, smallest = 1, largest = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double u = stream.uniform();
    sum += u;
    smallest = std::min(smallest, u);
    largest = std::max(largest, u);
  }
  EXPECT_GE(smallest, 0.0);
  EXPECT_LT(largest, 1.0);
  EXPECT_LT(smallest, 1e-3);
  EXPECT_GT(largest, 1 - 1e-3);
  EXPECT_NEAR(sum / kDraws, 0.5, 5 * std::sqrt(1.0 / 12 / kDraws));
}

TEST(RandomStream, NormalHasMeanZeroVarianceOneAndItsTails) {
  RandomStream stream({.seed = 3});
  constexpr int kDraws = 100'000;
  double sum = 0, squares = 0;
  int beyond_two = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = stream.normal();
    ASSERT_TRUE(std::isfinite(x));
    sum += x;
    squares += x * x;
    beyond_two += std::abs(x) > 2 ? 1 : 0;
  }
  EXPECT_NEAR(sum / kDraws, 0.0, 5 / std::sqrt(kDraws));
  EXPECT_NEAR(squares / kDraws, 1.0, 5 * std::sqrt(2.0 / kDraws));
  EXPECT_NEAR(static_cast<double>(beyond_two) / kDraws, 0.0455, 5 * std::sqrt(0.0455 / kDraws));
}

// With the remainder of 64 bits alone, results below 2^62 would come half of the time instead of a third.
TEST(RandomStream, BelowHasNoBias) {
  RandomStream stream({.seed = 4});
  constexpr std::uint64_t kQuarter = 1ull << 62;
  constexpr int kDraws = 30'000;
  int counts[3] = {0, 0, 0};
  for (int i = 0; i < kDraws; ++i) ++counts[stream.below(3 * kQuarter) / kQuarter];
  for (const int count : counts) EXPECT_NEAR(count, kDraws / 3, 5 * std::sqrt(kDraws * 2.0 / 9));
  int small[7] = {};
  for (int i = 0; i < kDraws; ++i) ++small[stream.below(7)];
  for (const int count : small) EXPECT_NEAR(count, kDraws / 7.0, 5 * std::sqrt(kDraws * 6.0 / 49));
  EXPECT_EQ(stream.below(1), 0u);
  EXPECT_THROW(stream.below(0), BrokenInvariant);
}

TEST(RandomStream, BetweenReachesBothEndsAndSurvivesTheWidestRange) {
  RandomStream stream({.seed = 5});
  std::set<std::int64_t> seen;
  for (int i = 0; i < 300; ++i) seen.insert(stream.between(-2, 2));
  EXPECT_THAT(seen, ElementsAre(-2, -1, 0, 1, 2));
  constexpr std::int64_t kLow = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kHigh = std::numeric_limits<std::int64_t>::max();
  int negative = 0, above = 0;
  for (int i = 0; i < 1000; ++i) {
    negative += stream.between(kLow, kHigh) < 0 ? 1 : 0;
    above += stream.between(kLow, kHigh - 1) > 0 ? 1 : 0;
  }
  EXPECT_NEAR(negative, 500, 5 * std::sqrt(250));
  EXPECT_NEAR(above, 500, 5 * std::sqrt(250));
  EXPECT_EQ(stream.between(kHigh, kHigh), kHigh);
  EXPECT_THROW(stream.between(1, 0), BrokenInvariant);
}

TEST(RandomStream, ShuffleGivesEveryOrderAlike) {
  RandomStream stream({.seed = 6});
  constexpr int kDraws = 24'000;
  std::map<std::vector<int>, int> counts;
  for (int i = 0; i < kDraws; ++i) {
    std::vector<int> items = {1, 2, 3, 4};
    stream.shuffle(std::span(items));
    ++counts[items];
  }
  ASSERT_EQ(counts.size(), 24u);
  for (const auto& [order, count] : counts) EXPECT_NEAR(count, 1000, 5 * std::sqrt(1000.0));
}

}  // namespace
}  // namespace hone
