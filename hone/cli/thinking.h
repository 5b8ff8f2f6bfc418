// Completions as a person reads them: the thought apart from what follows it.
#pragma once

#include <string>
#include <string_view>

namespace hone {

// Cuts a completion after its thought: [thought, rest], tags kept, nothing lost. The thought is all up to and
// including the first </think>, when the text begins with <think> (after white space) or the prompt had
// opened it; all of the text when it never closes; empty when there is none.
struct ThinkingText {
  std::string_view thought, rest;
};
ThinkingText split_thinking(std::string_view completion, bool opened_by_prompt);

// Whether a prompt ends with an open <think>, as some chat templates' do.
bool opens_thought(std::string_view prompt);

// Text of a model for a terminal: escape sequences and what else could write elsewhere on the screen is shown
// as U+FFFD, lines stay lines; with `dim`, the thought is dimmed.
std::string terminal_text(std::string_view completion, bool opened_by_prompt, bool dim);

}  // namespace hone
