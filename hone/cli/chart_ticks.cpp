#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "hone/base/check.h"
#include "hone/cli/chart.h"

namespace hone {
namespace {

constexpr double kSlack = 1e-9;  // of a step: what rounding may cost at the ends

std::vector<double> multiples(double low, double high, double step) {
  std::vector<double> ticks;
  const double first = std::ceil(low / step - kSlack), last = std::floor(high / step + kSlack);
  for (double i = first; i <= last; ++i) ticks.push_back(i == 0.0 ? 0.0 : i * step);
  return ticks;
}

std::vector<double> decade_ticks(double low, double high, std::string_view digits, int every) {
  std::vector<double> ticks;
  const int last = static_cast<int>(std::floor(std::log10(high) + kSlack));
  for (int decade = static_cast<int>(std::floor(std::log10(low))); decade <= last; ++decade) {
    if (decade % every != 0) continue;
    for (const char digit : digits) {
      const double tick = (digit - '0') * std::pow(10.0, decade);
      if (tick >= low * (1 - kSlack) && tick <= high * (1 + kSlack)) ticks.push_back(tick);
    }
  }
  return ticks;
}

}  // namespace

std::vector<double> linear_ticks(double low, double high, int most) {
  HONE_CHECK(low < high && most >= 2, "ticks of [{}, {}], {} at most", low, high, most);
  double power = std::pow(10.0, std::floor(std::log10((high - low) / most)) - 1);
  for (;; power *= 10.0) {
    for (const double digit : {1.0, 2.0, 5.0}) {
      auto ticks = multiples(low, high, digit * power);
      if (std::cmp_less_equal(ticks.size(), most)) return ticks;
    }
  }
}

std::vector<double> log_ticks(double low, double high, int most) {
  HONE_CHECK(low > 0 && low < high && most >= 2, "ticks of [{}, {}], {} at most", low, high, most);
  for (const std::string_view digits : {"12345678", "12346", "1235", "125", "13", "1"}) {
    auto ticks = decade_ticks(low, high, digits, 1);
    if (std::cmp_greater(ticks.size(), most)) continue;
    // Within a decade or less steps of one size may be the better ones.
    return ticks.size() >= 3 ? ticks : linear_ticks(low, high, most);
  }
  for (int every = 2;; ++every) {
    auto ticks = decade_ticks(low, high, "1", every);
    if (std::cmp_less_equal(ticks.size(), most)) return ticks;
  }
}

std::string tick_text(double value) {
  const double size = std::abs(value);
  for (const auto& [unit, letter] : {std::pair{1e9, 'G'}, {1e6, 'M'}, {1e4, 'k'}}) {
    const double divisor = letter == 'k' ? 1e3 : unit;
    if (size >= unit * (1 - kSlack)) return fmt::format("{:.4g}{}", value / divisor, letter);
  }
  return fmt::format("{:.6g}", value);
}

}  // namespace hone
