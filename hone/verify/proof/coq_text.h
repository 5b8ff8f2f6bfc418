// What of a model's text may reach Coq: tactic sentences, and nothing else.
//
// Soundness rests on Coq's kernel; this filter keeps a proof from changing what the kernel is asked. It
// allows rather than forbids: comments are taken out here, strings and characters beyond ASCII are refused,
// and each sentence must be a bullet, a brace, or begin with a known tactic. Vernacular (Axiom, Notation,
// Set, Require, Admitted, Ltac …) therefore has no way in, whatever tricks with comments, quotes or full
// stops are tried: Coq never sees the text that this file has not understood.
//
// Everything is linear in the text. Thread safety: pure functions.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/result.h"

namespace hone {

inline constexpr std::size_t kMaxCoqProof = 64 << 10;  // bytes
inline constexpr std::size_t kMaxCoqSentences = 4000;

// The sentences between `Proof.` and `Qed.`, both of which may be left out. A header (`Theorem name : …`) may
// stand before them when it states `statement`, white space aside. own_tactics: further names that a sentence
// may begin with. Error: its rule is the reason why this is no proof.
Result<std::vector<std::string>> coq_tactics(std::string_view proof, std::string_view statement,
                                             const std::set<std::string>& own_tactics);

// The names that a preamble defines by Ltac.
std::set<std::string> coq_ltac_names(std::string_view preamble);

// Error when the statement ends a sentence, closes a bracket that it did not open, or leaves a comment or
// string open: between parentheses it would not be one term.
Result<void> check_coq_statement(std::string_view statement);

}  // namespace hone
