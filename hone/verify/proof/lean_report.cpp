#include "hone/verify/proof/lean_report.h"

#include <algorithm>
#include <optional>

#include "hone/base/json.h"
#include "hone/verify/answer.h"

namespace hone {
namespace {

struct LeanMessage {
  std::string severity, data;
  std::int64_t line = 0;
};

// Lines that are no such object are left out: they are no message of Lean's.
std::optional<LeanMessage> message_of(std::string_view line) {
  if (!line.starts_with('{')) return std::nullopt;
  const Result<Json> parsed = parse_json(line, "lean");
  if (!parsed.ok() || !parsed->is_object()) return std::nullopt;
  const auto pos = parsed->find("pos");
  if (pos == parsed->end() || !pos->is_object()) return std::nullopt;
  const Result<std::string> severity = json_require<std::string>(*parsed, "severity", "lean");
  const Result<std::string> data = json_require<std::string>(*parsed, "data", "lean");
  const Result<std::int64_t> at = json_require<std::int64_t>(*pos, "line", "lean");
  if (!severity.ok() || !data.ok() || !at.ok()) return std::nullopt;
  return LeanMessage{*severity, *data, *at};
}

std::string cut_message(std::string_view text) {
  text = trimmed(text);
  return std::string(text.substr(0, 200)) + (text.size() > 200 ? "…" : "");
}

// The names between the brackets of "'name' depends on axioms: [a, b]"; nothing when it says something else.
std::optional<std::vector<std::string>> axioms_of(std::string_view data, const std::string& name) {
  data = trimmed(data);
  const std::string none = "'" + name + "' does not depend on any axioms";
  const std::string some = "'" + name + "' depends on axioms:";
  if (data == none) return std::vector<std::string>{};
  if (!data.starts_with(some)) return std::nullopt;
  std::string_view list = trimmed(data.substr(some.size()));
  if (!list.starts_with('[') || !list.ends_with(']')) return std::nullopt;
  list = list.substr(1, list.size() - 2);
  std::vector<std::string> names;
  while (!trimmed(list).empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    names.emplace_back(trimmed(list.substr(0, comma)));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return names;
}

}  // namespace

Verdict judge_lean_report(std::string_view output, bool success, const LeanFile& file,
                          const std::string& name, const std::vector<std::string>& allowed_axioms) {
  std::optional<std::vector<std::string>> axioms;
  std::string last_error;
  while (!output.empty()) {
    const std::size_t end = std::min(output.find('\n'), output.size());
    const std::optional<LeanMessage> message = message_of(trimmed(output.substr(0, end)));
    output.remove_prefix(std::min(end + 1, output.size()));
    if (!message) continue;
    if (message->severity == "error") {
      if (message->line < file.proof_line) {
        return {VerdictStatus::kError, 0.0, "statement or preamble: " + cut_message(message->data)};
      }
      if (last_error.empty()) last_error = cut_message(message->data);
    } else if (message->line == file.axioms_line && message->severity.starts_with("info")) {
      axioms = axioms_of(message->data, name);
    }
  }
  if (!last_error.empty()) return {VerdictStatus::kWrong, 0.0, last_error};
  if (!success || !axioms) return {VerdictStatus::kError, 0.0, "lean gave no report of the theorem's axioms"};
  for (const std::string& axiom : *axioms) {
    if (std::find(allowed_axioms.begin(), allowed_axioms.end(), axiom) != allowed_axioms.end()) continue;
    return {VerdictStatus::kWrong, 0.0, "rests on the axiom " + cut_message(axiom)};
  }
  return {VerdictStatus::kCorrect, 1.0,
          axioms->empty() ? "proved" : fmt::format("proved from {}", fmt::join(*axioms, ", "))};
}

}  // namespace hone
