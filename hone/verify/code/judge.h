// How each language's programs are judged. Each function fills in a Judgement.
//
// Error: the host's or the tests', never the program's. Thread safety: as Judgement.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "hone/base/result.h"
#include "hone/verify/code/judgement.h"
#include "hone/verify/code/tests.h"
#include "hone/verify/code/toolchain.h"

namespace hone {

// What a harness may write of results, bytes.
inline constexpr std::int64_t kRecordBytes = 16 << 20;

Result<void> judge_python(const CodeTests& tests, const std::string& code, Judgement& judgement);
Result<void> judge_c(const CodeTests& tests, const std::string& code, const Toolchain& tools,
                     Judgement& judgement);
Result<void> judge_cpp(const CodeTests& tests, const std::string& code, const Toolchain& tools,
                       Judgement& judgement);
Result<void> judge_javascript(const CodeTests& tests, const std::string& code, Judgement& judgement);

// One run for each case of a program that reads stdin. make: the job of one run, without its input. A program
// that ends with `not_compiled_code` does not compile.
Result<void> judge_stdio(const StdioTests& tests, Judgement& judgement,
                         const std::function<WorkerJob()>& make, const SandboxLimits& limits,
                         int not_compiled_code = -1);

// The lines that a harness wrote, one for each case ({"v": value} or {"e": text}), against what is expected.
void compare_records(const CallTests& tests, const std::string& records, const WorkerResult& result,
                     Judgement& judgement);

// {"entry_point", "cases": [{"args", "kwargs"}]}: what a harness is told.
std::string call_inputs(const CallTests& tests);

// All calls are made by one process.
SandboxLimits call_limits(const CallTests& tests, const Judgement& judgement);

}  // namespace hone
