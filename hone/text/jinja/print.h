// Values as text: Python's str() and repr(), and json.dumps.
#pragma once

#include <optional>
#include <string>

#include "hone/text/jinja/value.h"

namespace hone::jinja {

std::string to_text(const Value& value);
std::string repr(const Value& value);
std::string float_repr(double value);

struct JsonStyle {
  bool ensure_ascii = false;
  bool sort_keys = false;
  std::optional<std::string> indent;  // one level's; absent: on one line
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};
// Error: a value that JSON does not have.
Result<std::string> to_json(const Value& value, const JsonStyle& style);

}  // namespace hone::jinja
