#include "hone/cli/thinking.h"

#include "hone/cli/columns.h"

namespace hone {
namespace {

constexpr std::string_view kOpen = "<think>", kClose = "</think>";
constexpr std::string_view kBlank = " \t\r\n";

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

ThinkingText split_thinking(std::string_view completion, bool opened_by_prompt) {
  const std::size_t first = completion.find_first_not_of(kBlank);
  const bool opens = first != std::string_view::npos && completion.substr(first).starts_with(kOpen);
  if (!opens && !opened_by_prompt) return {{}, completion};
  const std::size_t close = completion.find(kClose);
  if (close == std::string_view::npos) return {completion, {}};
  return {completion.substr(0, close + kClose.size()), completion.substr(close + kClose.size())};
}

bool opens_thought(std::string_view prompt) {
  const std::size_t last = prompt.find_last_not_of(kBlank);
  return last != std::string_view::npos && prompt.substr(0, last + 1).ends_with(kOpen);
}

std::string terminal_text(std::string_view completion, bool opened_by_prompt, bool dim) {
  const ThinkingText text = split_thinking(completion, opened_by_prompt);
  std::string thought = printable_lines(text.thought);
  // SGR 2 and 22 (ECMA-48 8.3.117).
  if (dim && !thought.empty()) thought = "\x1b[2m" + thought + "\x1b[22m";
  return thought + printable_lines(text.rest);
}

}  // namespace hone
