// Proofs judged by proof checkers: the problem pins the statement, the completion supplies the proof alone.
//
// Three checkers: metamath (a kernel of our own, in this process), coq and lean4 (persistent or one-shot
// programs inside the sandbox; nothing that a model wrote runs outside it).
//
// Thread safety: checkers and the verifier may be called from several threads at once.
// Units: seconds of wall clock, bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/result.h"
#include "hone/types/interfaces.h"
#include "hone/types/verdict.h"

namespace hone {

struct ProofTask {
  std::string checker;    // metamath, coq, lean4
  std::string statement;  // "|- ( ph -> ph )"; "forall n : nat, n + 0 = n"; "∀ n : Nat, n + 0 = n"
  // metamath: "$d …" and "$e …" statements; coq: sentences before the theorem (Require Import …); lean4:
  // imports and declarations. Written by the problem's author, who is trusted.
  std::string preamble;
  std::string before;  // metamath: only what the database has before this label may be cited; empty: all
  std::string proof;   // from a model, who is not
};

class ProofChecker {
 public:
  virtual ~ProofChecker() = default;
  // correct; wrong, with the reason; unparsable (no proof there); timeout; error (the statement or preamble
  // is not accepted, the checker is not there).
  virtual Verdict check(const ProofTask& task) const = 0;
};

struct ProofOptions {
  std::string checker = "metamath";  // of problems that name none
  std::string metamath_database;     // a .mm file; empty: the built-in one (propositional.h)
  // Axioms that a proof may rest on, as `Print Assumptions` and `#print axioms` name them.
  std::vector<std::string> coq_axioms;
  std::vector<std::string> lean_axioms = {"propext", "Classical.choice", "Quot.sound"};
  std::string lean_program = "lean";  // on PATH, or its path
  std::string lean_project;        // a folder built by lake (Mathlib …), whose libraries are imported from
  double seconds = 10.0;           // for one proof; coq, lean4
  double preamble_seconds = 60.0;  // for imports, paid once per process; coq, lean4
  std::int64_t memory_bytes = std::int64_t{2} << 30;  // of one process; coq, lean4
  int processes = 2;                                  // at one time; coq, lean4
  std::size_t cache_bytes = std::size_t{64} << 20;    // of remembered answers; 0: none
};

// The checker of `name`. Error: no such checker, or what is missing (a database file, a sandbox, the program).
Result<std::unique_ptr<ProofChecker>> make_proof_checker(const std::string& name,
                                                         const ProofOptions& options);

// "proof": judges correctness. Problem::fields is JSON with "statement" and optionally "checker", "preamble"
// and "before". The proof is proof_of(completion). correct 1, wrong 0, unparsable 0. Answers that were
// decided are remembered by content. The checker of `options` is made at once, others when first asked for.
// Error: that of the checker.
Result<std::unique_ptr<Verifier>> make_proof_verifier(const ProofOptions& options);

// The proof in a completion: the last <answer>, else what follows the thought; of that the last fenced code
// block when there is one. Trimmed, but for the first line's indentation when there are several lines.
std::string_view proof_of(std::string_view completion);

}  // namespace hone
