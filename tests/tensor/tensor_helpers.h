// Seeded values, fp32 vectors and comparisons for the tests of tensor/.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "hone/base/threads.h"

namespace hone::testing {

using Floats = std::vector<float>;

inline std::size_t index_of(std::int64_t i) { return static_cast<std::size_t>(i); }

// n values, normal with this deviation; another `seed`, other values.
inline Floats random_floats(std::int64_t n, std::uint32_t seed, double deviation = 1.0) {
  std::mt19937 engine(seed);
  std::normal_distribution<double> normal(0.0, deviation);
  Floats values(static_cast<std::size_t>(n));
  for (float& v : values) v = static_cast<float>(normal(engine));
  return values;
}

inline bool same_bits(const float* a, const float* b, std::int64_t n) {
  return std::memcmp(a, b, static_cast<std::size_t>(n) * sizeof(float)) == 0;
}
inline bool same_bits(const Floats& a, const Floats& b) {
  return a.size() == b.size() && same_bits(a.data(), b.data(), static_cast<std::int64_t>(a.size()));
}

// The largest difference, in units of max(1, |expected|).
template <class Values, class Expected>
double worst_difference(const Values& got, const Expected& expected) {
  EXPECT_EQ(std::size(got), std::size(expected));
  double worst = 0;
  for (std::size_t i = 0; i < std::size(expected); ++i) {
    const double e = static_cast<double>(expected[i]);
    const double difference = std::abs(static_cast<double>(got[i]) - e) / std::max(1.0, std::abs(e));
    if (!(difference <= worst)) worst = difference;  // a NaN is the worst of all
  }
  return worst;
}

// The number of threads for one scope.
class Threads {
 public:
  explicit Threads(int count) : before_(thread_count()) { set_thread_count(count); }
  ~Threads() { set_thread_count(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

}  // namespace hone::testing
