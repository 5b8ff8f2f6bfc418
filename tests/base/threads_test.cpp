#include "hone/base/threads.h"

#include <gtest/gtest.h>

#include <atomic>
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

}  // namespace
}  // namespace hone
