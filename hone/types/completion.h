// What the policy sampled after one prompt.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hone/base/rng.h"

namespace hone {

enum class FinishReason {
  kEos,     // an id of the end-of-sequence set was sampled; it is the last of `ids`
  kStop,    // a stop string or id appeared; its ids are kept, the text is cut before it
  kLength,  // max_new_tokens or the context was reached: truncated
};
const char* to_string(FinishReason reason);

struct SamplingParams {
  int max_new_tokens = 256;
  double temperature = 1.0;  // 0: greedy
  int top_k = 0;             // 0: off
  double top_p = 1.0;        // 1: off
  double min_p = 0.0;        // 0: off; relative to the largest probability
  std::vector<std::string> stop;
  std::vector<std::int32_t> stop_ids = {};  // as `stop`, also of tokens that leave no text

  bool truncates() const { return temperature > 0 && (top_k > 0 || top_p < 1.0 || min_p > 0.0); }
};

// The token sets that truncated sampling kept, one for each sampled token, so that training renormalises over
// the same set. Empty when the whole vocabulary was kept.
struct KeptTokens {
  std::vector<std::int32_t> ids;      // sets one after another, ascending within a set
  std::vector<std::int64_t> offsets;  // [tokens + 1] into ids
  bool empty() const { return offsets.empty(); }
};

struct Completion {
  std::vector<std::int32_t> ids;  // [T] sampled tokens only, the final eos included
  std::vector<float> logprobs;    // [T] natural log, under the distribution that was sampled from
  std::vector<float> entropies;   // [T] nats, of those distributions; empty: not measured
  KeptTokens kept;
  std::string text;  // decoded, special tokens dropped, cut before a stop string
  FinishReason finish = FinishReason::kLength;
  std::int64_t policy_version = 0;  // optimizer updates done when it was sampled
  // Names what the engine kept of its forward pass for the update; −1: nothing. Means nothing once weights
  // change.
  std::int64_t activations = -1;
};

// n completions of one prompt. Random draws are keyed by `key` with rollout += i (i < n) and the token
// position.
struct GenerationRequest {
  std::vector<std::int32_t> prompt;  // [P], P ≥ 1
  int n = 1;
  SamplingParams sampling;
  RandomKey key;
  bool keep_activations = false;  // an update on these completions follows, before the weights change
};

}  // namespace hone
