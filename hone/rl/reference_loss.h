// The policy losses once more: scalar, in double, one loop, as the oracle that the tensor code is tested
// against.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hone/config/options.h"

namespace hone {

// Everything one optimizer step's loss depends on, for sequences b of lengths T_b.
struct LossInput {
  std::vector<std::vector<double>> logprobs;      // [B][T_b] of the policy being trained
  std::vector<std::vector<double>> old_logprobs;  // [B][T_b]
  std::vector<std::vector<double>> ref_logprobs;  // [B][T_b]; empty when beta = 0 or the KL is in the reward
  std::vector<std::vector<int>> mask;             // [B][T_b]
  std::vector<double> advantages;                 // [B]
  std::int64_t max_completion_length = 0;         // dr_grpo's denominator
};

struct LossOutput {
  double loss = 0.0;
  std::vector<std::vector<double>> grad;  // [B][T_b] d loss / d logprob
};

// With log ratio d_t = logπ_t − logπ_old_t and |o| the masked tokens of a sequence, ρ is
//   exp(d_t)                   at level token
//   exp(Σ mask·d / max(|o|,1)) at level sequence, and for gspo whatever the level (Zheng et al. 2025 eq. 7)
//   exp(Σ mask·d)              for rloo whatever the level (TRL's RLOOTrainer: log-probabilities summed)
// and each token's loss, masked afterwards,
//   grpo bnpo dr_grpo dapo gspo rloo: ℓ = −min(min(ρ, δ)·A, clip(ρ, 1−clip_low, 1+clip_high)·A), δ where
//   delta > 0;
//          with dual_clip c > 0 and A < 0: min(ℓ, −c·A) (Ye et al. 2020)
//   cispo: −stopgrad(min(ρ, clip_high))·A·logπ (MiniMax 2025, as TRL: clip_high bounds the ratio itself)
//   sapo:  −(4/τ)·σ(τ(ρ − 1))·A, τ = sapo_temperature_pos where A > 0, else _neg (τ rounded to float, as in
//   TRL)
// to which beta·kl_t is added when kl_place is kLoss, with x = log ref − logπ:
//   k1 = −x, k2 = x²/2, k3 = e^x − x − 1 (Schulman 2020); all with the gradient of the expression itself.
// The denominators, each at least 1:
//   grpo sapo gspo: the mean over the B sequences of Σℓ/|o|;   bnpo dapo cispo: Σℓ / all masked tokens
//   dr_grpo: Σℓ / (B · max_completion_length);   rloo: the mean over B of ℓ, one for the sequence, plus
//   beta·Σ kl_t
// (bnpo's microbatch is here the whole step.) Those of TRL are from GRPOTrainer and RLOOTrainer, v1.x. TRL's
// RLOO has its KL in the reward: kl_place kReward gives the same. Not here: the entropy bonus, which is no
// function of these log-probabilities. Gradients at kinks: halves of both sides where two terms are equal,
// that of the inside at a clip's edge, as torch.
LossOutput reference_loss(const LossInput& input, const LossOptions& options);

}  // namespace hone
