#include "hone/engine/stop_finder.h"

#include <algorithm>

namespace hone {

StopFinder::StopFinder(const Tokenizer& tokenizer, const std::vector<std::string>& stops)
    : decoder_(tokenizer, /*skip_special=*/true), stops_(&stops) {
  for (const std::string& stop : stops) longest_ = std::max(longest_, stop.size());
}

bool StopFinder::push(std::int32_t id) {
  // A new occurrence ends in the new text, so it begins at most longest − 1 bytes before it.
  const std::size_t before = std::min(text_.size(), longest_ > 0 ? longest_ - 1 : 0);
  const std::size_t from = text_.size() - before;
  text_ += decoder_.push(id);
  std::size_t first = std::string::npos;
  for (const std::string& stop : *stops_) first = std::min(first, text_.find(stop, from));
  if (first == std::string::npos) return false;
  text_.resize(first);
  return true;
}

}  // namespace hone
