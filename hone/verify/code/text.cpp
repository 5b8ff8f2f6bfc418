#include "hone/verify/code/text.h"

#include <fmt/format.h>

#include <algorithm>

#include "hone/text/utf8.h"
#include "hone/verify/answer.h"

namespace hone {
namespace {

constexpr std::size_t kShownText = 60;

std::string_view right_trimmed(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r\n\f\v");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

// Takes the first line off.
std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return right_trimmed(line);
}

}  // namespace

std::string cut(std::string_view text, std::size_t size) {
  constexpr std::string_view kMore = "…";
  std::string out;
  std::size_t fits = 0;  // of out, with the ellipsis
  while (!text.empty()) {
    const Utf8Step step = next_utf8(text);
    std::string piece;
    if (step.state == Utf8State::kValid && (step.code_point >= 0x20 || step.code_point == '\n') &&
        step.code_point != 0x7F) {
      piece = text[0] == '\n' ? " " : std::string(text.substr(0, step.length));
    } else {
      piece = "\xEF\xBF\xBD";
    }
    if (out.size() + piece.size() > size) return out.substr(0, fits).append(kMore);
    out += piece;
    if (out.size() + kMore.size() <= size) fits = out.size();
    text.remove_prefix(std::max<std::size_t>(step.length, 1));
  }
  return out;
}

std::string last_line(std::string_view text, std::size_t size) {
  text = trimmed(text);
  const std::size_t before = text.rfind('\n');
  return cut(before == std::string_view::npos ? text : text.substr(before + 1), size);
}

std::string output_difference(std::string_view expected, std::string_view got) {
  expected = right_trimmed(expected);
  got = right_trimmed(got);
  for (std::size_t number = 1; !expected.empty() || !got.empty(); ++number) {
    const bool no_more_expected = expected.empty(), no_more_got = got.empty();
    const std::string_view want = next_line(expected), have = next_line(got);
    if (no_more_got) return fmt::format("line {} is missing, must be '{}'", number, cut(want, kShownText));
    if (no_more_expected)
      return fmt::format("line {} is '{}', must not be there", number, cut(have, kShownText));
    if (want != have)
      return fmt::format("line {} is '{}', must be '{}'", number, cut(have, kShownText),
                         cut(want, kShownText));
  }
  return "";
}

}  // namespace hone
