// The tests of a row.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "hone/base/result.h"
#include "hone/verify/code/extract.h"
#include "hone/verify/code/value.h"

namespace hone {

struct StdioTests {
  struct Case {
    std::string stdin_text, stdout_text;
  };
  std::vector<Case> cases;
};

struct CallTests {
  struct Case {
    PlainValue args;    // a list
    PlainValue kwargs;  // a dict; empty when there are none
    PlainValue expected;
  };
  std::string entry_point;
  std::vector<Case> cases;
};

// HumanEval: `prompt` is the start of the program; `test` defines check(candidate).
struct CheckTests {
  std::string prompt, test, entry_point;
};

// MBPP: statements with assert. `reference` may be empty; only the names it defines are used.
struct AssertTests {
  std::vector<std::string> statements;
  std::string setup, reference;
};

struct CodeTests {
  Language language = Language::kPython;
  std::variant<StdioTests, CallTests, CheckTests, AssertTests> kind;
};

// Error: no JSON, an unknown language or kind, a missing key, no test at all, an entry point that is no name.
Result<CodeTests> parse_tests(const std::string& fields, const std::string& default_language);

}  // namespace hone
