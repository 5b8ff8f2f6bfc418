#include "hone/cli/thinking.h"

#include "hone/cli/columns.h"
#include "hone/text/thought.h"

namespace hone {
namespace {

std::string printable_lines(std::string_view text) {
  std::string out;
  for (;;) {
    const std::size_t end = text.find('\n');
    out += printable(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    out += '\n';
    text.remove_prefix(end + 1);
  }
}

}  // namespace

std::string terminal_text(std::string_view completion, bool opened_by_prompt, bool dim) {
  const ThinkingText text = split_thinking(completion, opened_by_prompt);
  std::string thought = printable_lines(text.thought);
  // SGR 2 and 22 (ECMA-48 8.3.117).
  if (dim && !thought.empty()) thought = "\x1b[2m" + thought + "\x1b[22m";
  return thought + printable_lines(text.rest);
}

}  // namespace hone
