// Numbers of a config.json within the bounds that make sense for a decoder. Internal to weights/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "hone/base/json.h"
#include "hone/base/result.h"

namespace hone {

inline constexpr std::int64_t kMostPositions = std::int64_t{1} << 31;  // of a context

// object[key], an integer in [1, most]. Absent or null: `otherwise`, or an error when there is none.
Result<std::int64_t> positive_integer(const Json& object, const std::string& key, std::int64_t most,
                                      std::optional<std::int64_t> otherwise, const std::string& where);

// object[key], a finite number above zero. Absent or null: as above.
Result<double> positive_number(const Json& object, const std::string& key, std::optional<double> otherwise,
                               const std::string& where);

// Whether the key is there and holds something other than null.
bool is_set(const Json& object, const std::string& key);

}  // namespace hone
