// A model that asks its own questions (Absolute Zero, Zhao et al. 2025, arXiv 2505.03335; R-Zero, Huang et
// al. 2025, arXiv 2508.05004).
//
//   proposer: one prompt ──> P proposals ──run──> problems ──> solver: S solutions of each ──> solve rate p
//      ^                                                                                        │
//      └────────────────── reward by learnability: 1 − p, 0 where nobody or everybody solves ───┘
//
// One policy has both roles and learns from both in one batch; advantages are normalised within each role:
// the proposals are one group, the solutions of a problem another.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "hone/base/result.h"
#include "hone/config/options.h"
#include "hone/loop/train_parts.h"
#include "hone/symbolic/proposals.h"

namespace hone {

// What a proposal earns by the share of its solutions that are right.
//   learnability  1 − p, 0 for p = 0 and p = 1   (Absolute Zero, eq. 4)
//   uncertainty   1 − 2·|p − ½|                  (R-Zero, §3.2)
//   constant      1: the control
double proposal_reward(ProposeReward kind, double solve_rate);

// Thread safety: one call at a time.
class Proposer {
 public:
  // Reads from the store what was proposed up to the step that the run goes on from. Error: a language that
  // is unknown, a database that does not read.
  static Result<Proposer> make(const TrainParts& parts);

  // One step's proposals and solutions; `step` counts from 0. A proposal that is none, does not end or is out
  // of bounds earns −1 (Absolute Zero's −1 for what is not well formed); one that the held-out problems have
  // is undecided. A problem that was posed c times in this run, this one included, earns 1/c of its reward.
  // Advantages are normalised within each role, those of the proposals then multiplied by proposer_weight.
  // Metrics: rollout_metrics of the solutions; propose/valid, propose/unique (of the valid ones, those posed
  // for the first time), propose/solve_rate, propose/learnable (0 < p < 1), propose/reward.
  Result<StepDraft> step(std::int64_t step);

 private:
  explicit Proposer(const TrainParts& parts) : p_(&parts) {}

  const TrainParts* p_;
  const ProposalLanguage* language_ = nullptr;
  std::unordered_map<std::uint64_t, int> posed_;  // problem id → how often
};

}  // namespace hone
