#include "hone/verify/code/judge.h"

#include "hone/verify/code/text.h"

namespace hone {

Result<void> judge_stdio(const StdioTests& tests, Judgement& judgement,
                         const std::function<WorkerJob()>& make, const SandboxLimits& limits,
                         int not_compiled_code) {
  for (std::size_t i = 0; i < tests.cases.size() && !judgement.settled(); ++i) {
    if (judgement.seconds_left() <= 0 && judgement.any_failed()) break;
    WorkerJob job = make();
    job.stdin_text = tests.cases[i].stdin_text;
    HONE_TRY(const WorkerResult result, judgement.run(std::move(job), limits));
    if (result.end == SandboxEnd::kExited && result.exit_code == not_compiled_code) {
      judgement.not_compiled(last_line(result.err, 200));
      return {};
    }
    std::string why = judgement.bad_end(result);
    if (why.empty()) why = output_difference(tests.cases[i].stdout_text, result.out);
    if (why.empty()) {
      judgement.passed();
    } else {
      judgement.failed(i, why);
    }
  }
  return {};
}

void compare_records(const CallTests& tests, const std::string& records, const WorkerResult& result,
                     Judgement& judgement) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < tests.cases.size() && !judgement.settled(); ++i) {
    const std::size_t end = records.find('\n', at);
    if (end == std::string::npos) {
      std::string why = judgement.bad_end(result);
      judgement.failed(i, why.empty() ? "the program ended before this call" : why);
      continue;
    }
    const std::string_view line = std::string_view(records).substr(at, end - at);
    at = end + 1;
    // {"v":…} or {"e":…}, of which only the content is tagged.
    if (line.size() < 7 || line.back() != '}' ||
        (line.substr(0, 5) != "{\"v\":" && line.substr(0, 5) != "{\"e\":")) {
      judgement.failed(i, "no record of the call");
      continue;
    }
    const auto value = parse_tagged(line.substr(5, line.size() - 6), "record");
    if (line[2] == 'e') {
      // An error's record may name its type after the text.
      const auto whole = parse_plain(line, "record");
      const bool told = whole.ok() && whole->items.size() >= 2;
      judgement.failed(i, told ? whole->items[1].text : "an error");
    } else if (!value.ok()) {
      judgement.failed(i, "the value cannot be read");
    } else if (!answers(tests.cases[i].expected, *value)) {
      judgement.failed(i,
                       fmt::format("{}({}) is {}, must be {}", tests.entry_point, brief(tests.cases[i].args),
                                   brief(*value), brief(tests.cases[i].expected)));
    } else {
      judgement.passed();
    }
  }
}

std::string call_inputs(const CallTests& tests) {
  std::string out = "{\"entry_point\": \"" + tests.entry_point + "\", \"cases\": [";
  for (std::size_t i = 0; i < tests.cases.size(); ++i) {
    if (i > 0) out += ", ";
    out += "{\"args\": " + to_json(tests.cases[i].args) + ", \"kwargs\": " + to_json(tests.cases[i].kwargs) +
           "}";
  }
  return out + "]}";
}

SandboxLimits call_limits(const CallTests& tests, const Judgement& judgement) {
  SandboxLimits limits = judgement.case_limits();
  const auto calls = static_cast<double>(tests.cases.size());
  limits.wall_seconds *= calls;  // bounded by what is left of the judgement's time
  limits.cpu_seconds *= calls;
  return limits;
}

}  // namespace hone
