// The stages of a run.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace hone {

// Those that train, in the order in which a run goes through the ones that its recipe gives steps.
inline constexpr std::array<std::string_view, 4> kTrainStages = {"sft", "amortize", "propose", "grpo"};

// Those that only measure. Their records are numbered by the training steps since the warm start (sft).
inline constexpr std::array<std::string_view, 2> kEvalStages = {"eval", "eval_direct"};

// The place among kTrainStages; their number for any other name.
constexpr std::size_t stage_order(std::string_view stage) {
  return static_cast<std::size_t>(std::find(kTrainStages.begin(), kTrainStages.end(), stage) -
                                  kTrainStages.begin());
}

constexpr bool is_train_stage(std::string_view stage) { return stage_order(stage) < kTrainStages.size(); }

constexpr bool is_eval_stage(std::string_view stage) {
  return std::find(kEvalStages.begin(), kEvalStages.end(), stage) != kEvalStages.end();
}

}  // namespace hone
