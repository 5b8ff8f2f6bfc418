#include "hone/text/thought.h"

#include <algorithm>
#include <utility>

namespace hone {
namespace {

constexpr std::string_view kOpenThought = "<think>", kCloseThought = "</think>";
constexpr std::string_view kBlanks = " \t\r\n";

}  // namespace

ThinkingText split_thinking(std::string_view completion, bool opened_by_prompt) {
  const std::size_t first = completion.find_first_not_of(kBlanks);
  const bool opens = first != std::string_view::npos && completion.substr(first).starts_with(kOpenThought);
  if (!opens && !opened_by_prompt) return {{}, completion};
  const std::size_t close = completion.find(kCloseThought);
  if (close == std::string_view::npos) return {completion, {}};
  return {completion.substr(0, close + kCloseThought.size()),
          completion.substr(close + kCloseThought.size())};
}

bool opens_thought(std::string_view prompt) {
  const std::size_t last = prompt.find_last_not_of(kBlanks);
  return last != std::string_view::npos && prompt.substr(0, last + 1).ends_with(kOpenThought);
}

ThoughtStream::Pieces ThoughtStream::push(std::string_view text) {
  held_ += text;
  return take(/*last=*/false);
}

ThoughtStream::Pieces ThoughtStream::finish() { return take(/*last=*/true); }

ThoughtStream::Pieces ThoughtStream::take(bool last) {
  Pieces pieces;
  if (state_ == State::kStart) {
    const std::size_t first = held_.find_first_not_of(kBlanks);
    const std::string_view begun =
        first == std::string::npos ? std::string_view() : std::string_view(held_).substr(first);
    if (begun.starts_with(kOpenThought)) {
      held_.erase(0, first + kOpenThought.size());
      state_ = State::kThought;
    } else if (last || !kOpenThought.starts_with(begun)) {
      state_ = State::kRest;
    } else {
      return pieces;
    }
  }
  if (state_ == State::kThought) {
    if (!began_) held_.erase(0, std::min(held_.find_first_not_of(kBlanks), held_.size()));
    const std::size_t close = held_.find(kCloseThought);
    // White space at the end may stand before the tag, and a part of the tag may be all of it.
    std::size_t end = close;
    if (close == std::string::npos) {
      end = held_.size();
      for (std::size_t n = std::min(kCloseThought.size() - 1, end); n > 0 && !last; --n) {
        if (!held_.ends_with(kCloseThought.substr(0, n))) continue;
        end -= n;
        break;
      }
    }
    const std::size_t text_end = held_.find_last_not_of(kBlanks, end == 0 ? std::string::npos : end - 1);
    const std::size_t kept = end == 0 || text_end == std::string::npos ? 0 : text_end + 1;
    pieces.thought = held_.substr(0, kept);
    began_ = began_ || kept > 0;
    if (close == std::string::npos) {
      held_.erase(0, kept);
      return pieces;
    }
    held_.erase(0, close + kCloseThought.size());
    state_ = State::kGap;
  }
  if (state_ == State::kGap) {
    held_.erase(0, std::min(held_.find_first_not_of(kBlanks), held_.size()));
    if (held_.empty()) return pieces;
    state_ = State::kRest;
  }
  pieces.rest = std::exchange(held_, "");
  return pieces;
}

}  // namespace hone
