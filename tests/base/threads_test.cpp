#include "hone/base/threads.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace hone {
namespace {

class Threads : public ::testing::Test {
 protected:
  void TearDown() override { set_thread_count(0); }
};

TEST_F(Threads, EveryIndexOnceWhateverTheCut) {
  for (const int threads : {1, 2, 3, 7}) {
    set_thread_count(threads);
    EXPECT_EQ(thread_count(), threads);
    for (const std::int64_t n : {0, 1, 2, 5, 64, 1000, 1001}) {
      for (const std::int64_t grain : {1, 10, 5000}) {
        std::vector<std::atomic<int>> visits(static_cast<std::size_t>(n));
        std::atomic<int> empty_ranges = 0;
        parallel_for(n, grain, [&](std::int64_t begin, std::int64_t end) {
          if (begin >= end) ++empty_ranges;
          for (std::int64_t i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
        });
        for (const auto& count : visits)
          ASSERT_EQ(count, 1) << threads << " threads, n " << n << ", grain " << grain;
        EXPECT_EQ(empty_ranges, 0);
      }
    }
  }
}

TEST_F(Threads, SmallWorkRunsInPlace) {
  set_thread_count(4);
  int calls = 0;
  parallel_for(100, 100, [&](std::int64_t begin, std::int64_t end) {
    ++calls;
    EXPECT_EQ(begin, 0);
    EXPECT_EQ(end, 100);
  });
  EXPECT_EQ(calls, 1);
  parallel_for(-5, 1, [&](std::int64_t, std::int64_t) { ++calls; });
  EXPECT_EQ(calls, 1);
}

TEST_F(Threads, NestedLoopsRunInTheOuterThread) {
  set_thread_count(4);
  std::atomic<int> inner_calls = 0;
  std::atomic<std::int64_t> total = 0;
  parallel_for(4, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      parallel_for(1000, 1, [&](std::int64_t first, std::int64_t last) {
        ++inner_calls;
        total += last - first;
      });
    }
  });
  EXPECT_EQ(total, 4000);
  EXPECT_EQ(inner_calls, 4);
}

// Short jobs one after another, with pauses that send the threads to sleep: none is lost, none runs into the next.
TEST_F(Threads, JobsFollowOneAnother) {
  set_thread_count(3);
  std::vector<int> values(64, 0);
  for (int round = 1; round <= 3000; ++round) {
    if (round % 300 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    parallel_for(64, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) ++values[static_cast<std::size_t>(i)];
    });
    ASSERT_EQ(std::count(values.begin(), values.end(), round), 64) << round;
  }
}

// Whoever comes while the pool is taken works alone.
TEST_F(Threads, CallersFromManyThreads) {
  set_thread_count(2);
  std::atomic<std::int64_t> total = 0;
  {
    std::vector<std::jthread> callers;
    for (int c = 0; c < 4; ++c) {
      callers.emplace_back([&] {
        for (int round = 0; round < 500; ++round)
          parallel_for(10, 1, [&](std::int64_t begin, std::int64_t end) { total += end - begin; });
      });
    }
  }
  EXPECT_EQ(total, 4 * 500 * 10);
}

}  // namespace
}  // namespace hone
