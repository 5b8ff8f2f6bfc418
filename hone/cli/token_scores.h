// What a policy says of given tokens.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hone/policy/policy.h"

namespace hone {

// Of ids[1 …], each given those before it: [ids − 1].
struct TokenScores {
  std::vector<float> logprobs;       // natural log, at temperature 1; the bits that training computes
  std::vector<std::int32_t> argmax;  // the likeliest token there; of equals the smallest id
};

// Requires ids in the vocabulary, at least one. One forward pass; logits are made in chunks.
TokenScores score_ids(Policy& policy, std::span<const std::int32_t> ids);

}  // namespace hone
