// "code": programs that models wrote, compiled and run against tests in the sandbox.
//
// Problem::fields is the row as JSON. `language` (python, c, cpp, javascript; CodeOptions::language when
// absent) and `tests`, one of
//   {"kind": "stdio", "cases": [{"stdin": "…", "stdout": "…"}]}             every language
//   {"kind": "calls", "entry_point": "f", "cases": [{"args": […], "expected": …}]}   every language
//   {"kind": "humaneval", "prompt": "…", "test": "…", "entry_point": "f"}   python
//   {"kind": "mbpp", "test_list": ["assert …"], "test_setup_code": "…"}     python
// HumanEval's and MBPP's own rows, with these keys at the top, work as they are.
//
// The code is the completion's last fenced block of the language, else its last fenced block, else <answer>,
// else the text after the thought (extract.h).
//
// What the tests expect never enters a process that runs model code: outputs and returned values come back as
// plain data and are compared here, or, for assertion programs, by a second process that only exchanges plain
// data with the first. docs/verifiers-code.md has the rules.
//
// Verdict: correct (all tests passed), wrong, unparsable (no code), timeout (the deadline came while the
// machine was too busy to tell whose fault it was; undecided), error (the row's tests or the host failed;
// undecided). score: the fraction of passed tests with partial_credit, else 0 or 1. detail: whether it
// compiled, tests passed of total, the first failure with its output, seconds, memory.
//
// Thread safety: verify may be called from several threads at once; no more than `workers` judgements run,
// others wait. A judgement that runs takes at most `seconds` + 0.5 s.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "hone/base/result.h"
#include "hone/types/interfaces.h"

namespace hone {

struct CodeOptions {
  std::string language = "python";        // of rows that do not say
  double seconds = 10.0;                  // of a judgement: compiling and all tests
  double case_seconds = 4.0;              // of one run of the program
  std::int64_t memory_bytes = 512 << 20;  // of one run of the program
  std::int64_t output_bytes = 1 << 20;    // of stdout and stderr each, of one run
  bool partial_credit = false;
  int workers = 0;                                  // judgements at a time; 0: one for each core
  std::size_t cache_bytes = std::size_t{64} << 20;  // of remembered verdicts; 0: none
};

// Error: where no sandbox can be made, what to install (bubblewrap, python3); an impossible option.
Result<std::unique_ptr<Verifier>> make_code_verifier(const CodeOptions& options);

}  // namespace hone
