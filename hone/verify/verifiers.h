// The verifiers behind rubric.h's names. All are linear in the completion's text, hold no mutable state and
// run nothing that a model wrote.
#pragma once

#include <cstdint>
#include <memory>

#include "hone/types/interfaces.h"

namespace hone {

// "format": <think>…</think>, then <answer>…</answer>, each tag once, with nothing but white space around and
// between the two. correct 1, wrong 0; always decided.
std::unique_ptr<Verifier> make_format_verifier();

// "number": the final answer equals Problem::answer, exactly (exact_number.h). The final answer is the whole
// content of the last <answer>…</answer>; without one, of what follows the thought: the last \boxed{}, else
// the first number after the last "answer is", else after the last "####", else the last number. correct 1,
// wrong 0, unparsable 0 (no such answer); error when the reference is no number.
std::unique_ptr<Verifier> make_number_verifier();

// "text": the last <answer> (else the last \boxed{}) is Problem::answer, white space collapsed and trimmed,
// case kept. correct 1, wrong 0, unparsable 0 (neither is there, or it is empty); error when the reference is
// empty.
std::unique_ptr<Verifier> make_text_verifier();

// "expression": countdown. Problem::fields holds {"numbers": [..], "target": n}; the last <answer> (else
// \boxed{}) must be an expression of + - * / ( ) and non-negative integers, without unary signs, that uses
// each number exactly once and is exactly n; "= n" may follow. correct 1, wrong 0 (other numbers, another
// value, a division by zero, another tail), unparsable 0 (no answer, not such an expression, longer than
// 4,096 bytes); error for bad fields.
std::unique_ptr<Verifier> make_expression_verifier();

// "proposal": a problem to be posed. Problem::fields holds {"language": name}; the last <answer> must be a
// proposal of that language (symbolic/proposals.h), which is run. correct 1, wrong 0 (none of the language, or
// it does not end), unparsable 0 (no answer); error for bad fields.
std::unique_ptr<Verifier> make_proposal_verifier();

// "length": score = -scale · sampled tokens, as a cost; correct always. Requires a finite scale.
std::unique_ptr<Verifier> make_length_verifier(double scale);

// "random", a control: a fair coin keyed by (seed, problem id, the sampled ids). correct 1 or wrong 0.
std::unique_ptr<Verifier> make_random_verifier(std::uint64_t seed);

}  // namespace hone
