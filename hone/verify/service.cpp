#include "hone/verify/service.h"

#include <algorithm>
#include <cmath>

#include "hone/base/check.h"
#include "hone/base/json.h"
#include "hone/base/rng.h"
#include "hone/verify/rubric.h"

namespace hone {
namespace {

using OrderedJson = nlohmann::ordered_json;

Verdict failed(const Error& error) { return {VerdictStatus::kError, 0.0, error.message()}; }

// Text, or a number as it is written.
Result<std::string> text_of(const OrderedJson& value, const std::string& key) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return value.dump();
  return Error{key, "must be a text or a number", value.type_name()};
}

Result<Problem> problem_of(const OrderedJson& row) {
  Problem problem;
  for (const char* key : {"reference", "answer"}) {
    const auto it = row.find(key);
    if (it == row.end() || it->is_null()) continue;
    HONE_TRY(problem.answer, text_of(*it, key));
    break;
  }
  problem.fields = row.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  problem.source = "row";
  problem.id = mix64(std::hash<std::string>{}(problem.answer), 1);
  return problem;
}

}  // namespace

VerifyService::VerifyService(VerifierOptions defaults) : defaults_(std::move(defaults)) {}

Result<std::shared_ptr<const Verifier>> VerifyService::verifier(const std::string& name) const {
  Entry* entry = nullptr;
  {
    const std::lock_guard lock(mutex_);
    auto& slot = entries_[name];
    if (slot == nullptr) slot = std::make_unique<Entry>();
    entry = slot.get();
  }
  std::call_once(entry->made, [&] {
    VerifierOptions options = defaults_;
    options.verifier = name;
    auto made = make_verifier(options, /*seed=*/1);
    if (made.ok()) {
      entry->verifier = std::move(*made);
    } else {
      entry->error = made.error();
    }
  });
  if (entry->verifier == nullptr) return entry->error;
  return entry->verifier;
}

Verdict VerifyService::verify(const OrderedJson& row) const {
  if (!row.is_object()) return failed({"row", "must be an object", row.type_name()});
  std::string name = defaults_.verifier;
  if (const auto it = row.find("verifier"); it != row.end()) {
    if (!it->is_string()) return failed({"verifier", "must be a text", it->type_name()});
    name = it->get<std::string>();
  }
  // Names come from outside: only known ones are kept.
  if (const auto known = known_verifiers(); std::find(known.begin(), known.end(), name) == known.end()) {
    return failed({"verifier", fmt::format("must be one of {}", fmt::join(known, ", ")), name.substr(0, 60)});
  }
  const auto text = row.find("completion");
  if (text == row.end() || !text->is_string()) {
    return failed({"completion", "must be a text", text == row.end() ? "none" : text->type_name()});
  }
  const auto verifier = this->verifier(name);
  if (!verifier.ok()) return failed(verifier.error());
  const auto problem = problem_of(row);
  if (!problem.ok()) return failed(problem.error());
  Completion completion;
  completion.text = text->get<std::string>();
  completion.finish = FinishReason::kEos;
  return guarded_verdict(**verifier, *problem, completion);
}

void write_verdict(OrderedJson& row, const Verdict& verdict, double ms) {
  row["status"] = to_string(verdict.status);
  row["score"] = verdict.decided() ? OrderedJson(verdict.score) : OrderedJson(nullptr);
  row["detail"] = verdict.detail;
  row["ms"] = std::round(ms * 1000) / 1000;
}

}  // namespace hone
