#include "hone/web/verify_api.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <vector>

#include "hone/base/json.h"
#include "hone/base/log.h"
#include "hone/verify/rubric.h"
#include "hone/verify/service.h"
#include "hone/web/openrlhf.h"
#include "hone/web/work_pool.h"

namespace hone {
namespace {

using OrderedJson = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

// As docs/verifiers.md says it.
struct Described {
  const char* name;
  const char* asks;
  bool judges_correctness;
};
constexpr Described kVerifiers[] = {
    {"math", "does the final answer mean the same as the reference?", true},
    {"code", "does the program compile and pass the tests?", true},
    {"proof", "does a proof checker accept the proof of exactly this statement?", true},
    {"program", "what a program of one's own says", true},
    {"number", "is the final answer the reference, exactly, as a number?", true},
    {"text", "is the marked answer the reference, letter by letter?", true},
    {"expression", "countdown: each number once, the target hit?", true},
    {"proposal", "a problem to be posed: does it come to something when it is run?", true},
    {"format", "<think>…</think><answer>…</answer>, once each, in order, nothing after?", false},
    {"length", "a cost for each sampled token", false},
    {"random", "a fair coin: the control that must teach nothing", false},
};

const Described* described(const std::string& name) {
  const auto* const found = std::find_if(std::begin(kVerifiers), std::end(kVerifiers),
                                         [&](const Described& verifier) { return verifier.name == name; });
  return found == std::end(kVerifiers) ? nullptr : found;
}

HttpResponse json_response(const OrderedJson& body) {
  return {200, "application/json", body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"};
}

Result<OrderedJson> parse_body(const HttpRequest& request) {
  const auto checked = parse_json(request.body, "body");  // bounds the depth
  if (!checked.ok()) return checked.error();
  return OrderedJson::parse(request.body);
}

struct Judged {
  Verdict verdict;
  double seconds = 0.0;
};

// object[key], a list; null and absent are no list.
Result<const OrderedJson*> list_of(const OrderedJson& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) return nullptr;
  if (!it->is_array()) return Error{key, "must be a list", it->type_name()};
  return &*it;
}

}  // namespace

struct VerifyApi::Impl {
  Impl(VerifyApiOptions given, StatusApi& status)
      : options(std::move(given)),
        service(options.verifier),
        metrics(status.metrics()),
        pool(options.workers, options.max_waiting) {}

  const VerifyApiOptions options;
  const VerifyService service;
  ServeMetrics& metrics;
  const Clock::time_point started = Clock::now();
  std::atomic<std::int64_t> undecided{0}, told_at{-1'000'000};
  WorkPool pool;  // last: its threads use the above

