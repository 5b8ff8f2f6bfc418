#include "hone/rl/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>

#include "hone/base/check.h"
#include "hone/base/rng.h"

namespace hone {
namespace {

using Rows = std::vector<std::vector<double>>;

std::vector<double> bernoulli(std::size_t n, double p, std::uint64_t seed) {
  RandomStream random({.seed = seed});
  std::vector<double> values(n);
  for (double& v : values) v = random.uniform() < p ? 1.0 : 0.0;
  return values;
}

TEST(Bootstrap, QuantilesAreNumpys) {
  const std::vector<double> values = {1, 2, 4, 8};
  EXPECT_EQ(quantile(values, 0.0), 1.0);
  EXPECT_EQ(quantile(values, 1.0), 8.0);
  EXPECT_DOUBLE_EQ(quantile(values, 0.5), 3.0);
  EXPECT_DOUBLE_EQ(quantile(values, 0.9), 6.8);  // numpy.quantile([1, 2, 4, 8], 0.9)
  EXPECT_EQ(quantile(std::vector<double>{5}, 0.3), 5.0);
}

// Three problems, one right: a resample's count of right ones is binomial(3, 1/3), so every quantile is
// known.
TEST(Bootstrap, AFewProblemsHaveTheBinomialsQuantiles) {
  const auto at = [](double confidence) {
    return bootstrap_means(Rows{{1, 0, 0}}, {.confidence = confidence})[0];
  };
  EXPECT_DOUBLE_EQ(at(0.95).mean, 1.0 / 3);
  // P(0) = 8/27 > 0.025 and P(3) = 1/27 > 0.025.
  EXPECT_EQ(at(0.95).low, 0.0);
  EXPECT_EQ(at(0.95).high, 1.0);
  // P(3) < 0.05 < P(2) + P(3): the upper end falls to 2/3.
  EXPECT_EQ(at(0.9).low, 0.0);
  EXPECT_DOUBLE_EQ(at(0.9).high, 2.0 / 3);
  // P(0) = 0.296 < 0.32 and P(0) + P(1) = 0.741 > 0.68: the middle 36 % is one right answer of three.
  EXPECT_DOUBLE_EQ(at(0.36).low, 1.0 / 3);
  EXPECT_DOUBLE_EQ(at(0.36).high, 1.0 / 3);
}

TEST(Bootstrap, ManyProblemsHaveTheNormalApproximationsWidth) {
  const Interval interval = bootstrap_means(Rows{bernoulli(1000, 0.3, 1)})[0];
  const double error = std::sqrt(interval.mean * (1 - interval.mean) / 1000);
  EXPECT_NEAR(interval.low, interval.mean - 1.96 * error, 0.1 * error);
  EXPECT_NEAR(interval.high, interval.mean + 1.96 * error, 0.1 * error);
}

// The share of experiments whose interval holds the truth is about what was asked.
TEST(Bootstrap, IntervalsCoverTheTruthAsOftenAsTheySay) {
  int covered = 0;
  constexpr int kExperiments = 400;
  for (int e = 0; e < kExperiments; ++e) {
    const auto rows = Rows{bernoulli(100, 0.4, 1000 + static_cast<std::uint64_t>(e))};
    const Interval interval = bootstrap_means(rows, {.resamples = 400, .confidence = 0.9})[0];
    covered += interval.low <= 0.4 && 0.4 <= interval.high ? 1 : 0;
  }
  EXPECT_NEAR(covered / static_cast<double>(kExperiments), 0.9, 0.05);
}

TEST(Bootstrap, TheSameSeedDrawsTheSameProblemsForEveryRow) {
  const auto a = bernoulli(50, 0.5, 1);
  std::vector<double> opposite = a;
  for (double& v : opposite) v = 1.0 - v;
  const auto together = bootstrap_means(Rows{a, opposite});
  EXPECT_NEAR(together[0].low, 1.0 - together[1].high, 1e-12);
  EXPECT_EQ(bootstrap_means(Rows{a})[0].low, together[0].low);
  EXPECT_EQ(bootstrap_means(Rows{a})[0].high, together[0].high);
  const auto wide = bootstrap_means(Rows{a}, {.resamples = 300, .seed = 1})[0];
  const auto other = bootstrap_means(Rows{a}, {.resamples = 300, .seed = 2})[0];
  EXPECT_TRUE(wide.low != other.low || wide.high != other.high);
}

// Each of two models is right on about half of the problems. Paired, a small lead on the same problems shows;
// the same lead between independent ones does not.
TEST(Bootstrap, PairingSeesWhatSeparateIntervalsDoNot) {
  const auto b = bernoulli(400, 0.5, 3);
  std::vector<double> a = b;
  int lifted = 0;
  for (std::size_t i = 0; i < a.size() && lifted < 12; ++i) {
    if (a[i] == 0.0) a[i] = 1.0, ++lifted;
  }
  const Interval paired = bootstrap_difference(a, b);
  EXPECT_NEAR(paired.mean, 0.03, 1e-12);
  EXPECT_GT(paired.low, 0.0);
  std::vector<double> elsewhere(a.rbegin(), a.rend());  // the same accuracy, of other problems
  EXPECT_NEAR(bootstrap_difference(elsewhere, b).mean, 0.03, 1e-12);
  EXPECT_LT(bootstrap_difference(elsewhere, b).low, 0.0);
  const Interval reversed = bootstrap_difference(b, a);
  EXPECT_LT(reversed.high, 0.0);
  EXPECT_EQ(bootstrap_difference(a, a).high, 0.0);
  EXPECT_EQ(bootstrap_difference(a, a).low, 0.0);
}

TEST(Bootstrap, RefusesWhatHasNoMean) {
  EXPECT_TRUE(bootstrap_means(Rows{}).empty());
  EXPECT_THROW((void)bootstrap_means(Rows{{}}), BrokenInvariant);
  EXPECT_THROW((void)bootstrap_means(Rows{{1, 2}, {1}}), BrokenInvariant);
  EXPECT_THROW((void)bootstrap_difference(std::vector<double>{1}, std::vector<double>{1, 2}),
               BrokenInvariant);
}

}  // namespace
}  // namespace hone
