// The policy losses on tensors, for fp32, bf16's fp32 log-probabilities, and double in tests. The formulas
// are those of rl/reference_loss.h, the scalar oracle that every case is tested against.
#pragma once

#include <cstdint>

#include "hone/config/options.h"
#include "hone/tensor/tensor.h"

namespace hone {

// N completion tokens of S sequences, laid end to end.
struct LossTokens {
  at::Tensor logprobs_N;      // of the policy being trained; carries gradients
  at::Tensor entropy_N;       // undefined: no entropy bonus
  at::Tensor old_logprobs_N;  // recorded at sampling
  at::Tensor ref_logprobs_N;  // undefined: no KL in the loss
  at::Tensor mask_N;          // 0 or 1, of the logprobs' dtype; what is masked out never matters
  at::Tensor sequence_N;      // int64, ascending: which sequence a token belongs to
  at::Tensor advantages_S;    // of the logprobs' dtype
};

// The whole optimizer step's counts: the one denominator, whatever the microbatches.
struct LossScale {
  std::int64_t sequences = 0;
  std::int64_t tokens = 0;  // masked in
  std::int64_t max_completion_length = 0;
};

// These tokens' part of the step's loss: the parts of all microbatches add up to it.
at::Tensor policy_loss(const LossTokens& tokens, const LossScale& scale, const LossOptions& options);

// −Σ mask · logprob / tokens, the supervised loss.
at::Tensor supervised_loss(const LossTokens& tokens, const LossScale& scale);

// Sums over these tokens, detached, for TRL's metrics.
struct LossStatistics {
  double kl = 0.0;            // Σ k3 of policy against reference over masked tokens
  double clipped_low = 0.0;   // tokens with ρ < 1 − clip_low and A < 0
  double clipped_high = 0.0;  // tokens with ρ > 1 + clip_high and A > 0; cispo has no
                              // low clip (ρ > clip_high), sapo none
  double difference_sum = 0.0, difference_max = 0.0;  // |logprob − old|
  double ratio_min = 0.0, ratio_max = 0.0, ratio_sum = 0.0;
  double tokens = 0.0;
  at::Tensor clipped_N;  // bool: those counted above; undefined where there are none
};
LossStatistics loss_statistics(const LossTokens& tokens, const LossOptions& options);

}  // namespace hone
