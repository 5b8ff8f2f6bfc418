// Problems → groups: prompted, sampled, and each completion judged.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/types/interfaces.h"
#include "hone/verify/rubric.h"

namespace hone {

// The start of every completion, given instead of sampled: the last tokens of the prompt, where they carry no
// loss, and the first of the text that is judged.
struct ForcedPrefix {
  std::string text;
  std::vector<std::int32_t> ids;
};

struct RolloutRequest {
  int samples = 1;  // completions of each problem
  SamplingParams sampling;
  RandomKey key;                       // of the first problem's; `problem` counts up
  std::int64_t max_prompt_tokens = 0;  // 0: no limit but the context
  bool keep_activations = false;
  ForcedPrefix prefix;
};

// Error: those of prompt_groups and of the generator. Verdicts of groups are not asked for
// (Rubric::judge_groups). on_progress: completions that are finished, of all.
Result<std::vector<Group>> roll_out(
    std::span<const Problem> problems, const RolloutRequest& request, Environment& environment,
    Generator& generator, const Rubric& rubric,
    const std::function<void(std::size_t done, std::size_t all)>& on_progress = {});

// Prompts a problem for each group and fills in ids and text. Error: a prompt that leaves no room in the
// context or is longer than max_prompt_tokens (0: no limit of its own).
Result<std::vector<Group>> prompt_groups(std::span<const Problem> problems, Environment& environment,
                                         std::int64_t context_length, std::int64_t max_prompt_tokens);

}  // namespace hone
