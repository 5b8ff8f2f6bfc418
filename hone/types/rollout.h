// A rollout is one whole trajectory; a group is the rollouts of one prompt.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hone/types/completion.h"
#include "hone/types/problem.h"
#include "hone/types/verdict.h"

namespace hone {

struct Rollout {
  Completion completion;
  Reward reward;
  double advantage = 0.0;
  std::vector<std::uint8_t> clipped = {};  // [T] passes of the update that clipped the token; empty: none was
};

struct Group {
  Problem problem;
  std::string prompt_text;               // as rendered
  std::vector<std::int32_t> prompt_ids;  // [P]
  std::vector<Rollout> rollouts;         // [G]
};

}  // namespace hone
