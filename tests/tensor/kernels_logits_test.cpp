// Scaling of logits, their statistics, and the gradient of log-probability and entropy, against double.
#include <algorithm>
#include <functional>

#include "hone/tensor/kernels.h"
#include "tensor/tensor_helpers.h"

namespace hone::kernel {
namespace {

using hone::testing::Floats;
using hone::testing::index_of;
using hone::testing::random_floats;
using hone::testing::same_bits;
using hone::testing::worst_difference;
using Doubles = std::vector<double>;

double scaled(double raw, double softcap, double inverse_temperature) {
  return (softcap > 0 ? softcap * std::tanh(raw / softcap) : raw) * inverse_temperature;
}

struct Reference {
  double max, lse, entropy;
};
Reference reference_stats(const Doubles& z) {
  const double max = *std::max_element(z.begin(), z.end());
  double total = 0, weighted = 0;
  for (const double v : z) total += std::exp(v - max);
  const double lse = max + std::log(total);
  for (const double v : z) weighted += std::exp(v - lse) * (lse - v);
  return {max, lse, weighted};
}

// g_logprob · log p(target) + g_entropy · H, of raw logits, over the kept entries (all when empty).
double objective(const Doubles& raw, const std::vector<std::int32_t>& kept, std::int64_t target,
                 double g_logprob, double g_entropy, double softcap, double inverse_temperature) {
  Doubles z;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const auto id = static_cast<std::int32_t>(i);
    if (!kept.empty() && !std::binary_search(kept.begin(), kept.end(), id)) continue;
    z.push_back(scaled(raw[i], softcap, inverse_temperature));
  }
  const Reference stats = reference_stats(z);
  return g_logprob * (scaled(raw[index_of(target)], softcap, inverse_temperature) - stats.lse) +
         g_entropy * stats.entropy;
}

Doubles numeric_gradient(Doubles raw, const std::function<double(const Doubles&)>& f) {
  constexpr double kStep = 1e-5;
  Doubles gradient;
  for (double& v : raw) {
    const double before = v;
    v = before + kStep;
    const double above = f(raw);
    v = before - kStep;
    gradient.push_back((above - f(raw)) / (2 * kStep));
    v = before;
  }
  return gradient;
}

struct LogitCase {
  std::int64_t n;
  float softcap, inverse_temperature;
};
void PrintTo(const LogitCase& c, std::ostream* out) {
  *out << c.n << " logits, cap " << c.softcap << ", 1/temperature " << c.inverse_temperature;
}

class LogitKernels : public ::testing::TestWithParam<LogitCase> {
 protected:
  // Every third entry, the target among them.
  std::vector<std::int32_t> kept() const {
    std::vector<std::int32_t> ids;
    for (std::int64_t i = 0; i < GetParam().n; ++i) {
      if (i % 3 == 0 || i == target()) ids.push_back(static_cast<std::int32_t>(i));
    }
    return ids;
  }
  std::int64_t target() const { return GetParam().n * 2 / 3; }
  Floats raw() const { return random_floats(GetParam().n, 21, 4.0); }
  Floats z() const {
    Floats values = raw();
    scale_logits(GetParam().n, GetParam().softcap, GetParam().inverse_temperature, values.data());
    return values;
  }
};

TEST_P(LogitKernels, ScaleIsSoftcapThenTemperature) {
  const LogitCase c = GetParam();
  Doubles expected;
  for (const float v : raw()) expected.push_back(scaled(v, c.softcap, c.inverse_temperature));
  EXPECT_LE(worst_difference(z(), expected), 1e-6);
}

TEST_P(LogitKernels, StatisticsAreThoseOfTheSoftmax) {
  const Floats values = z();
  const RowStats stats = row_stats(GetParam().n, values.data());
  const Reference expected = reference_stats(Doubles(values.begin(), values.end()));
  EXPECT_EQ(stats.max, static_cast<float>(expected.max));
  EXPECT_NEAR(stats.lse, expected.lse, 2e-6 * std::max(1.0, std::abs(expected.lse)));
  EXPECT_NEAR(stats.entropy, expected.entropy, 5e-6);
}

TEST_P(LogitKernels, StatisticsOverAKeptSetAreThoseOfItsEntries) {
  const Floats values = z();
  Doubles chosen;
  for (const auto id : kept()) chosen.push_back(values[index_of(id)]);
  const auto ids = kept();
  const RowStats stats = row_stats_kept(values.data(), ids.data(), std::ssize(ids));
  const Reference expected = reference_stats(chosen);
  EXPECT_EQ(stats.max, static_cast<float>(expected.max));
  EXPECT_NEAR(stats.lse, expected.lse, 2e-6 * std::max(1.0, std::abs(expected.lse)));
  EXPECT_NEAR(stats.entropy, expected.entropy, 5e-6);
}

TEST_P(LogitKernels, GradientIsThatOfLogprobAndEntropy) {
  const LogitCase c = GetParam();
  const Floats raw_values = raw();
  for (const auto& [g_logprob, g_entropy] : {std::pair{0.7, 0.0}, {0.0, 0.4}, {-1.3, 0.5}}) {
    Floats d = z();
    const RowStats stats = row_stats(c.n, d.data());
    const RowGradient row{stats,
                          target(),
                          static_cast<float>(g_logprob),
                          static_cast<float>(g_entropy),
                          c.softcap,
                          c.inverse_temperature};
    // In one piece, and in two: the target lies in one of them.
    Floats parts = d;
    row_backward(c.n, row, d.data());
    const std::int64_t first = c.n / 3;
    RowGradient rest = row;
    rest.target -= first;
    row_backward(first, row, parts.data());
    row_backward(c.n - first, rest, parts.data() + first);
    EXPECT_LE(worst_difference(parts, d), 1e-6);
    const Doubles expected =
        numeric_gradient(Doubles(raw_values.begin(), raw_values.end()), [&](const Doubles& values) {
          return objective(values, {}, target(), g_logprob, g_entropy, c.softcap, c.inverse_temperature);
        });
    EXPECT_LE(worst_difference(d, expected), 5e-6) << g_logprob << ", " << g_entropy;
  }
}

TEST_P(LogitKernels, GradientOverAKeptSetIsZeroOutsideIt) {
  const LogitCase c = GetParam();
  const Floats raw_values = raw();
  const auto ids = kept();
  Floats d = z();
  const RowStats stats = row_stats_kept(d.data(), ids.data(), std::ssize(ids));
  row_backward_kept(c.n, ids.data(), std::ssize(ids),
                    {stats, target(), 0.9f, -0.3f, c.softcap, c.inverse_temperature}, d.data());
  const Doubles expected =
      numeric_gradient(Doubles(raw_values.begin(), raw_values.end()), [&](const Doubles& values) {
        return objective(values, ids, target(), 0.9f, -0.3f, c.softcap, c.inverse_temperature);
      });
  EXPECT_LE(worst_difference(d, expected), 5e-6);
  for (std::int64_t i = 0; i < c.n; ++i) {
    if (!std::binary_search(ids.begin(), ids.end(), static_cast<std::int32_t>(i))) {
      EXPECT_EQ(d[index_of(i)], 0.0f) << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Widths, LogitKernels,
                         ::testing::Values(LogitCase{1, 0.0f, 1.0f}, LogitCase{5, 0.0f, 0.5f},
                                           LogitCase{8, 0.0f, 1.0f}, LogitCase{101, 0.0f, 1.0f},
                                           LogitCase{101, 0.0f, 1.7f}, LogitCase{101, 10.0f, 0.8f},
                                           LogitCase{320, 30.0f, 1.0f}, LogitCase{20, 5.0f, 2.5f},
                                           LogitCase{1024, 0.0f, 1.0f}, LogitCase{2051, 0.0f, 1.3f}));

// A distribution far from even, and shifted far from zero: nothing overflows, nothing becomes NaN.
TEST(LogitStatistics, HoldForExtremeLogits) {
  Floats z(101, -3000.0f);
  z[17] = 5000.0f;
  RowStats stats = row_stats(101, z.data());
  EXPECT_EQ(stats.max, 5000.0f);
  EXPECT_EQ(stats.lse, 5000.0f);
  EXPECT_EQ(stats.entropy, 0.0f);
  z.assign(101, -2000.0f);
  stats = row_stats(101, z.data());
  EXPECT_NEAR(stats.lse, -2000.0 + std::log(101.0), 1e-3);
  EXPECT_NEAR(stats.entropy, std::log(101.0), 1e-5);
}

}  // namespace
}  // namespace hone::kernel
