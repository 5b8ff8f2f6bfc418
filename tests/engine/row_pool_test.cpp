#include "hone/engine/row_pool.h"

#include <gtest/gtest.h>

#include <map>

#include "hone/base/check.h"
#include "hone/base/rng.h"

namespace hone {
namespace {

TEST(RowPool, GivesTheLowestPlaceThatFits) {
  RowPool pool(10);
  EXPECT_EQ(pool.allocate(3), 0);
  EXPECT_EQ(pool.allocate(4), 3);
  EXPECT_EQ(pool.allocate(3), 7);
  EXPECT_EQ(pool.allocate(1), std::nullopt);
  pool.release(3, 4);
  pool.release(0, 3);  // joins what follows it
  EXPECT_EQ(pool.allocate(7), 0);
}

TEST(RowPool, MergesWithBothNeighbours) {
  RowPool pool(9);
  for (int i = 0; i < 3; ++i) ASSERT_EQ(pool.allocate(3), 3 * i);
  pool.release(0, 3);
  pool.release(6, 3);
  EXPECT_EQ(pool.allocate(4), std::nullopt);  // six rows are free, no four of them in line
  EXPECT_EQ(pool.free_rows(), 6);
  pool.release(3, 3);
  EXPECT_EQ(pool.allocate(9), 0);
}

TEST(RowPool, NoRowsAlwaysFit) {
  RowPool pool(0);
  EXPECT_EQ(pool.allocate(0), 0);
  pool.release(0, 0);
  EXPECT_EQ(pool.allocate(1), std::nullopt);
}

TEST(RowPool, RefusesRowsThatAreFreeAlready) {
  RowPool pool(8);
  ASSERT_EQ(pool.allocate(6), 0);
  pool.release(2, 2);
  EXPECT_THROW(pool.release(2, 2), BrokenInvariant);
  EXPECT_THROW(pool.release(1, 2), BrokenInvariant);
  EXPECT_THROW(pool.release(3, 3), BrokenInvariant);
  EXPECT_THROW(pool.release(4, 5), BrokenInvariant);  // past the end
}

// Against a map of every row's owner.
TEST(RowPool, LongRandomUseNeverOverlapsAndEndsWhole) {
  constexpr std::int64_t kRows = 200;
  RowPool pool(kRows);
  RandomStream random({.seed = 7});
  std::map<std::int64_t, std::int64_t> held;
  std::vector<bool> taken(kRows, false);
  int refused = 0;
  for (int step = 0; step < 5000; ++step) {
    if (held.empty() || random.uniform() < 0.55) {
      const std::int64_t count = random.between(1, 30);
      std::int64_t expected = -1, run = 0;
      for (std::int64_t i = 0; i < kRows && expected < 0; ++i) {
        run = taken[static_cast<std::size_t>(i)] ? 0 : run + 1;
        if (run == count) expected = i - count + 1;
      }
      const auto begin = pool.allocate(count);
      ASSERT_EQ(begin.value_or(-1), expected);
      if (!begin) {
        ++refused;
        continue;
      }
      held[*begin] = count;
      for (std::int64_t i = 0; i < count; ++i) taken[static_cast<std::size_t>(*begin + i)] = true;
    } else {
      auto it = held.begin();
      std::advance(it, random.below(held.size()));
      pool.release(it->first, it->second);
      for (std::int64_t i = 0; i < it->second; ++i) taken[static_cast<std::size_t>(it->first + i)] = false;
      held.erase(it);
    }
    ASSERT_EQ(pool.free_rows(), std::count(taken.begin(), taken.end(), false));
  }
  EXPECT_GT(refused, 100);
  for (const auto& [begin, count] : held) pool.release(begin, count);
  EXPECT_EQ(pool.allocate(kRows), 0);
}

}  // namespace
}  // namespace hone
