// Verdicts remembered by everything that they depend on. Whole keys are kept, so that no collision of hashes
// can lend one answer another's verdict; the least recently used leave first.
//
// Thread safety: may be used from several threads at once.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "hone/types/verdict.h"

namespace hone {

class VerdictCache {
 public:
  using Key = std::initializer_list<std::string_view>;  // its parts, each as it is

  // max_bytes: of keys and details together; 0 keeps nothing.
  explicit VerdictCache(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  std::optional<Verdict> find(Key key);
  // Undecided verdicts are not kept: another try may decide.
  void insert(Key key, const Verdict& verdict);
  std::size_t size() const;

 private:
  struct Entry {
    std::string key;
    Verdict verdict;
    std::size_t bytes() const { return 2 * sizeof(Entry) + key.size() + verdict.detail.size(); }
  };

  const std::size_t max_bytes_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // most recently used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> index_;
  std::size_t bytes_ = 0;
};

}  // namespace hone
