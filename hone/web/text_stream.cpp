#include "hone/web/text_stream.h"

#include <algorithm>

namespace hone {
namespace {

// Bytes at the end of `text` that a stop string may begin with.
std::size_t stop_beginning(std::string_view text, const std::vector<std::string>& stops) {
  std::size_t held = 0;
  for (const std::string& stop : stops) {
    for (std::size_t n = std::min(stop.size() - 1, text.size()); n > held; --n) {
      if (text.ends_with(std::string_view(stop).substr(0, n))) held = n;
    }
  }
  return held;
}

}  // namespace

std::string TextStream::push(const StreamPiece& piece) {
  std::string text;
  if (piece.ended) {  // its text knows of stop strings and of ids that are none
    const std::string& whole = piece.ended->text;
    text = whole.substr(std::min(sent_, whole.size()));
  } else {
    for (const std::int32_t id : piece.ids) held_ += decoder_.push(id);
    const std::size_t settled = held_.size() - stop_beginning(held_, stops_);
    text = held_.substr(0, settled);
    held_.erase(0, settled);
  }
  sent_ += text.size();
  return text;
}

}  // namespace hone
