// Intervals by resampling problems (percentile bootstrap: Efron and Tibshirani 1993, §13.3).
//
// Deterministic: resample r draws its problems from the key (seed, kResampling, r). Every call with the same
// seed and count draws the same ones, so intervals of several quantities belong together.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace hone {

struct BootstrapOptions {
  int resamples = 10'000;    // ≥ 1
  double confidence = 0.95;  // in (0, 1)
  std::uint64_t seed = 0;
};

// A mean over problems, and the range in which it lies at the confidence asked.
struct Interval {
  double mean = 0.0, low = 0.0, high = 0.0;
};

// Of each row's mean; rows: [R][problems], all of one length ≥ 1.
std::vector<Interval> bootstrap_means(std::span<const std::vector<double>> rows,
                                      const BootstrapOptions& options = {});

// Of the mean of a − b, paired: a[i] and b[i] are of the same problem. "a beats b" is said when low > 0.
Interval bootstrap_difference(std::span<const double> a, std::span<const double> b,
                              const BootstrapOptions& options = {});

// The value below which a share q in [0, 1] of `sorted` (ascending, not empty) lies; between two of them,
// interpolated (type 7 of Hyndman and Fan 1996).
double quantile(std::span<const double> sorted, double q);

}  // namespace hone
