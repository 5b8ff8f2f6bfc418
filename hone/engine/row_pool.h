// Hands out contiguous rows of the key/value cache: first fit, neighbours merged when freed. Knows no
// tensors.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace hone {

class RowPool {
 public:
  explicit RowPool(std::int64_t rows);

  // The first of `count` contiguous rows, at the lowest place where they fit; nothing when they fit nowhere.
  // No rows (count 0) always fit, at row 0, and need no release.
  std::optional<std::int64_t> allocate(std::int64_t count);

  // Requires a range that allocate gave out and that is not yet released (checked as far as free rows tell).
  void release(std::int64_t begin, std::int64_t count);

  std::int64_t rows() const { return rows_; }
  std::int64_t free_rows() const { return free_rows_; }

 private:
  struct Range {
    std::int64_t begin, count;
    std::int64_t end() const { return begin + count; }
  };
  std::int64_t rows_, free_rows_;
  std::vector<Range> free_;  // ascending, never touching one another
};

}  // namespace hone
