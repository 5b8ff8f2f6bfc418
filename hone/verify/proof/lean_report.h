// What `lean --json` said about a proof.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hone/types/verdict.h"
#include "hone/verify/proof/lean_text.h"

namespace hone {

// output: stdout, a JSON object for each message; success: whether lean ended with 0. `name` is the
// theorem's. correct: the last line's #print axioms names allowed axioms only, and nothing was an error.
// wrong: an error in the proof, another axiom. error: an error in the preamble or the statement, or no report
// at all.
Verdict judge_lean_report(std::string_view output, bool success, const LeanFile& file,
                          const std::string& name, const std::vector<std::string>& allowed_axioms);

}  // namespace hone
