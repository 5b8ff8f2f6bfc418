// The policy losses once more: scalar, in double, one loop, as the oracle that the tensor code is tested against.
#pragma once

#include <span>
#include <vector>

#include "hone/config/options.h"

namespace hone {

// Everything one optimizer step's loss depends on, for sequences b of lengths T_b.
struct LossInput {
  std::vector<std::vector<double>> logprobs;      // [B][T_b] of the policy being trained
  std::vector<std::vector<double>> old_logprobs;  // [B][T_b]
  std::vector<std::vector<double>> ref_logprobs;  // [B][T_b]; empty when beta = 0
  std::vector<std::vector<int>> mask;             // [B][T_b]
  std::vector<double> advantages;                 // [B]
  std::int64_t max_completion_length = 0;         // dr_grpo's denominator
};

struct LossOutput {
  double loss = 0.0;
  std::vector<std::vector<double>> grad;  // [B][T_b] d loss / d logprob
};

// Formulas: TRL's GRPOTrainer (v1.x) for grpo, bnpo, dr_grpo, dapo, cispo, sapo, both ratio levels; gspo is Zheng et
// al. 2025 eq. 5; rloo as TRL's RLOOTrainer (clipped surrogate, mean over sequences of the sequence's sum).
LossOutput reference_loss(const LossInput& input, const LossOptions& options);

}  // namespace hone