  std::optional<HttpResponse> judge(const std::vector<OrderedJson>& rows, std::vector<Judged>& judged,
                                    const HttpRequest& request);
  HttpResponse verify(const HttpRequest& request);
  HttpResponse get_reward(const HttpRequest& request);
  HttpResponse verifiers() const;
  void tell_undecided(const std::vector<Judged>& judged);
  std::string verifier_of(const OrderedJson& row) const;
};

// For the metrics: names come from outside, and each would stay in them.
std::string VerifyApi::Impl::verifier_of(const OrderedJson& row) const {
  if (!row.is_object()) return "unknown";
  const auto it = row.find("verifier");
  const std::string name = it == row.end()   ? options.verifier.verifier
                           : it->is_string() ? it->get<std::string>()
                                             : "";
  return described(name) == nullptr ? "unknown" : name;
}

// Verdicts for all rows, or the answer that says why there are none.
std::optional<HttpResponse> VerifyApi::Impl::judge(const std::vector<OrderedJson>& rows,
                                                   std::vector<Judged>& judged, const HttpRequest& request) {
  if (rows.size() > options.max_rows) {
    return http_error(413, fmt::format("a request may have {} rows, not {}", options.max_rows, rows.size()));
  }
  judged.resize(rows.size());
  const auto one = [&](std::size_t i) {
    const auto start = Clock::now();
    judged[i].verdict = service.verify(rows[i]);
    judged[i].seconds = std::chrono::duration<double>(Clock::now() - start).count();
    metrics.count_verdict(verifier_of(rows[i]), to_string(judged[i].verdict.status), judged[i].seconds);
  };
  switch (pool.run(rows.size(), one, request.gone)) {
    case WorkPool::Outcome::kDone:
      return {};
    case WorkPool::Outcome::kAbandoned:
      return http_error(503, "the client has hung up");
    case WorkPool::Outcome::kFull:
      break;
  }
  HttpResponse full =
      http_error(429, fmt::format("{} rows are waiting already; try again", pool.load().waiting));
  full.headers = {{"Retry-After", "1"}};
  return full;
}

HttpResponse VerifyApi::Impl::verify(const HttpRequest& request) {
  auto body = parse_body(request);
  if (!body.ok()) return http_error(400, body.error().message());
  const auto wrapped = body->is_object() ? body->find("rows") : body->end();
  const bool is_wrapped = body->is_object() && wrapped != body->end() && !body->contains("completion");
  OrderedJson& list = is_wrapped ? *wrapped : *body;
  if (is_wrapped ? !list.is_array() : !list.is_array() && !list.is_object()) {
    return http_error(
        400, is_wrapped ? "[rows] must be a list of rows" : "[body] must be a row or a list of rows");
  }
  const bool single = list.is_object();
  std::vector<OrderedJson> rows;
  if (single) {
    rows.push_back(std::move(list));
  } else {
    rows.assign(std::make_move_iterator(list.begin()), std::make_move_iterator(list.end()));
  }
  std::vector<Judged> judged;
  if (auto refusal = judge(rows, judged, request)) return *refusal;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].is_object()) rows[i] = {{"row", std::move(rows[i])}};
    write_verdict(rows[i], judged[i].verdict, judged[i].seconds * 1e3);
  }
  if (single) return json_response(rows[0]);
  OrderedJson answers = std::move(rows);
  return json_response(is_wrapped ? OrderedJson{{"rows", std::move(answers)}} : answers);
}

// A trainer that sees only zeros should find the reason somewhere: at most one line in ten seconds.
void VerifyApi::Impl::tell_undecided(const std::vector<Judged>& judged) {
  const auto first =
      std::find_if(judged.begin(), judged.end(), [](const Judged& j) { return !j.verdict.decided(); });
  if (first == judged.end()) return;
  undecided += std::count_if(first, judged.end(), [](const Judged& j) { return !j.verdict.decided(); });
  const std::int64_t now = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - started).count();
  std::int64_t last = told_at;
  if (now - last < 10 || !told_at.compare_exchange_strong(last, now)) return;
  log_warn("/get_reward: {} undecided, rewarded 0; one of them: {}: {}", undecided.load(),
           to_string(first->verdict.status), first->verdict.detail);
}

