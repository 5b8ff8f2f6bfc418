// What the Learner updates on. Token ids come straight from sampling and are never re-tokenised.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "hone/types/completion.h"

namespace hone {

struct TrainSequence {
  std::vector<std::int32_t> completion;  // [T]
  std::vector<std::uint8_t> loss_mask;   // [T] 1: this token carries loss
  std::vector<float> old_logprobs;       // [T] recorded at sampling; empty in the supervised stage
  KeptTokens kept;                       // of truncated sampling, or empty
  double temperature = 1.0;              // at sampling; logprobs are of softmax(logits / temperature)
  double advantage = 0.0;
  std::int64_t activations = -1;  // of Completion
  std::size_t place = 0;          // of its rollout in the group that it comes from
};

struct TrainGroup {
  std::vector<std::int32_t> prompt;      // [P] shared by the sequences; carries no loss
  std::vector<TrainSequence> sequences;  // [G]
  std::size_t place = 0;                 // among the step's groups
};

// One rollout's worth of data: `inner_epochs` passes over `minibatches` optimizer steps each.
struct TrainBatch {
  std::vector<TrainGroup> groups;
  // Decided rollouts left out because nothing of them reaches the gradient (their group's rewards are equal).
  // They count in the loss's denominators all the same, so that leaving them out changes no number.
  std::int64_t silent_sequences = 0, silent_tokens = 0;
  std::int64_t step = 0;  // counts rollouts (GRPO) or optimizer steps (SFT) from 0
};

// Named values of one update, in TRL's words (loss, grad_norm, kl, clip_ratio/low_mean …).
using Metrics = std::map<std::string, double>;

// What an update says of itself.
struct UpdateReport {
  Metrics metrics;
  // A sequence of which some token was clipped, by its place in the batch.
  struct Clipped {
    std::size_t group = 0, sequence = 0;
    std::vector<std::uint8_t> passes;  // [T] how many clipped the token; at most 255
  };
  std::vector<Clipped> clipped;  // ascending; one entry a sequence
};

}  // namespace hone
