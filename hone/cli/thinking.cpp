#include "hone/cli/thinking.h"

#include <algorithm>

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
  return TerminalStream(opened_by_prompt, dim).push(completion, /*last=*/true);
}

std::string TerminalStream::push(std::string_view piece, bool last) {
  text_ += piece;
  // The beginning of what may become <think> is neither thought nor answer yet.
  const std::size_t first = std::min(text_.find_first_not_of(" \t\r\n"), text_.size());
  const std::string_view begun = std::string_view(text_).substr(first);
  if (!last && !opened_ && begun.size() < 7 && std::string_view("<think>").starts_with(begun)) return "";
  const std::size_t thought = split_thinking(text_, opened_).thought.size();
  const std::string_view fresh = std::string_view(text_).substr(sent_);
  const std::size_t dimmed = thought > sent_ ? thought - sent_ : 0;
  sent_ = text_.size();
  std::string out = printable_lines(fresh.substr(0, dimmed));
  // SGR 2 and 22 (ECMA-48 8.3.117).
  if (dim_ && !out.empty()) out = "\x1b[2m" + out + "\x1b[22m";
  return out + printable_lines(fresh.substr(dimmed));
}

}  // namespace hone
