// What a server counts, in Prometheus' text form (exposition format 0.0.4).
//
// Thread safety: any member from any thread. Units: seconds.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace hone {

class ServeMetrics {
 public:
  void count_request(const std::string& route, int status, double seconds);
  void count_verdict(const std::string& verifier, const std::string& status, double seconds);

  std::string text() const;

  std::int64_t requests() const;
  // status → verdicts, of all verifiers.
  std::map<std::string, std::int64_t> verdicts() const;

 private:
  // Upper bounds of the latency buckets: a verdict of `number` takes microseconds, one of `code` seconds.
  static constexpr std::array<double, 14> kBounds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                     0.025,  0.1,     0.25,   1.0,   2.5,    10.0,  30.0};
  struct Histogram {
    std::array<std::int64_t, kBounds.size() + 1> counts{};  // the last: above every bound
    double sum = 0.0;
    void add(double seconds);
    void write(std::string& out, const std::string& name, const std::string& label) const;
  };

  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::int64_t> requests_;          // route, status
  std::map<std::pair<std::string, std::string>, std::int64_t> verdicts_;  // verifier, status
  std::map<std::string, Histogram> request_seconds_, verdict_seconds_;    // route; verifier
};

// One number of its own, as text() writes such: `type` is counter or gauge.
void write_metric(std::string& out, const char* name, const char* type, const char* help, double value);

}  // namespace hone
