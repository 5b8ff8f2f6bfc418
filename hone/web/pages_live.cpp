#include "hone/web/pages_live.h"

#include <chrono>
#include <map>
#include <thread>

#include "hone/base/clock.h"
#include "hone/base/json.h"
#include "hone/web/pages_json.h"

namespace hone {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr double kHeartbeat = 10;  // seconds; a client that has gone is noticed by it

std::string event(const char* name, const OrderedJson& data) {
  return fmt::format("event: {}\ndata: {}\n\n", name,
                     data.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
}

// What changed since the last look, as events.
std::string news(PagesRuns& runs, std::map<std::string, std::string>& seen) {
  std::string out;
  std::map<std::string, std::string> now;
  for (const PagesPlace& place : runs.list()) {
    now[place.name] = place.stamp;
    const auto before = seen.find(place.name);
    if (before == seen.end() || before->second != place.stamp) out += event("run", run_json(place, runs));
  }
  for (const auto& [name, stamp] : seen) {
    if (!now.contains(name)) out += event("gone", {{"run", name}});
  }
  seen = std::move(now);
  return out;
}

}  // namespace

HttpResponse live_answer(const HttpRequest& request, PagesRuns& runs, double every_seconds) {
  HttpResponse response{200, "text/event-stream", "", {{"Cache-Control", "no-store"}}};
  response.stream = [gone = request.gone, stopping = request.stopping, &runs,
                     every_seconds](const HttpWriter& write) {
    std::map<std::string, std::string> seen;
    if (!write(news(runs, seen) + event("ready", OrderedJson::object()))) return;
    Clock::time_point last = Clock::now();
    while (!stopping() && !gone()) {
      std::string text = news(runs, seen);
      if (text.empty() && seconds_since(last) > kHeartbeat) text = ":\n\n";
      if (!text.empty()) {
        if (!write(text)) return;
        last = Clock::now();
      }
      // In short sleeps: a stop is not waited for.
      for (const Clock::time_point next = after(every_seconds); Clock::now() < next && !stopping();)
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  };
  return response;
}

}  // namespace hone
