#include "hone/web/pages_api.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "hone/base/files.h"
#include "hone/base/json.h"
#include "hone/config/recipe.h"
#include "hone/types/stage.h"
#include "hone/web/pages_answers.h"
#include "hone/web/pages_json.h"
#include "hone/web/pages_live.h"
#include "hone/web/pages_params.h"
#include "hone/web/pages_runs.h"

namespace hone {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMaxRows = 500;

// What a handler gives: the answer, or the error and the status that it has.
struct Refusal {
  int status = 400;
  Error error;
};
class Outcome {
 public:
  Outcome(OrderedJson body) : response_(json_answer(body)) {}
  Outcome(HttpResponse response) : response_(std::move(response)) {}
  Outcome(Error error) : response_(http_error(400, error.message())) {}  // a parameter that can't be
  Outcome(const Refusal& r) : response_(http_error(r.status, r.error.message())) {}
  HttpResponse take() { return std::move(response_); }

 private:
  HttpResponse response_;
};

// A failure to read what is there.
#define PAGES_TRY(declaration, ...)                                                                    \
  auto HONE_CONCAT(pages_, __LINE__) = (__VA_ARGS__);                                                  \
  if (!HONE_CONCAT(pages_, __LINE__).ok()) return Refusal{500, HONE_CONCAT(pages_, __LINE__).error()}; \
  declaration = std::move(HONE_CONCAT(pages_, __LINE__)).value()

struct Stage {
  std::string name;
  std::int64_t step = 0;
};

Result<std::string> stage_of(const PagesParams& params, const std::string& name, bool needed) {
  const std::string stage = params.text(name);
  if ((stage.empty() && !needed) || is_train_stage(stage) || is_eval_stage(stage)) return stage;
  return Error{name, "must be a stage of a run", stage.substr(0, 60)};
}

Refusal no_such_run(const std::string& name) {
  return {404, {"run", "must be a run of this folder", name.empty() ? "none" : name.substr(0, 200)}};
}

}  // namespace

struct PagesApi::Impl {
  explicit Impl(PagesOptions o) : options(std::move(o)), runs(options.runs) {}
  PagesOptions options;
  PagesRuns runs;

  using Handler = Outcome (Impl::*)(const PagesParams&);
  void add(HttpServer& server, const char* path, Handler handler) {
    server.route("GET", path, [this, handler](const HttpRequest& request) {
      return (this->*handler)(PagesParams(request.query)).take();
    });
  }

  Outcome info(const PagesParams&) {
    return OrderedJson{{"version", options.version},
                       {"runs", std::filesystem::absolute(options.runs).lexically_normal().string()}};
  }
  Outcome list(const PagesParams&) {
    OrderedJson list = OrderedJson::array();
    for (const PagesPlace& place : runs.list()) list.push_back(run_json(place, runs));
    return OrderedJson{{"runs", std::move(list)}};
  }
  Outcome run(const PagesParams& params);
  Outcome compare(const PagesParams& params);
  Outcome metrics(const PagesParams& params);
  Outcome evaluations(const PagesParams& params);
  Outcome groups(const PagesParams& params);
  Outcome group(const PagesParams& params);
  Outcome problems(const PagesParams& params);
  Outcome problem(const PagesParams& params);
  Outcome answers(const PagesParams& params);
  Outcome votes(const HttpRequest& request);
};

Outcome PagesApi::Impl::run(const PagesParams& params) {
  const auto place = runs.find(params.text("run"));
  if (!place) return no_such_run(params.text("run"));
  OrderedJson json = run_json(*place, runs);
  if (json.contains("error")) return json;
  PAGES_TRY(const auto run, runs.open(*place));
  PAGES_TRY(const auto verifiers, run->query().verifiers());
  json["verifiers"] = verifiers;
  const auto recipe = read_file(place->folder / "recipe.yaml");
  json["recipe_text"] = recipe.ok() ? OrderedJson(*recipe) : OrderedJson();
  return json;
}

Outcome PagesApi::Impl::compare(const PagesParams& params) {
  std::vector<Recipe> recipes;
  for (const char* name : {"run", "with"}) {
    const auto place = runs.find(params.text(name));
    if (!place) return no_such_run(params.text(name));
    PAGES_TRY(Recipe recipe, read_recipe(place->folder / "recipe.yaml"));
    recipes.push_back(std::move(recipe));
  }
  return OrderedJson{{"differences", differences(recipes[0], recipes[1])}};
}