HttpResponse VerifyApi::Impl::get_reward(const HttpRequest& request) {
  const auto body = parse_body(request);
  if (!body.ok()) return http_error(400, body.error().message());
  if (!body->is_object()) return http_error(400, "[body] must be an object with query, prompts and labels");
  const OrderedJson* lists[3];
  for (std::size_t i = 0; i < 3; ++i) {
    const auto list = list_of(*body, std::array{"query", "prompts", "labels"}[i]);
    if (!list.ok()) return http_error(400, list.error().message());
    lists[i] = *list;
  }
  const auto [queries, prompts, labels] = lists;
  if (queries == nullptr) return http_error(400, "[query] must be a list of texts, got none");
  for (const OrderedJson* list : {prompts, labels}) {
    if (list != nullptr && list->size() != queries->size()) {
      return http_error(400, fmt::format("prompts and labels must be as many as query ({}), got {}",
                                         queries->size(), list->size()));
    }
  }
  const std::size_t count = queries->size();
  std::vector<OrderedJson> rows(count);
  for (std::size_t i = 0; i < count; ++i) {
    const OrderedJson& query = (*queries)[i];
    if (!query.is_string() || (prompts != nullptr && !(*prompts)[i].is_string())) {
      return http_error(400, fmt::format("query and prompts must be texts (entry {})", i));
    }
    const auto completion =
        completion_of(query.get_ref<const std::string&>(),
                      prompts == nullptr ? std::string_view{} : (*prompts)[i].get_ref<const std::string&>());
    // Judging the prompt too could reward what the model did not write.
    rows[i] = row_of(labels == nullptr ? OrderedJson() : (*labels)[i], completion.value_or(""));
    if (!completion) rows[i]["completion"] = nullptr;
  }
  std::vector<Judged> judged;
  if (auto refusal = judge(rows, judged, request)) return *refusal;
  for (std::size_t i = 0; i < count; ++i) {
    if (rows[i]["completion"].is_null())
      judged[i].verdict.detail = "the query does not begin with its prompt";
  }
  tell_undecided(judged);
  OrderedJson answer = {{"rewards", OrderedJson::array()},
                        {"scores", OrderedJson::array()},
                        {"statuses", OrderedJson::array()},
                        {"extra_logs", OrderedJson::object()}};
  for (const char* key : {"correct", "undecided", "unparsable"})
    answer["extra_logs"][key] = OrderedJson::array();
  for (const Judged& j : judged) {
    const bool correct = j.verdict.status == VerdictStatus::kCorrect;
    answer["rewards"].push_back(j.verdict.decided() ? j.verdict.score : 0.0);
    answer["scores"].push_back(correct ? 1.0 : 0.0);
    answer["statuses"].push_back(to_string(j.verdict.status));
    answer["extra_logs"]["correct"].push_back(correct ? 1.0 : 0.0);
    answer["extra_logs"]["undecided"].push_back(j.verdict.decided() ? 0.0 : 1.0);
    answer["extra_logs"]["unparsable"].push_back(j.verdict.status == VerdictStatus::kUnparsable ? 1.0 : 0.0);
  }
  return json_response(answer);
}

HttpResponse VerifyApi::Impl::verifiers() const {
  OrderedJson list = OrderedJson::array();
  for (const std::string& name : known_verifiers()) {
    const Described* const verifier = described(name);
    if (verifier == nullptr) continue;
    list.push_back(
        {{"name", name}, {"asks", verifier->asks}, {"judges_correctness", verifier->judges_correctness}});
  }
  return json_response({{"default", options.verifier.verifier}, {"verifiers", std::move(list)}});
}

VerifyApi::VerifyApi(VerifyApiOptions options, StatusApi& status)
    : impl_(std::make_unique<Impl>(std::move(options), status)) {
  status.add([impl = impl_.get()](std::string& out) {
    const WorkPool::Load load = impl->pool.load();
    write_metric(out, "hone_rows_waiting", "gauge", "Rows that wait for a worker.",
                 static_cast<double>(load.waiting));
    write_metric(out, "hone_rows_running", "gauge", "Rows that are being judged.",
                 static_cast<double>(load.running));
    write_metric(out, "hone_workers", "gauge", "Rows judged at once, at most.", impl->pool.threads());
  });
}
VerifyApi::~VerifyApi() = default;

void VerifyApi::add_to(HttpServer& server) {
  Impl* const impl = impl_.get();
  server.route("POST", "/verify", [impl](const HttpRequest& request) { return impl->verify(request); });
  server.route("POST", "/get_reward",
               [impl](const HttpRequest& request) { return impl->get_reward(request); });
  server.route("GET", "/verifiers", [impl](const HttpRequest&) { return impl->verifiers(); });
}

}  // namespace hone
