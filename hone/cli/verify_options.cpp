#include "hone/cli/verify_options.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <thread>

#include "hone/verify/rubric.h"

namespace hone {

Result<int> VerifyOptions::workers() const {
  if (jobs < 0) return Error{"--jobs", "must be at least 1", std::to_string(jobs)};
  return std::max(1, jobs > 0 ? jobs : static_cast<int>(std::thread::hardware_concurrency()));
}

void add_verify_options(Command& command, VerifyOptions& options) {
  VerifierOptions& verifier = options.verifier;
  command.option("--verifier", verifier.verifier,
                 fmt::format("of rows that name none: {}", fmt::join(known_verifiers(), ", ")),
                 OptionForm::kShowDefault);
  command.hint({.words = known_verifiers()});
  command.option("--jobs", options.jobs, "rows judged at once; default: the cores");
  command.option("--seconds", verifier.seconds, "code, proof, program: for one judgement",
                 OptionForm::kShowDefault);
  command.flag("--partial-credit", verifier.partial_credit, "code: score the share of tests passed");
  command.option("--database", verifier.database,
                 "proof: Metamath's database, a .mm file; empty: the built-in propositional calculus");
  command.hint({.files = true, .endings = {"mm"}});
  command.option("--command", verifier.command,
                 "program: what starts it; words by giving it again, or in quotes");
  command.option("--axiom", verifier.axioms, "proof: one that Coq proofs may rest on");
}

}  // namespace hone
