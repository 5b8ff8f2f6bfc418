#include "hone/web/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace hone {
namespace {

void begin_family(std::string& out, const char* name, const char* type, const char* help) {
  fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

// name="value", with what the format reserves escaped.
std::string label(const char* name, const std::string& value) {
  std::string text = std::string(name) + "=\"";
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    text += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return text + '"';
}

}  // namespace

void ServeMetrics::Histogram::add(double seconds) {
  ++counts[static_cast<std::size_t>(std::lower_bound(kBounds.begin(), kBounds.end(), seconds) -
                                    kBounds.begin())];
  sum += seconds;
}

void ServeMetrics::Histogram::write(std::string& out, const std::string& name, const std::string& of) const {
  std::int64_t below = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    below += counts[i];
    const std::string bound = i < kBounds.size() ? fmt::format("{}", kBounds[i]) : "+Inf";
    fmt::format_to(std::back_inserter(out), "{}_bucket{{{},le=\"{}\"}} {}\n", name, of, bound, below);
  }
  fmt::format_to(std::back_inserter(out), "{0}_sum{{{1}}} {2}\n{0}_count{{{1}}} {3}\n", name, of, sum, below);
}

void ServeMetrics::count_request(const std::string& route, int status, double seconds) {
  const std::lock_guard lock(mutex_);
  ++requests_[{route, status}];
  request_seconds_[route].add(seconds);
}

void ServeMetrics::count_verdict(const std::string& verifier, const std::string& status, double seconds) {
  const std::lock_guard lock(mutex_);
  ++verdicts_[{verifier, status}];
  verdict_seconds_[verifier].add(seconds);
}

std::int64_t ServeMetrics::requests() const {
  const std::lock_guard lock(mutex_);
  std::int64_t sum = 0;
  for (const auto& [key, count] : requests_) sum += count;
  return sum;
}

std::map<std::string, std::int64_t> ServeMetrics::verdicts() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::int64_t> sums;
  for (const auto& [key, count] : verdicts_) sums[key.second] += count;
  return sums;
}

std::string ServeMetrics::text() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  begin_family(out, "hone_requests_total", "counter", "Requests answered.");
  for (const auto& [key, count] : requests_) {
    fmt::format_to(std::back_inserter(out), "hone_requests_total{{{},status=\"{}\"}} {}\n",
                   label("route", key.first), key.second, count);
  }
  begin_family(out, "hone_request_seconds", "histogram", "From a request's head to its answer.");
  for (const auto& [route, histogram] : request_seconds_) {
    histogram.write(out, "hone_request_seconds", label("route", route));
  }
  begin_family(out, "hone_verdicts_total", "counter", "Verdicts given; timeout and error are undecided.");
  for (const auto& [key, count] : verdicts_) {
    fmt::format_to(std::back_inserter(out), "hone_verdicts_total{{{},{}}} {}\n", label("verifier", key.first),
                   label("status", key.second), count);
  }
  begin_family(out, "hone_verdict_seconds", "histogram", "Time of one judgement.");
  for (const auto& [verifier, histogram] : verdict_seconds_) {
    histogram.write(out, "hone_verdict_seconds", label("verifier", verifier));
  }
  return out;
}

void write_metric(std::string& out, const char* name, const char* type, const char* help, double value) {
  begin_family(out, name, type, help);
  fmt::format_to(std::back_inserter(out), "{} {}\n", name, value);
}

}  // namespace hone
