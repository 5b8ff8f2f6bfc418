#include "hone/verify/proof/proof_cache.h"

#include <fmt/format.h>

namespace hone {
namespace {

// Lengths in front, so that no two tasks spell the same key.
std::string key_of(const ProofTask& task) {
  std::string key;
  for (const std::string* part :
       {&task.checker, &task.statement, &task.preamble, &task.before, &task.proof}) {
    key += fmt::format("{}:", part->size());
    key += *part;
  }
  return key;
}

}  // namespace

std::optional<Verdict> ProofCache::find(const ProofTask& task) {
  if (max_bytes_ == 0) return std::nullopt;
  const std::string key = key_of(task);
  const std::lock_guard lock(mutex_);
  const auto found = index_.find(key);
  if (found == index_.end()) return std::nullopt;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->verdict;
}

void ProofCache::insert(const ProofTask& task, const Verdict& verdict) {
  if (max_bytes_ == 0 || !verdict.decided()) return;
  Entry entry{key_of(task), verdict};
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

std::size_t ProofCache::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace hone
