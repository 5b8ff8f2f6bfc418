#include "hone/web/pages_json.h"

#include <algorithm>
#include <cmath>

#include "hone/base/json.h"
#include "hone/config/recipe.h"
#include "hone/types/stage.h"

namespace hone {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::size_t kQuestionBytes = 300;

// Short enough for a list; cut where a character begins.
std::string cut(const std::string& text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  std::size_t end = bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

OrderedJson real_json(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? OrderedJson(*value) : OrderedJson(nullptr);
}

OrderedJson recipe_json(const Recipe& recipe) {
  OrderedJson rewards = OrderedJson::array();
  for (const VerifierOptions& v : recipe.reward.rubric)
    rewards.push_back({{"verifier", v.verifier}, {"weight", v.weight}});
  const OrderedJson totals = {{"sft", recipe.sft.steps},
                              {"amortize", recipe.amortize.steps},
                              {"propose", recipe.propose.steps},
                              {"grpo", recipe.grpo.steps}};
  return {{"tasks", recipe.data.task},
          {"files", recipe.data.files},
          {"model", recipe.model.path},
          {"loss", recipe.grpo.loss.type},
          {"group_size", recipe.grpo.rollout.group_size},
          {"seed", recipe.seed},
          {"rewards", std::move(rewards)},
          {"totals", totals}};
}

// The held-out accuracy of the evaluations: that of direct answers where a run measures nothing else.
Result<OrderedJson> held_out_json(const RunQuery& query) {
  for (const char* stage : {"eval", "eval_direct"}) {
    const std::string name = std::string(stage) + "_accuracy";
    HONE_TRY(const MetricTable table, query.metrics(stage, -1, {name}));
    const auto values = table.values.find(name);
    if (values == table.values.end()) continue;
    OrderedJson list = OrderedJson::array();
    for (const double v : values->second) list.push_back(real_json(v));
    return OrderedJson{{"stage", stage}, {"steps", table.steps}, {"values", std::move(list)}};
  }
  return OrderedJson(nullptr);
}

Result<OrderedJson> whole_run_json(const PagesPlace& place, PagesRuns& runs) {
  HONE_TRY(const std::shared_ptr<PagesRun> run, runs.open(place));
  HONE_TRY(const RunOverview overview, run->query().overview());
  HONE_TRY(OrderedJson held_out, held_out_json(run->query()));
  OrderedJson stages = OrderedJson::array();
  // In the order in which a run goes through them, the measuring ones last.
  std::vector<RunOverview::Stage> ordered = overview.stages;
  std::ranges::stable_sort(ordered, {}, [](const RunOverview::Stage& s) { return stage_order(s.name); });
  for (const RunOverview::Stage& s : ordered) {
    stages.push_back({{"name", s.name},
                      {"steps", s.steps},
                      {"first", s.first},
                      {"last", s.last},
                      {"trains", is_train_stage(s.name)}});
  }
  OrderedJson json = {{"run", place.name},
                      {"folder", place.folder.string()},
                      {"state", run_state(overview.state, place.folder)},
                      {"started_at", overview.started_at},
                      {"written_at", overview.written_at},
                      {"stages", std::move(stages)},
                      {"held_out", std::move(held_out)},
                      {"recipe", nullptr}};
  if (const auto recipe = read_recipe(place.folder / "recipe.yaml"); recipe.ok())
    json["recipe"] = recipe_json(*recipe);
  return json;
}

}  // namespace

HttpResponse json_answer(const OrderedJson& body) {
  return {200,
          "application/json",
          body.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n",
          {{"Cache-Control", "no-store"}}};
}

OrderedJson run_json(const PagesPlace& place, PagesRuns& runs) {
  std::error_code ec;
  const bool has_database = std::filesystem::exists(place.folder / "run.db", ec);
  if (!has_database) {
    return {{"run", place.name},
            {"folder", place.folder.string()},
            {"state", is_flocked(place.folder / "lock") ? "starting" : "empty"},
            {"error", "nothing is recorded yet: there is a recipe.yaml, but no run.db"}};
  }
  auto json = whole_run_json(place, runs);
  if (json.ok()) return *std::move(json);
  return {{"run", place.name},
          {"folder", place.folder.string()},
          {"state", "broken"},
          {"error", json.error().message()}};
}

OrderedJson row_json(const GroupRow& row) {
  return {{"id", row.id},
          {"stage", row.stage},
          {"step", row.step},
          {"group", row.position},
          {"problem", std::to_string(row.problem)},
          {"source", row.source},
          {"answer", cut(row.answer, kQuestionBytes)},
          {"question", cut(row.question, kQuestionBytes)},
          {"difficulty", row.difficulty},
          {"rollouts", row.rollouts},
          {"correct", row.correct},
          {"undecided", row.undecided},
          {"truncated", row.truncated},
          {"right_low", row.right_low},
          {"wrong_high", row.wrong_high},
          {"tokens", row.tokens},
          {"reward", real_json(row.reward_mean)},
          {"reward_low", real_json(row.reward_low)},
          {"reward_high", real_json(row.reward_high)}};
}

OrderedJson course_json(const ProblemCourse& course, const GroupRow& last) {
  OrderedJson json = row_json(last);
  json["course"] = {{"times", course.times},
                    {"first", course.first_accuracy},
                    {"last", course.last_accuracy},
                    {"mean", course.mean_accuracy}};
  return json;
}

std::string metrics_json(const MetricTable& table, std::size_t points) {
  const std::size_t n = table.steps.size();
  const std::size_t bin = points == 0 || n <= points ? 1 : (n + points - 1) / points;
  std::string out = "{\"bin\":" + std::to_string(bin) + ",\"steps\":[";
  for (std::size_t begin = 0; begin < n; begin += bin) {
    const std::size_t end = std::min(begin + bin, n);
    out += (begin == 0 ? "" : ",") + std::to_string(table.steps[end - 1]);
  }
  out += "],\"metrics\":{";
  bool first = true;
  for (const auto& [name, values] : table.values) {
    out += (first ? "" : ",") + Json(name).dump(-1, ' ', true, Json::error_handler_t::replace) + ":[";
    first = false;
    for (std::size_t begin = 0; begin < n; begin += bin) {
      double sum = 0;
      int count = 0;
      for (std::size_t i = begin; i < std::min(begin + bin, n); ++i) {
        if (!std::isfinite(values[i])) continue;
        sum += values[i];
        ++count;
      }
      if (begin > 0) out += ',';
      out += count == 0 ? "null" : fmt::format("{:.7g}", sum / count);
    }
    out += ']';
  }
  return out + "}}\n";
}

Share share_interval(double share, std::int64_t n) {
  if (n <= 0) return {};
  constexpr double z = 1.959963984540054;
  const auto count = static_cast<double>(n);
  const double scale = 1 + z * z / count, centre = share + z * z / (2 * count);
  const double half = z * std::sqrt(share * (1 - share) / count + z * z / (4 * count * count));
  return {std::max(0.0, (centre - half) / scale), std::min(1.0, (centre + half) / scale)};
}

}  // namespace hone
