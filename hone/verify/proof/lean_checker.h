// The checker "lean4": one run of `lean --json` in the sandbox for each proof, in a box of its own.
//
// The theorem's name is drawn at random after the proof's text was fixed, and `#print axioms` of that name on
// the file's last line must answer: text that a proof prints can neither know the name nor stand on that
// line. A preamble's declarations are compiled once to an .olean file and imported by each proof.
//
// Thread safety: as ProofChecker; a caller waits while options.processes runs are under way.
#pragma once

#include <memory>

#include "hone/base/result.h"
#include "hone/verify/proof/proof.h"

namespace hone {

// Error: no sandbox, no lean (options.lean_program on PATH), not version 4.
Result<std::unique_ptr<ProofChecker>> make_lean_checker(const ProofOptions& options);

}  // namespace hone
