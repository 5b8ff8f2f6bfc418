#include "hone/verify/program/program_lines.h"

#include <array>
#include <optional>

#include "hone/base/json.h"
#include "hone/verify/answer.h"
#include "hone/verify/code/text.h"

namespace hone {
namespace {

constexpr std::size_t kShownLine = 100;
constexpr std::size_t kDetailBytes = 1000;

Json prompt_of(const Problem& problem, const Json& row) {
  if (problem.messages.size() == 1 && problem.messages[0].role == "user") return problem.messages[0].content;
  if (problem.messages.empty()) {
    const auto own = row.find("prompt");
    return own == row.end() ? Json() : *own;
  }
  Json messages = Json::array();
  for (const Message& m : problem.messages) messages.push_back({{"role", m.role}, {"content", m.content}});
  return messages;
}

ProgramAnswer out_of_step(std::string detail) {
  return {{VerdictStatus::kError, 0.0, std::move(detail)}, false};
}
ProgramAnswer no_verdict(std::string detail) {
  return {{VerdictStatus::kError, 0.0, std::move(detail)}, true};
}

std::optional<double> score_of(const Json& value) {
  if (value.is_boolean()) return value.get<bool>() ? 1.0 : 0.0;
  if (value.is_number()) return value.get<double>();  // finite: JSON has no other
  return std::nullopt;
}

std::optional<VerdictStatus> status_of(const Json& value) {
  if (!value.is_string()) return std::nullopt;
  for (const VerdictStatus status :
       {VerdictStatus::kCorrect, VerdictStatus::kWrong, VerdictStatus::kUnparsable, VerdictStatus::kTimeout,
        VerdictStatus::kError}) {
    if (value.get_ref<const std::string&>() == to_string(status)) return status;
  }
  return std::nullopt;
}

const Json* given(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

}  // namespace

std::string question_line(std::uint64_t id, const Problem& problem, const Completion& completion) {
  Json line = Json::object();
  if (!problem.fields.empty()) {
    auto row = parse_json(problem.fields, "row");
    if (row.ok() && row->is_object()) line = std::move(row).value();
  }
  Json prompt = prompt_of(problem, line);
  if (const auto own = line.find("id"); own != line.end()) {
    Json row_id = std::move(*own);
    line["row_id"] = std::move(row_id);
  }
  line["id"] = id;
  line["prompt"] = std::move(prompt);
  line["completion"] = completion.text;
  line["reference"] = problem.answer.empty() ? Json() : Json(problem.answer);
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

ProgramAnswer read_answer(std::string_view line, std::uint64_t id) {
  const auto parsed = parse_json(line, "");
  if (!parsed.ok()) {
    return out_of_step(
        fmt::format("the program must answer with JSON, got '{}'", cut(trimmed(line), kShownLine)));
  }
  Json object = *parsed;
  if (score_of(object)) object = Json{{"score", *parsed}};
  if (!object.is_object()) {
    return out_of_step(
        fmt::format("the program must answer with an object or a number, got {}", brief(*parsed)));
  }
  if (const Json* own = given(object, "id"); own != nullptr && *own != Json(id)) {
    return out_of_step(fmt::format("the program must answer question {}, got id {}", id, brief(*own)));
  }
  const Json* const score = given(object, "score");
  const Json* const status = given(object, "status");
  const Json* const detail = given(object, "detail");
  if (score != nullptr && !score_of(*score))
    return no_verdict("the program's score must be a number, got " + brief(*score));
  if (status != nullptr && !status_of(*status)) {
    return no_verdict("the program's status must be correct, wrong, unparsable, timeout or error, got " +
                      brief(*status));
  }
  if (detail != nullptr && !detail->is_string())
    return no_verdict("the program's detail must be a text, got " + brief(*detail));
  if (score == nullptr && status == nullptr) {
    return no_verdict("the program must give a score or a status, got " + brief(*parsed));
  }
  Verdict verdict;
  if (status != nullptr) {
    verdict.status = *status_of(*status);
    verdict.score = verdict.status == VerdictStatus::kCorrect ? 1.0 : 0.0;
  }
  if (score != nullptr) {
    const double value = *score_of(*score);
    if (status == nullptr) verdict.status = value >= 1.0 ? VerdictStatus::kCorrect : VerdictStatus::kWrong;
    if (verdict.decided()) verdict.score = value;
  }
  if (detail != nullptr) verdict.detail = cut(detail->get_ref<const std::string&>(), kDetailBytes);
  return {std::move(verdict), true};
}

}  // namespace hone
