// "math": the completion's final answer means the same as Problem::answer.
//
// The final answer is found by final_answer.h and compared by judge.h; docs/verifiers-math.md lists every
// rule. correct 1, wrong 0, unparsable 0 (no answer, or none that can be read); timeout when the step budget
// ends before a decision; error when the reference is empty or too long. Runs nothing, holds no mutable
// state, thread-safe; at most kMathSteps steps, whatever the text.
#pragma once

#include <memory>

#include "hone/types/interfaces.h"

namespace hone {

std::unique_ptr<Verifier> make_math_verifier();

}  // namespace hone
