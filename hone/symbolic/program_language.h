// A small language of integer programs, for questions that a policy puts to itself.
//
//   program   = statement { ";" statement }
//   statement = name "=" sum | "while" sum ("<" | ">" | "!=") sum "{" program "}" | "print" sum
//   sum       = term { ("+" | "-") term }      term = factor { ("*" | "/" | "%") factor }
//   factor    = number | name | "(" sum ")"
//
// Names are single letters and begin at 0; division and remainder round towards minus infinity. White space
// means nothing. A program ends at its first print.
#pragma once

#include <cstdint>
#include <string>

#include "hone/base/result.h"

namespace hone {

struct ProgramRun {
  std::string text;         // the program without white space
  std::int64_t output = 0;  // what it prints
  int steps = 0;            // statements and loop tests
};

// Error: no program, over 200 bytes, a division by 0, a number of 10^9 or more, over 1,000 steps, the end
// without a print, a print that depends on nothing (a constant).
Result<ProgramRun> run_program(const std::string& text);

}  // namespace hone
