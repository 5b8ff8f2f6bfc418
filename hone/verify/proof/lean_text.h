// What of a model's text may reach Lean 4, and the file that is made of it.
//
// Lean's syntax ends a proof wherever a command begins and lets proofs run programs while they are checked,
// so this filter refuses: every word that begins a command, at whatever place; words that leave the goal
// open, trust more than the kernel, or reach Lean's own interface (sorry, native_decide, run_tac, Lean.…);
// strings, quotations, attributes, options, `#`. Comments are taken out here. What passes is still judged by
// Lean's kernel and its list of axioms (lean_checker.h).
//
// Everything is linear in the text. Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "hone/base/result.h"

namespace hone {

inline constexpr std::size_t kMaxLeanProof = 64 << 10;  // bytes

struct LeanProof {
  bool tactics = true;  // else a term
  std::string text;     // without comments and common indentation; may be empty
};

// "by …" and plain text are tactics; ":= …" is a term or "by …". A header (`theorem name : … := `) may stand
// before them when it states `statement`, white space aside. Error: its rule is the reason why this is no
// proof.
Result<LeanProof> lean_proof(std::string_view proof, std::string_view statement);

// Error when the statement's brackets do not match, or it holds a comment or `:=` outside brackets.
Result<void> check_lean_statement(std::string_view statement);

// A preamble as its parts, by the first word of each line that is not indented.
struct LeanPreamble {
  std::string imports;        // "import …" lines
  std::string scope;          // open, universe, variable, set_option: repeated before each theorem
  bool declarations = false;  // whether there is more, which is compiled once and then imported
};
LeanPreamble split_lean_preamble(std::string_view preamble);

// The file to check, and where in it things stand (lines count from 1).
struct LeanFile {
  std::string text;
  int proof_line = 0;   // the first line of the proof
  int axioms_line = 0;  // #print axioms
};
LeanFile make_lean_file(const LeanPreamble& preamble, const std::string& header_module,
                        std::string_view statement, const LeanProof& proof, const std::string& name);

}  // namespace hone
