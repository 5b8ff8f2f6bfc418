// C, C++ and JavaScript.
#include "hone/verify/code/harness.h"
#include "hone/verify/code/judge.h"

namespace hone {
namespace {

// All tests with one program that was built.
Result<void> run_tests(const CodeTests& tests, const Fd& binary, Judgement& judgement) {
  if (const auto* kind = std::get_if<StdioTests>(&tests.kind)) {
    return judge_stdio(
        *kind, judgement, [&] { return run_built(binary); }, judgement.case_limits());
  }
  const auto& calls = std::get<CallTests>(tests.kind);
  HONE_TRY(const Fd records, make_empty_memory_file());
  WorkerJob job = run_built(binary);
  job.fds.push_back(records.get());
  HONE_TRY(const WorkerResult result, judgement.run(std::move(job), call_limits(calls, judgement)));
  compare_records(calls, content_of(records, kRecordBytes), result, judgement);
  return {};
}

}  // namespace

Result<void> judge_c(const CodeTests& tests, const std::string& code, const Toolchain& tools,
                     Judgement& judgement) {
  Toolchain::Files files = {{"main.c", code}};
  if (const auto* calls = std::get_if<CallTests>(&tests.kind)) {
    const auto main = c_calls_main(*calls, code);
    if (!main.ok()) {
      judgement.not_compiled(main.error().message());
      return {};
    }
    files["main.c"] = *main;
  }
  if (tools.has_tcc()) {
    HONE_TRY(const Toolchain::Built quick, tools.build_with_tcc(files, judgement));
    if (quick.binary) {
      HONE_TRY_VOID(run_tests(tests, *quick.binary, judgement));
      if (!judgement.any_failed() || judgement.seconds_left() <= 0) return {};
    }
    judgement.forget();
  }
  HONE_TRY(const Toolchain::Built built, tools.build_c(files, judgement));
  if (!built.binary) {
    judgement.not_compiled(built.errors);
    return {};
  }
  return run_tests(tests, *built.binary, judgement);
}

Result<void> judge_cpp(const CodeTests& tests, const std::string& code, const Toolchain& tools,
                       Judgement& judgement) {
  Toolchain::Files files = {{"main.cpp", code}};
  if (const auto* calls = std::get_if<CallTests>(&tests.kind)) {
    files["main.cpp"] = cpp_calls_main(*calls, code);
    files["hone_calls.h"] = cpp_calls_header();
  }
  HONE_TRY(const Toolchain::Built built, tools.build_cpp(files, judgement));
  if (!built.binary) {
    judgement.not_compiled(built.errors);
    return {};
  }
  return run_tests(tests, *built.binary, judgement);
}

Result<void> judge_javascript(const CodeTests& tests, const std::string& code, Judgement& judgement) {
  const auto node = [](const char* file) {
    WorkerJob job;
    job.argv = {"node", "--stack-size=2000", file};
    return job;
  };
  SandboxLimits limits = judgement.case_limits();
  limits.address_bytes = -1;  // node reserves far more than it uses; the resident size is watched
  if (const auto* kind = std::get_if<StdioTests>(&tests.kind)) {
    return judge_stdio(
        *kind, judgement,
        [&] {
          WorkerJob job = node("main.js");
          job.files = {{"main.js", code}};
          return job;
        },
        limits);
  }
  const auto& calls = std::get<CallTests>(tests.kind);
  HONE_TRY(const Fd records, make_empty_memory_file());
  WorkerJob job = node("calls.js");
  job.files = {{"main.js", code}, {"calls.js", javascript_calls()}, {"cases.json", call_inputs(calls)}};
  job.fds = {records.get()};
  const SandboxLimits all = call_limits(calls, judgement);
  limits.wall_seconds = all.wall_seconds;
  limits.cpu_seconds = all.cpu_seconds;
  HONE_TRY(const WorkerResult result, judgement.run(std::move(job), limits));
  compare_records(calls, content_of(records, kRecordBytes), result, judgement);
  return {};
}

}  // namespace hone
