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

// Seconds.
constexpr int kHeartbeat = 10;  // a client that has gone is noticed by it
constexpr int kStill = 10;

std::string event(const char* name, const OrderedJson& data) {
  return fmt::format("event: {}\ndata: {}\n\n", name,
                     data.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
}

bool still(const PagesPlace& place) {
  return std::chrono::system_clock::now() - place.modified > std::chrono::seconds(kStill);
}

// What one listener was told of a run.
struct Told {
  std::string stamp;
  std::string text;
};

// What changed since the last look, as events. The files of a run change before what is written there can be
// read (SQLite publishes a commit after fsync(2)), so that a run is read again until its files have been
// still for a while.
std::string news(PagesRuns& runs, std::map<std::string, Told>& told) {
  std::string out;
  std::map<std::string, Told> now;
  for (const PagesPlace& place : runs.list()) {
    Told& run = now[place.name];
    if (const auto before = told.find(place.name); before != told.end()) run = std::move(before->second);
    const bool changed = run.stamp != place.stamp;
    if (!changed && still(place)) continue;
    std::string text = event("run", run_json(place, runs));
    if (changed || text != run.text) out += text;
    run = {place.stamp, std::move(text)};
  }
  for (const auto& [name, run] : told) {
    if (!now.contains(name)) out += event("gone", {{"run", name}});
  }
  told = std::move(now);
  return out;
}

}  // namespace

HttpResponse live_answer(const HttpRequest& request, PagesRuns& runs, double every_seconds) {
  HttpResponse response{200, "text/event-stream", "", {{"Cache-Control", "no-store"}}};
  response.stream = [gone = request.gone, stopping = request.stopping, &runs,
                     every_seconds](const HttpWriter& write) {
    constexpr int kDone = 200;
    std::map<std::string, Told> told;
    if (!write(news(runs, told) + event("ready", OrderedJson::object()))) return kDone;
    Clock::time_point last = Clock::now();
    while (!stopping() && !gone()) {
      std::string text = news(runs, told);
      if (text.empty() && seconds_since(last) > kHeartbeat) text = ":\n\n";
      if (!text.empty()) {
        if (!write(text)) return kDone;
        last = Clock::now();
      }
      // In short sleeps: a stop is not waited for.
      for (const Clock::time_point next = after(every_seconds); Clock::now() < next && !stopping();)
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return kDone;
  };
  return response;
}

}  // namespace hone
