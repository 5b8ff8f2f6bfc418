#include <string>

#include "hone/base/json.h"
#include "hone/verify/code/judge.h"
#include "hone/verify/code/python_harness.h"
#include "hone/verify/code/text.h"

namespace hone {
namespace {

Result<void> stdio(const StdioTests& tests, const std::string& code, Judgement& judgement) {
  return judge_stdio(
      tests, judgement,
      [&] {
        WorkerJob job;
        job.program = kRunMain;
        job.files = {{"main.py", code}};
        return job;
      },
      judgement.case_limits(), kNotCompiled);
}

Result<void> calls(const CallTests& tests, const std::string& code, Judgement& judgement) {
  HONE_TRY(const Fd records, make_empty_memory_file());
  WorkerJob job;
  job.program = kRunCalls;
  job.files = {{"main.py", code}, {"cases.json", call_inputs(tests)}};
  job.fds = {records.get()};
  HONE_TRY(const WorkerResult result, judgement.run(std::move(job), call_limits(tests, judgement)));
  compare_records(tests, content_of(records, kRecordBytes), result, judgement);
  return {};
}

// HumanEval's completions either go on where the prompt stops, or are whole programs.
std::string joined(const CheckTests& tests, const std::string& code) {
  const std::string definition = "def " + tests.entry_point;
  for (std::size_t at = 0; (at = code.find(definition, at)) != std::string::npos; ++at) {
    const std::size_t line = at == 0 ? 0 : code.rfind('\n', at - 1) + 1;
    const std::size_t end = at + definition.size();
    const bool top = line == at || code.compare(line, at - line, "async ") == 0;
    if (top && end < code.size() && (code[end] == '(' || code[end] == ' ')) {
      // The prompt's imports and helpers first; its own unfinished function is replaced by the program's.
      return tests.prompt + "\n    pass\n\n" + code;
    }
  }
  return tests.prompt + code;
}

std::string tests_json(const CodeTests& tests) {
  Json spec;
  if (const auto* check = std::get_if<CheckTests>(&tests.kind)) {
    spec = {{"kind", "check"},
            {"prompt", check->prompt},
            {"test", check->test},
            {"entry_point", check->entry_point}};
  } else {
    const auto& asserts = std::get<AssertTests>(tests.kind);
    spec = {{"kind", "asserts"},
            {"statements", asserts.statements},
            {"setup", asserts.setup},
            {"reference", asserts.reference}};
  }
  return spec.dump();
}

// The verdict lines of the asserting process; false where the tests themselves are broken.
Result<void> read_verdicts(const std::string& lines, std::size_t total, const WorkerResult& asserting,
                           const WorkerResult& candidate, Judgement& judgement) {
  std::size_t next = 0;
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = lines.find('\n', at);
    if (end == std::string::npos) break;
    HONE_TRY(const Json record, parse_json(std::string_view(lines).substr(at, end - at), "tests"));
    at = end + 1;
    if (record.contains("broken")) {
      return Error{"tests", "must run apart from the program", record["broken"].get<std::string>()};
    }
    if (record.at("ok").get<bool>()) {
      judgement.passed();
    } else {
      std::string why = record.at("why").get<std::string>();
      // How the process ended says more than that it did.
      if (const std::string end_of = judgement.bad_end(candidate); !end_of.empty()) why = end_of;
      judgement.failed(next, why);
    }
    ++next;
  }
  if (next == total) return {};
  if (asserting.end == SandboxEnd::kExited && candidate.end == SandboxEnd::kExited) {
    return Error{"tests", "must run to their end", last_line(asserting.err, 200)};
  }
  const std::string why = judgement.bad_end(candidate.end == SandboxEnd::kExited ? asserting : candidate);
  judgement.failed(next, why);
  return {};
}

// Two processes: one holds the program, the other the assertions, and between them go calls and plain data.
Result<void> assertions(const CodeTests& tests, const std::string& code, std::size_t total,
                        Judgement& judgement) {
  HONE_TRY(Pipe requests, make_pipe());
  HONE_TRY(Pipe answered, make_pipe());
  HONE_TRY(const Fd verdicts, make_empty_memory_file());
  WorkerJob jobs[2];
  WorkerJob &asserting = jobs[0], &candidate = jobs[1];
  asserting.program = kRunTests;
  asserting.files = {{"tests.json", tests_json(tests)}};
  asserting.fds = {answered.read.get(), requests.write.get(), verdicts.get()};
  asserting.handed.push_back(std::move(answered.read));
  asserting.handed.push_back(std::move(requests.write));
  candidate.program = kServeCalls;
  candidate.files = {{"main.py", code}};
  candidate.fds = {requests.read.get(), answered.write.get()};
  candidate.handed.push_back(std::move(requests.read));
  candidate.handed.push_back(std::move(answered.write));
  SandboxLimits limits = judgement.case_limits();
  limits.processes += 1;
  HONE_TRY(const std::vector<WorkerResult> results, judgement.run(jobs, limits));
  return read_verdicts(content_of(verdicts, kRecordBytes), total, results[0], results[1], judgement);
}

}  // namespace

Result<void> judge_python(const CodeTests& tests, const std::string& code, Judgement& judgement) {
  if (const auto* kind = std::get_if<StdioTests>(&tests.kind)) return stdio(*kind, code, judgement);
  if (const auto* kind = std::get_if<CallTests>(&tests.kind)) return calls(*kind, code, judgement);
  if (const auto* kind = std::get_if<CheckTests>(&tests.kind)) {
    return assertions(tests, joined(*kind, code), 1, judgement);
  }
  return assertions(tests, code, std::get<AssertTests>(tests.kind).statements.size(), judgement);
}

}  // namespace hone
