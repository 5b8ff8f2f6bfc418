// Held-out accuracy against tokens: of the evaluations that a run recorded, and of strategies that were
// measured afterwards.
#include <algorithm>
#include <map>

#include "hone/base/files.h"
#include "hone/base/json.h"
#include "hone/types/stage.h"
#include "hone/web/pages_json.h"

namespace hone {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::uintmax_t kMaxFile = 4 << 20;

struct Tally {
  std::int64_t problems = 0, rollouts = 0, tokens = 0;
  double accuracy = 0;  // a sum over problems

  void add(const RunSummary::Entry& entry) {
    ++problems;
    rollouts += entry.rollouts;
    tokens += entry.tokens;
    accuracy += entry.accuracy();
  }
  OrderedJson json() const {
    const auto n = static_cast<double>(std::max<std::int64_t>(problems, 1));
    const Share interval = share_interval(accuracy / n, problems);
    return {
        {"problems", problems},
        {"rollouts", rollouts},
        {"accuracy", accuracy / n},
        {"low", interval.low},
        {"high", interval.high},
        {"tokens", static_cast<double>(tokens) / static_cast<double>(std::max<std::int64_t>(rollouts, 1))}};
  }
};

OrderedJson recorded_json(const RunSummary& summary) {
  OrderedJson list = OrderedJson::array();
  for (const RunSummary::Step& step : summary.steps) {
    if (!is_eval_stage(step.stage)) continue;
    Tally whole;
    std::map<int, Tally> grades;
    for (std::size_t i = step.begin; i < step.end; ++i) {
      const RunSummary::Entry& entry = summary.entries[i];
      if (entry.rollouts == 0) continue;
      whole.add(entry);
      grades[entry.difficulty].add(entry);
    }
    OrderedJson by_difficulty = OrderedJson::array();
    for (const auto& [difficulty, tally] : grades) {
      OrderedJson json = tally.json();
      json["difficulty"] = difficulty;
      by_difficulty.push_back(std::move(json));
    }
    OrderedJson json = whole.json();
    json["stage"] = step.stage;
    json["step"] = step.step;
    json["by_difficulty"] = std::move(by_difficulty);
    list.push_back(std::move(json));
  }
  return list;
}

// The line of `hone eval --strategy … --json`: {"model", "problems", "strategies": [{"strategy", "k",
// "accuracy", "low", "high", "tokens"}]}.
Result<OrderedJson> strategies_of(const fs::path& file) {
  std::error_code ec;
  if (fs::file_size(file, ec) > kMaxFile || ec)
    return Error{file.string(), fmt::format("must be a file of at most {} MiB", kMaxFile >> 20), ""};
  HONE_TRY(const std::string text, read_file(file));
  HONE_TRY(const Json line, parse_json(text, file.string()));
  const auto strategies = line.is_object() ? line.find("strategies") : line.end();
  if (!line.is_object() || strategies == line.end() || !strategies->is_array())
    return Error{file.string(), "must be what hone eval --strategy --json prints", brief(line)};
  OrderedJson points = OrderedJson::array();
  for (const Json& s : *strategies) {
    if (!s.is_object()) return Error{file.string() + ": strategies", "must be objects", brief(s)};
    HONE_TRY(const std::string name, json_require<std::string>(s, "strategy", file.string()));
    HONE_TRY(const std::int64_t k,
             json_get<std::int64_t>(s, s.contains("think_budget") ? "think_budget" : "k", 0, file.string()));
    HONE_TRY(const double accuracy, json_require<double>(s, "accuracy", file.string()));
    HONE_TRY(const double low, json_get<double>(s, "low", accuracy, file.string()));
    HONE_TRY(const double high, json_get<double>(s, "high", accuracy, file.string()));
    HONE_TRY(const double tokens, json_require<double>(s, "tokens", file.string()));
    points.push_back({{"strategy", name},
                      {"k", k},
                      {"accuracy", accuracy},
                      {"low", low},
                      {"high", high},
                      {"tokens", tokens}});
  }
  HONE_TRY(const std::int64_t problems, json_get<std::int64_t>(line, "problems", 0, file.string()));
  return OrderedJson{{"name", file.stem().string()}, {"problems", problems}, {"points", std::move(points)}};
}

}  // namespace

OrderedJson evaluations_json(const RunSummary& summary, const std::filesystem::path& folder) {
  std::vector<fs::path> files;
  std::error_code ec;
  for (fs::directory_iterator it(folder / "evaluations", ec), end; !ec && it != end; it.increment(ec)) {
    if (it->path().extension() == ".json" && files.size() < 100) files.push_back(it->path());
  }
  std::ranges::sort(files);
  OrderedJson measured = OrderedJson::array(), unread = OrderedJson::array();
  for (const fs::path& file : files) {
    auto strategies = strategies_of(file);
    if (strategies.ok()) {
      measured.push_back(*std::move(strategies));
    } else {
      unread.push_back(strategies.error().message());
    }
  }
  return {{"recorded", recorded_json(summary)},
          {"strategies", std::move(measured)},
          {"unread", std::move(unread)}};
}

}  // namespace hone
