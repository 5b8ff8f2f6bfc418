// What a recipe adds to every question. Internal to data/.
#pragma once

#include "hone/config/options.h"
#include "hone/types/problem.h"

namespace hone {

// Puts options.system first (before a system message of the problem's own, in one message: many chat
// templates refuse two) and options.prompt_suffix after the last user message. The id stays that of the bare
// question.
void dress_prompt(const DataOptions& options, Problem& problem);

}  // namespace hone
