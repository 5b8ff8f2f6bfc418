// A group and its metrics, for reading: as text, and as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "hone/types/rollout.h"
#include "hone/types/train_batch.h"

namespace hone {

struct ViewStyle {
  int width = 0;  // columns; 0: lines are not broken
  bool color = false;
  bool unicode = true;
};
// As stdout allows: broken at the terminal's width and coloured there, plain elsewhere.
ViewStyle stdout_style();

// A line for each metric, names aligned.
std::string metrics_text(const Metrics& metrics, const ViewStyle& style);

// The prompt, then each rollout: reward, advantage, verdicts, completion. `index` counts groups from 0.
// Nothing of a prompt or completion reaches a terminal as an escape sequence.
std::string group_text(const Group& group, std::size_t index, const ViewStyle& style);

// The same with ids, logprobs, entropies and clipped passes: {"group", "source", …, "rollouts": [{"text",
// "ids", …, "verdicts"}]}.
nlohmann::ordered_json group_json(const Group& group, std::size_t index);

}  // namespace hone
