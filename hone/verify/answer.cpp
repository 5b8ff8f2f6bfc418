#include "hone/verify/answer.h"

#include <cstddef>

#include "hone/base/ascii.h"

namespace hone {
namespace {

constexpr std::string_view kSpaces = " \t\n\r\f\v";
constexpr std::string_view kOpen = "<answer>", kClose = "</answer>";
constexpr std::string_view kThink = "<think>", kThought = "</think>";
constexpr std::string_view kBoxed = "\\boxed";

}  // namespace

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

std::string collapsed(std::string_view text) {
  std::string out;
  bool space = false;
  for (const char c : trimmed(text)) {
    if (!is_space(c)) {
      if (space) out += ' ';
      out += c;
    }
    space = is_space(c);
  }
  return out;
}

std::optional<std::string_view> tagged_answer(std::string_view completion) {
  const std::size_t last_close = completion.rfind(kClose);
  if (last_close == std::string_view::npos) return std::nullopt;
  const std::size_t open = completion.rfind(kOpen, last_close);
  if (open == std::string_view::npos) return std::nullopt;
  // The first close after it: "<answer>1</answer> </answer>" answers 1.
  const std::size_t begin = open + kOpen.size();
  return completion.substr(begin, completion.find(kClose, begin) - begin);
}

std::optional<std::string_view> boxed_answer(std::string_view completion) {
  const std::size_t command = completion.rfind(kBoxed);
  if (command == std::string_view::npos) return std::nullopt;
  std::size_t i = command + kBoxed.size();
  while (i < completion.size() && kSpaces.find(completion[i]) != std::string_view::npos) ++i;
  if (i == completion.size() || completion[i] != '{') return std::nullopt;
  const std::size_t begin = ++i;
  for (std::size_t depth = 1; i < completion.size(); ++i) {
    const char c = completion[i];
    if (c == '\\') {
      ++i;  // an escaped brace is text
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == 0) {
      return completion.substr(begin, i - begin);
    }
  }
  return std::nullopt;
}

std::string_view after_thinking(std::string_view completion) {
  const std::size_t end = completion.rfind(kThought), begin = completion.rfind(kThink);
  const bool ended = end != std::string_view::npos, begun = begin != std::string_view::npos;
  if (begun && (!ended || end < begin)) return {};
  return ended ? completion.substr(end + kThought.size()) : completion;
}

std::optional<std::string_view> marked_answer(std::string_view completion) {
  if (const auto tagged = tagged_answer(completion)) return trimmed(*tagged);
  if (const auto boxed = boxed_answer(after_thinking(completion))) return trimmed(*boxed);
  return std::nullopt;
}

}  // namespace hone
