#include "hone/rl/bootstrap.h"

#include <algorithm>
#include <cmath>

#include "hone/base/check.h"
#include "hone/base/rng.h"
#include "hone/base/threads.h"

namespace hone {

double quantile(std::span<const double> sorted, double q) {
  HONE_CHECK(!sorted.empty() && q >= 0.0 && q <= 1.0, "quantile {} of {} values", q, sorted.size());
  const double place = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

std::vector<Interval> bootstrap_means(std::span<const std::vector<double>> rows,
                                      const BootstrapOptions& options) {
  HONE_CHECK(options.resamples >= 1, "{} resamples", options.resamples);
  HONE_CHECK(options.confidence > 0.0 && options.confidence < 1.0, "confidence {}", options.confidence);
  if (rows.empty()) return {};
  const std::size_t R = rows.size(), n = rows[0].size();
  HONE_CHECK(n >= 1, "no problem");
  for (const auto& row : rows) HONE_CHECK(row.size() == n, "rows of {} and {} problems", n, row.size());

  // Problem by problem, so that a drawn one's values lie together.
  std::vector<double> values(n * R);  // [n, R]
  for (std::size_t r = 0; r < R; ++r) {
    for (std::size_t i = 0; i < n; ++i) values[i * R + r] = rows[r][i];
  }
  const auto resamples = static_cast<std::size_t>(options.resamples);
  std::vector<std::vector<double>> means(R, std::vector<double>(resamples));
  parallel_for(options.resamples, 64, [&](std::int64_t begin, std::int64_t end) {
    std::vector<double> sums(R);
    for (std::int64_t b = begin; b < end; ++b) {
      RandomStream random(
          {.seed = options.seed, .purpose = Purpose::kResampling, .step = static_cast<std::uint64_t>(b)});
      std::fill(sums.begin(), sums.end(), 0.0);
      for (std::size_t draw = 0; draw < n; ++draw) {
        const double* of_problem = values.data() + random.below(n) * R;
        for (std::size_t r = 0; r < R; ++r) sums[r] += of_problem[r];
      }
      for (std::size_t r = 0; r < R; ++r)
        means[r][static_cast<std::size_t>(b)] = sums[r] / static_cast<double>(n);
    }
  });

  const double tail = (1.0 - options.confidence) / 2.0;
  std::vector<Interval> intervals(R);
  for (std::size_t r = 0; r < R; ++r) {
    double sum = 0.0;
    for (const double value : rows[r]) sum += value;
    std::sort(means[r].begin(), means[r].end());
    intervals[r] = {sum / static_cast<double>(n), quantile(means[r], tail), quantile(means[r], 1.0 - tail)};
  }
  return intervals;
}

Interval bootstrap_difference(std::span<const double> a, std::span<const double> b,
                              const BootstrapOptions& options) {
  HONE_CHECK(a.size() == b.size(), "{} and {} problems", a.size(), b.size());
  std::vector<double> difference(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) difference[i] = a[i] - b[i];
  return bootstrap_means({&difference, 1}, options)[0];
}

}  // namespace hone
