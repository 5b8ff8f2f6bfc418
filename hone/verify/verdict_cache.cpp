#include "hone/verify/verdict_cache.h"

#include <fmt/format.h>

namespace hone {
namespace {

// Lengths in front, so that no two keys are spelt alike.
std::string spelt(VerdictCache::Key key) {
  std::string text;
  for (const std::string_view part : key) {
    text += fmt::format("{}:", part.size());
    text += part;
  }
  return text;
}

}  // namespace

std::optional<Verdict> VerdictCache::find(Key key) {
  if (max_bytes_ == 0) return std::nullopt;
  const std::string text = spelt(key);
  const std::lock_guard lock(mutex_);
  const auto found = index_.find(text);
  if (found == index_.end()) return std::nullopt;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->verdict;
}

void VerdictCache::insert(Key key, const Verdict& verdict) {
  if (max_bytes_ == 0 || !verdict.decided()) return;
  Entry entry{spelt(key), verdict};
  const std::lock_guard lock(mutex_);
  if (index_.contains(entry.key)) return;
  bytes_ += entry.bytes();
  entries_.push_front(std::move(entry));
  index_.emplace(entries_.front().key, entries_.begin());
  while (bytes_ > max_bytes_) {
    bytes_ -= entries_.back().bytes();
    index_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

std::size_t VerdictCache::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace hone
