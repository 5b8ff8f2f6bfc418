#include "hone/web/work_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <stdexcept>

namespace hone {
namespace {

using Outcome = WorkPool::Outcome;
const auto kStays = [] { return false; };

TEST(WorkPool, EveryItemOnce) {
  WorkPool pool(4, 10);
  std::vector<std::atomic<int>> times(1000);  // more than may wait: nothing else does
  EXPECT_EQ(pool.run(
                1000, [&](std::size_t i) { ++times[i]; }, kStays),
            Outcome::kDone);
  for (const auto& count : times) EXPECT_EQ(count, 1);
  EXPECT_EQ(pool.load().waiting, 0u);
  EXPECT_EQ(pool.run(
                0, [](std::size_t) { FAIL(); }, kStays),
            Outcome::kDone);
}

TEST(WorkPool, NeverMoreAtOnceThanThreads) {
  WorkPool pool(3, 1000);
  std::atomic<int> now{0}, most{0};
  std::vector<std::jthread> callers;
  for (int c = 0; c < 8; ++c) {
    callers.emplace_back([&] {
      pool.run(
          50,
          [&](std::size_t) {
            const int count = ++now;
            int seen = most;
            while (seen < count && !most.compare_exchange_weak(seen, count)) {
            }
            std::this_thread::yield();
            --now;
          },
          kStays);
    });
  }
  callers.clear();
  EXPECT_LE(most, 3);
}

// One thread; a batch of two that comes while one of many has begun is done after at most two more of it.
TEST(WorkPool, CallersTakeTurns) {
  WorkPool pool(1, 1000);
  std::latch begun(1), both(1);
  std::atomic<int> of_large{0}, before_small{-1};
  std::jthread large([&] {
    pool.run(
        200,
        [&](std::size_t i) {
          if (i == 0) {
            begun.count_down();
            both.wait();
          }
          ++of_large;
        },
        kStays);
  });
  begun.wait();
  std::jthread small([&] {
    pool.run(
        2,
        [&](std::size_t i) {
          if (i == 1) before_small = of_large.load();
        },
        kStays);
  });
  while (pool.load().waiting != 201) std::this_thread::yield();
  both.count_down();
  small.join();
  EXPECT_LE(before_small, 3);
  large.join();
  EXPECT_EQ(of_large, 200);
}

TEST(WorkPool, AFullQueueTakesNoMore) {
  WorkPool pool(1, 5);
  std::latch begun(1), leave(1);
  std::jthread first([&] {
    pool.run(
        4,
        [&](std::size_t i) {
          if (i == 0) {
            begun.count_down();
            leave.wait();
          }
        },
        kStays);
  });
  begun.wait();
  EXPECT_EQ(pool.load().waiting, 3u);
  EXPECT_EQ(pool.run(
                3, [](std::size_t) { FAIL(); }, kStays),
            Outcome::kFull);
  std::jthread second([&] {
    EXPECT_EQ(pool.run(
                  2, [](std::size_t) {}, kStays),
              Outcome::kDone);
  });
  while (pool.load().waiting != 5) std::this_thread::yield();
  leave.count_down();
}

TEST(WorkPool, WhatNobodyWaitsForIsNotBegun) {
  WorkPool pool(1, 1000);
  std::atomic<bool> gone{false};
  std::atomic<int> begun{0};
  const auto outcome = pool.run(
      100,
      [&](std::size_t) {
        ++begun;
        gone = true;
        while (pool.load().waiting > 0) std::this_thread::yield();  // until the rest is left out
      },
      [&] { return gone.load(); });
  EXPECT_EQ(outcome, Outcome::kAbandoned);
  EXPECT_EQ(begun, 1);
  EXPECT_EQ(pool.run(
                3, [](std::size_t) {}, kStays),
            Outcome::kDone);
}

TEST(WorkPool, WhatABodyThrowsIsThrownToItsCaller) {
  WorkPool pool(2, 1000);
  std::atomic<int> begun{0};
  EXPECT_THROW(pool.run(
                   1000,
                   [&](std::size_t i) {
                     ++begun;
                     if (i == 3) throw std::runtime_error("no");
                   },
                   kStays),
               std::runtime_error);
  EXPECT_LT(begun, 1000);
  EXPECT_EQ(pool.load().waiting, 0u);
  EXPECT_EQ(pool.run(
                10, [](std::size_t) {}, kStays),
            Outcome::kDone);
}

}  // namespace
}  // namespace hone
