// Which problems `hone eval` asks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/cli/command_line.h"
#include "hone/config/options.h"
#include "hone/types/problem.h"

namespace hone {

struct EvalProblems {
  std::string source;               // a JSONL file, or a task's name
  std::int64_t count = 0;           // 0: every row of a file, 1,000 of a task
  std::vector<std::string> fields;  // "prompt=question"
  DataOptions data;                 // system, prompt_suffix, difficulty, on_error, answer_after
};

// --problems, -n, --field, --answer-after, --system, --prompt-suffix, --difficulty, --on-error.
void add_problem_options(Command& command, EvalProblems& problems);

struct ProblemSet {
  std::vector<Problem> problems;
  std::string verifier;  // that judges them by default
};

// A file's rows in an order of their hash, so that the first n are a fair sample; of a task, the held-out
// problems that training with the default eval_fraction never sees. Errors name the option, or the file and
// line.
Result<ProblemSet> read_problems(const EvalProblems& problems);

}  // namespace hone
