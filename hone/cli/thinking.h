// Completions as a terminal shows them.
#pragma once

#include <string>
#include <string_view>

namespace hone {

// Text of a model for a terminal: escape sequences and what else could write elsewhere on the screen is shown
// as U+FFFD, lines stay lines; with `dim`, the thought is dimmed.
std::string terminal_text(std::string_view completion, bool opened_by_prompt, bool dim);

// The same of a text that is still being written: the pieces joined are terminal_text of the whole, but for
// where dimming is turned on and off again.
class TerminalStream {
 public:
  TerminalStream(bool opened_by_prompt, bool dim) : opened_(opened_by_prompt), dim_(dim) {}
  // What to write now. `last`: nothing more comes, and what was held back goes too.
  std::string push(std::string_view piece, bool last);

 private:
  bool opened_, dim_;
  std::string text_;      // all that came
  std::size_t sent_ = 0;  // bytes of it that were returned
};

}  // namespace hone
