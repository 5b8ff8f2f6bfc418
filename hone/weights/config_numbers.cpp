#include "hone/weights/config_numbers.h"

#include <cmath>

namespace hone {
namespace {

Error missing(const std::string& key, const std::string& where) {
  return {where + ": " + key, "must be present", ""};
}

}  // namespace

bool is_set(const Json& object, const std::string& key) {
  const auto it = object.find(key);
  return it != object.end() && !it->is_null();
}

Result<std::int64_t> positive_integer(const Json& object, const std::string& key, std::int64_t most,
                                      std::optional<std::int64_t> otherwise, const std::string& where) {
  if (!is_set(object, key)) {
    if (otherwise) return *otherwise;
    return missing(key, where);
  }
  const Json& value = object[key];
  const bool integer = value.is_number_integer();
  // Unsigned values beyond the signed range would wrap in get<int64>: compare them as what they are.
  const bool too_large =
      value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(most);
  if (!integer || too_large || value.get<std::int64_t>() < 1) {
    return Error{where + ": " + key, fmt::format("must be an integer from 1 to {}", most), brief(value)};
  }
  return value.get<std::int64_t>();
}

Result<double> positive_number(const Json& object, const std::string& key, std::optional<double> otherwise,
                               const std::string& where) {
  if (!is_set(object, key)) {
    if (otherwise) return *otherwise;
    return missing(key, where);
  }
  const Json& value = object[key];
  if (!value.is_number() || !std::isfinite(value.get<double>()) || value.get<double>() <= 0.0) {
    return Error{where + ": " + key, "must be a number above zero", brief(value)};
  }
  return value.get<double>();
}

}  // namespace hone
