// Completions as a terminal shows them.
#pragma once

#include <string>
#include <string_view>

namespace hone {

// Text of a model for a terminal: escape sequences and what else could write elsewhere on the screen is shown
// as U+FFFD, lines stay lines; with `dim`, the thought is dimmed.
std::string terminal_text(std::string_view completion, bool opened_by_prompt, bool dim);

}  // namespace hone
