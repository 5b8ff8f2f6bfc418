// Votes: the answers of a group, counted.
//
// "vote" is the reward of TTRL (Zuo et al. 2025, arXiv 2504.16084, §2): the answer that most rollouts of a
// group agree on is its label, and every rollout that gave it earns 1. No label is read.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hone/types/interfaces.h"

namespace hone {

struct Votes {
  struct Candidate {
    std::string answer;  // as the first voter spells it
    double votes = 0;
    std::size_t first = 0;  // who named it first
  };
  std::vector<Candidate> candidates;  // in the order in which they were named
  std::vector<std::optional<std::size_t>>
      choice;                                 // [voters] an index into candidates; none: no answer to read
  std::optional<std::size_t> winner() const;  // most votes, of equals the one named first; none: no candidate
  double total() const;                       // of all candidates
};

// Counts answers that were read before. Two answers are pooled when `verifier` says that they mean the same.
// weights: [voters], or empty for one vote each. Requires verifier.compares_answers().
Votes count_votes(const Verifier& verifier, std::span<const std::optional<std::string>> answers,
                  std::span<const double> weights = {});

// The final answers of rollouts, to be counted.
std::vector<std::optional<std::string>> final_answers_of(const Verifier& verifier,
                                                         std::span<const Rollout> rollouts);

struct VoteOptions {
  // The control that must fail: every group is held to the label of the next one of the step.
  bool shuffled = false;
};

// Verdicts: correct 1 (agrees with the majority), wrong 0, unparsable 0 (no answer, which counts in the
// denominator); error for a group in which nobody has an answer. Metrics: majority_ratio (mean over groups of
// the majority's share of all rollouts), answers_per_group (distinct ones); where labels exist,
// label_accuracy (majorities that are right).
std::unique_ptr<GroupVerifier> make_vote_verifier(std::shared_ptr<const Verifier> answers,
                                                  const VoteOptions& options);

}  // namespace hone
