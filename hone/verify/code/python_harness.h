// What runs beside a Python candidate, as the prelude of the workers, and the programs that jobs run.
//
// One process loads the candidate and only ever states plain data. What is expected, and the statements that
// compare, live in hone or in a second process that shares nothing with the first but two pipes of JSON
// lines.
#pragma once

#include <string>

namespace hone {

// Defines the functions below; imports what programs commonly use, so that each job finds it loaded.
std::string python_prelude();

// main.py as a program: stdin, stdout, exit code. Exit code 123: it does not compile.
inline constexpr const char* kRunMain = "run_main()";
inline constexpr int kNotCompiled = 123;

// Loads main.py and calls what cases.json says ({"entry_point", "cases": [{"args", "kwargs"}]}): one line for
// each case on descriptor 3, {"v": value} or {"e": "ValueError: …"}; before them {"e": …} alone when main.py
// fails.
inline constexpr const char* kRunCalls = "run_calls()";

// Loads main.py and answers the calls that come on descriptor 3, on descriptor 4.
inline constexpr const char* kServeCalls = "serve_calls()";

// Runs the statements of tests.json against the candidate behind descriptors 3 (its answers) and 4 (our
// calls). Verdict, a line each, on descriptor 5: {"test": i, "ok": bool, "why": text}, or {"broken": text}
// when the tests cannot run apart from the candidate.
inline constexpr const char* kRunTests = "run_tests()";

}  // namespace hone
