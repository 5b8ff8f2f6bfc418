#include "hone/engine/row_pool.h"

#include <algorithm>

#include "hone/base/check.h"

namespace hone {

RowPool::RowPool(std::int64_t rows) : rows_(rows), free_rows_(rows) {
  HONE_CHECK(rows >= 0, "rows = {}", rows);
  if (rows > 0) free_.push_back({0, rows});
}

std::optional<std::int64_t> RowPool::allocate(std::int64_t count) {
  HONE_CHECK(count >= 0, "count = {}", count);
  if (count == 0) return 0;
  const auto fit = std::find_if(free_.begin(), free_.end(), [&](const Range& r) { return r.count >= count; });
  if (fit == free_.end()) return std::nullopt;
  const std::int64_t begin = fit->begin;
  fit->begin += count;
  fit->count -= count;
  if (fit->count == 0) free_.erase(fit);
  free_rows_ -= count;
  return begin;
}

void RowPool::release(std::int64_t begin, std::int64_t count) {
  if (count == 0) return;
  HONE_CHECK(count > 0 && begin >= 0 && begin + count <= rows_, "rows [{}, {}) of {}", begin, begin + count,
             rows_);
  auto next = std::lower_bound(free_.begin(), free_.end(), begin,
                               [](const Range& r, std::int64_t b) { return r.begin < b; });
  HONE_CHECK(next == free_.end() || begin + count <= next->begin, "rows [{}, {}) are free already", begin,
             begin + count);
  HONE_CHECK(next == free_.begin() || (next - 1)->end() <= begin, "rows [{}, {}) are free already", begin,
             begin + count);
  free_rows_ += count;
  const bool joins_next = next != free_.end() && begin + count == next->begin;
  const bool joins_previous = next != free_.begin() && (next - 1)->end() == begin;
  if (joins_previous && joins_next) {
    (next - 1)->count += count + next->count;
    free_.erase(next);
  } else if (joins_previous) {
    (next - 1)->count += count;
  } else if (joins_next) {
    next->begin = begin;
    next->count += count;
  } else {
    free_.insert(next, {begin, count});
  }
}

}  // namespace hone
