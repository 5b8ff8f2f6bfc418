// What every server of hone has: GET /health and GET /metrics, and the count of its requests.
//
//  GET /health   {"status": "ok", "version": …, "uptime_seconds": …}; answered without the token
//  GET /metrics  Prometheus' text form: the requests, and what was added
//
// Thread safety: metrics() from any thread. The object outlives the server that it added itself to.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "hone/web/http_server.h"
#include "hone/web/metrics.h"

namespace hone {

class StatusApi {
 public:
  explicit StatusApi(std::string version) : version_(std::move(version)) {}
  StatusApi(StatusApi&&) = delete;
  StatusApi& operator=(StatusApi&&) = delete;

  // What else /metrics says: appends lines of the same form, from any thread. Before the server's start().
  using Write = std::function<void(std::string& out)>;
  void add(Write write) { writes_.push_back(std::move(write)); }
  // Adds the routes, and counts all of the server's requests. Before the server's start().
  void add_to(HttpServer& server);

  ServeMetrics& metrics() { return metrics_; }

 private:
  std::string version_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  ServeMetrics metrics_;
  std::vector<Write> writes_;
};

}  // namespace hone