Outcome PagesApi::Impl::metrics(const PagesParams& params) {
  HONE_TRY(const std::string stage, stage_of(params, "stage", true));
  HONE_TRY(const auto after_step, params.integer("after", -1, kMax));
  HONE_TRY(const auto points, params.integer("points", 2, 100'000));
  const auto place = runs.find(params.text("run"));
  if (!place) return no_such_run(params.text("run"));
  PAGES_TRY(const auto run, runs.open(*place));
  PAGES_TRY(const MetricTable table, run->query().metrics(stage, after_step.value_or(-1)));
  return HttpResponse{200,
                      "application/json",
                      metrics_json(table, static_cast<std::size_t>(points.value_or(0))),
                      {{"Cache-Control", "no-store"}}};
}

Outcome PagesApi::Impl::evaluations(const PagesParams& params) {
  const auto place = runs.find(params.text("run"));
  if (!place) return no_such_run(params.text("run"));
  PAGES_TRY(const auto run, runs.open(*place));
  PAGES_TRY(const auto summary, run->query().summary(SummaryOf::kEvaluations));
  return evaluations_json(*summary, place->folder);
}

Outcome PagesApi::Impl::groups(const PagesParams& params) {
  GroupFilter filter;
  HONE_TRY(filter.stage, stage_of(params, "stage", false));
  HONE_TRY(filter.step, params.integer("step", 0, kMax));
  HONE_TRY(filter.problem, params.key("problem"));
  HONE_TRY(const auto before, params.integer("before", 0, kMax));
  HONE_TRY(const auto limit, params.integer("limit", 1, kMaxRows));
  filter.verifier = params.text("verifier");
  filter.status = params.text("status");
  filter.finish = params.text("finish");
  filter.text = params.text("text");
  filter.disagree = params.text("disagree");
  if (const std::string& d = filter.disagree;
      !d.empty() && d != "right_low" && d != "wrong_high" && d != "any")
    return Error{"disagree", "must be right_low, wrong_high or any", d.substr(0, 60)};
  const auto place = runs.find(params.text("run"));
  if (!place) return no_such_run(params.text("run"));
  PAGES_TRY(const auto run, runs.open(*place));
  PAGES_TRY(const GroupPage page,
            run->query().groups(filter, before.value_or(kMax), static_cast<int>(limit.value_or(50)),
                                options.search_seconds));
  OrderedJson rows = OrderedJson::array();
  for (const GroupRow& row : page.rows) rows.push_back(row_json(row));
  return OrderedJson{{"rows", std::move(rows)},
                     {"before", page.before ? OrderedJson(*page.before) : OrderedJson()}};
}

Outcome PagesApi::Impl::group(const PagesParams& params) {
  HONE_TRY(const std::string stage, stage_of(params, "stage", true));
  HONE_TRY(const auto step, params.integer("step", 0, kMax));
  HONE_TRY(const auto position, params.integer("group", 0, kMax));
  const auto place = runs.find(params.text("run"));
  if (!place) return no_such_run(params.text("run"));
  PAGES_TRY(const auto run, runs.open(*place));
  const RunQuery::Place at{stage, step.value_or(0), position.value_or(0)};
  PAGES_TRY(const auto whole, run->query().group(at));
  if (!whole) {
    return Refusal{404,
                   {place->name, "must hold the group",
                    fmt::format("{} step {}, group {}", stage, at.step, at.position)}};
  }
  return group_json(*whole, *run, params.text("tokens") == "1");
}

Outcome PagesApi::Impl::problems(const PagesParams& params) {
  HONE_TRY(const std::string stage, stage_of(params, "stage", false));
  HONE_TRY(const auto offset, params.integer("offset", 0, kMax));
  HONE_TRY(const auto limit, params.integer("limit", 1, kMaxRows));
  const std::string order = params.text("order");
  const bool improved = order == "improved", failing = order == "failing";
  if (!improved && !failing && order != "worsened")
    return Error{"order", "must be improved, worsened or failing", order.substr(0, 60)};
  const auto place = runs.find(params.text("run"));
  if (!place) return no_such_run(params.text("run"));
  PAGES_TRY(const auto run, runs.open(*place));
  const bool held_out = is_eval_stage(stage);
  PAGES_TRY(const auto summary,
            run->query().summary(held_out ? SummaryOf::kEvaluations : SummaryOf::kTraining));
  const std::vector<ProblemCourse> courses = problem_courses(*summary, held_out ? stage : "",
                                                             improved  ? CourseOrder::kImproved
                                                             : failing ? CourseOrder::kFailing
                                                                       : CourseOrder::kWorsened);
  const auto begin = static_cast<std::size_t>(std::min(offset.value_or(0), std::ssize(courses)));
  const std::size_t end = std::min(begin + static_cast<std::size_t>(limit.value_or(50)), courses.size());
  std::vector<std::int64_t> ids;
  for (std::size_t i = begin; i < end; ++i) ids.push_back(courses[i].last);
  PAGES_TRY(const std::vector<GroupRow> rows, run->query().rows(ids));
  OrderedJson list = OrderedJson::array();
  for (std::size_t i = begin; i < end; ++i) {
    const auto row = std::ranges::find(rows, courses[i].last, &GroupRow::id);
    if (row != rows.end()) list.push_back(course_json(courses[i], *row));
  }
  return OrderedJson{{"rows", std::move(list)}, {"total", courses.size()}};
}

Outcome PagesApi::Impl::problem(const PagesParams& params) {
  HONE_TRY(const auto key, params.key("problem"));
  const auto place = runs.find(params.text("run"));
  if (!place) return no_such_run(params.text("run"));
  PAGES_TRY(const auto run, runs.open(*place));
  std::vector<std::int64_t> ids;
  for (const SummaryOf of : {SummaryOf::kEvaluations, SummaryOf::kTraining}) {
    PAGES_TRY(const auto summary, run->query().summary(of));
    for (const RunSummary::Entry& entry : summary->entries) {
      if (key && entry.problem == *key) ids.push_back(entry.group);
    }
  }
  std::ranges::sort(ids);  // as they were written
  if (ids.empty()) return Refusal{404, {"problem", "must be one of the run's", params.text("problem")}};
  if (ids.size() > kMaxRows) ids.erase(ids.begin(), ids.end() - kMaxRows);
  PAGES_TRY(const std::vector<GroupRow> rows, run->query().rows(ids));
  OrderedJson list = OrderedJson::array();
  for (const GroupRow& row : rows) list.push_back(row_json(row));
  return OrderedJson{{"rows", std::move(list)}};
}

Outcome PagesApi::Impl::answers(const PagesParams& params) {
  HONE_TRY(const AnswersAsked asked, answers_asked(params));
  const auto a = runs.find(asked.run), b = runs.find(asked.with);
  if (!a) return no_such_run(asked.run);
  if (!b) return no_such_run(asked.with);
  PAGES_TRY(const auto run_a, runs.open(*a));
  PAGES_TRY(const auto run_b, runs.open(*b));
  PAGES_TRY(auto body, answers_json(asked, run_a->query(), run_b->query()));
  if (!body) {
    return Refusal{
        404,
        {"step", "must be a recorded evaluation of both runs",
         fmt::format("{} {} and {} {}", asked.stage, asked.step, asked.with_stage, asked.with_step)}};
  }
  return *std::move(body);
}

Outcome PagesApi::Impl::votes(const HttpRequest& request) {
  constexpr std::size_t kMost = 256;
  const std::string name = PagesParams(request.query).text("run");
  HONE_TRY(const Json body, parse_json(request.body, "body"));
  const auto texts = body.find("texts");
  if (texts == body.end() || !texts->is_array() || texts->size() > kMost ||
      !std::ranges::all_of(*texts, [](const Json& text) { return text.is_string(); }))
    return Error{"texts", fmt::format("must be a list of {} texts at most", kMost), brief(body)};
  const auto place = runs.find(name);
  if (!place) return no_such_run(name);
  PAGES_TRY(const auto run, runs.open(*place));
  const std::shared_ptr<const Verifier> verifier = run->answers();
  std::vector<std::optional<std::string>> answers;
  for (const Json& text : *texts) {
    Completion completion;
    completion.text = text.get<std::string>();
    answers.push_back(verifier->final_answer(completion));
  }
  return votes_json(*verifier, answers, {});
}

PagesApi::PagesApi(PagesOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
PagesApi::~PagesApi() = default;

void PagesApi::add_to(HttpServer& server) {
  Impl& impl = *impl_;
  impl.add(server, "/api/info", &Impl::info);
  impl.add(server, "/api/runs", &Impl::list);
  impl.add(server, "/api/run", &Impl::run);
  impl.add(server, "/api/compare", &Impl::compare);
  impl.add(server, "/api/metrics", &Impl::metrics);
  impl.add(server, "/api/evaluations", &Impl::evaluations);
  impl.add(server, "/api/groups", &Impl::groups);
  impl.add(server, "/api/group", &Impl::group);
  impl.add(server, "/api/problems", &Impl::problems);
  impl.add(server, "/api/problem", &Impl::problem);
  impl.add(server, "/api/answers", &Impl::answers);
  server.route("POST", "/api/votes",
               [&impl](const HttpRequest& request) { return impl.votes(request).take(); });
  server.route("GET", "/api/live", [&impl](const HttpRequest& request) {
    return live_answer(request, impl.runs, impl.options.live_seconds);
  });
}

}  // namespace hone
