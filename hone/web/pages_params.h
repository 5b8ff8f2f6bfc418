// The query of a request: ?run=a%2Fb&step=3.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "hone/base/result.h"

namespace hone {

// Pure functions and values; safe from any thread.
class PagesParams {
 public:
  // What is no UTF-8 once decoded keeps its bytes; of a name that stands twice the last counts.
  explicit PagesParams(std::string_view query);

  // Empty when absent.
  std::string text(const std::string& name) const;
  // Nothing when absent or empty. Error: not a whole number in [low, high].
  Result<std::optional<std::int64_t>> integer(const std::string& name, std::int64_t low,
                                              std::int64_t high) const;
  // An unsigned key of 64 bits. Error: another text.
  Result<std::optional<std::uint64_t>> key(const std::string& name) const;

 private:
  std::map<std::string, std::string> values_;
};

// "a%2Fb+c" → "a/b c"; a '%' that is followed by no two hex digits stays.
std::string form_decoded(std::string_view text);

}  // namespace hone
