// Languages in which a policy may put questions to itself. A proposal is checked by running it: what it comes
// to is the reference answer, so no label is needed (Absolute Zero, Zhao et al. 2025, arXiv 2505.03335, §3).
//
// Thread safety: const state only; results depend on the arguments alone. Nothing of a proposal is run
// outside of the interpreters here, whose steps and numbers are bounded.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/base/rng.h"
#include "hone/types/problem.h"

namespace hone {

class ProposalLanguage {
 public:
  virtual ~ProposalLanguage() = default;
  virtual std::string name() const = 0;
  virtual std::string verifier() const = 0;  // that judges answers to its problems
  // What asks the policy for a proposal.
  virtual std::string request() const = 0;
  // The problem that a proposal poses, with its answer, put as the task of the same name puts it. Error: no
  // proposal of this language, one that does not end, a number out of bounds. Spellings of one problem have
  // one id.
  virtual Result<Problem> read(const std::string& proposal) const = 0;
  // A proposal drawn uniformly over lengths (of sums also over the digits of their numbers) and then over the
  // rest: what the control is fed.
  virtual std::string draw(RandomStream& random) const = 0;
};

// "arithmetic": 7+12*3, of 2 to 8 whole numbers up to 999, products first, |value| < 10^9.
// "countdown": 3 5 12: 12*5-3, the numbers and an expression over each of them once; the problem hides the
// expression and keeps its value.
// "program": assignments, loops and a final print over named integers, see program_language.cpp; the problem
// asks what it prints.
const std::vector<std::unique_ptr<ProposalLanguage>>& all_proposal_languages();
const ProposalLanguage* find_proposal_language(const std::string& name);  // nullptr when unknown

}  // namespace hone
