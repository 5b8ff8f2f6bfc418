// One answer against its reference, both as text.
//
// The first rule that decides, decides: the same text; plain integers; multiple choice; words; then both are
// read (hone/symbolic/parser.h) and compared (hone/symbolic/compare.h), with units, a decimal comma and, only
// for a reference that is one decimal, a tolerance. docs/verifiers-math.md lists the rules. Thread-safe;
// bounded by kMathSteps steps.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hone/types/verdict.h"

namespace hone {

// About 20 ms of work on a 2020 core.
inline constexpr std::int64_t kMathSteps = 250'000;

// A decimal reference accepts what is within half a unit of its last digit and within this fraction of it:
// the second for answers that no decimal can equal (2/3, √2), to which the reference can only be a rounding.
inline constexpr long kToleranceInverse = 1'000'000;
inline constexpr long kRoundedToleranceInverse = 10'000;

struct MathJudgement {
  VerdictStatus status = VerdictStatus::kError;
  std::string detail;           // valid UTF-8, a few hundred bytes: "3/4 against 0.75: equal by normal form"
  bool is_words = false;        // the answer was read as words, and the reference was not
  bool read_reference = false;  // the reference was read by the parser, and not compared as text
};

MathJudgement judge_answer(std::string_view reference, std::string_view answer);

}  // namespace hone
