// What the model itself says of the next token: log-probabilities of its whole distribution, at
// temperature 1.
#pragma once

#include <cstdint>
#include <span>

#include "hone/types/streaming.h"

namespace hone {

class RowScores {
 public:
  // z [V]: finite logits, with the softcap applied; they must stay. top: likeliest tokens to name, ≤ V of
  // them.
  RowScores(std::span<const float> z, int top);
  TokenScore of(std::int32_t id) const;

 private:
  std::span<const float> z_;
  float lse_;  // log Σ e^z
  std::vector<std::pair<std::int32_t, float>> top_;
};

}  // namespace hone
