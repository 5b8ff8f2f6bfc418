#include "hone/web/status_api.h"

#include "hone/base/json.h"

namespace hone {

void StatusApi::add_to(HttpServer& server) {
  server.observe([this](const std::string& route, int status, double seconds) {
    metrics_.count_request(route, status, seconds);
  });
  server.route("GET", "/metrics", [this](const HttpRequest&) {
    std::string text = metrics_.text();
    for (const Write& write : writes_) write(text);
    return HttpResponse{200, "text/plain; version=0.0.4; charset=utf-8", std::move(text)};
  });
  const auto health = [this](const HttpRequest&) {
    const double up = std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
    const nlohmann::ordered_json body = {{"status", "ok"}, {"version", version_}, {"uptime_seconds", up}};
    return HttpResponse{200, "application/json", body.dump() + "\n"};
  };
  server.route("GET", "/health", health, /*open=*/true);
}

}  // namespace hone
