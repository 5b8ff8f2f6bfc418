// What a call was given, and how a built-in takes it.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hone/text/jinja/value.h"

namespace hone::jinja {

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

struct Formal {
  std::string_view name;
  std::optional<Value> otherwise = std::nullopt;  // absent: must be given
};

// One value for each formal, in order. Error: a missing, unknown, doubled or superfluous argument.
Result<std::vector<Value>> bind(const Arguments& given, std::initializer_list<Formal> formals);

// Errors name what the value is for.
Result<std::int64_t> as_integer(const Value& value, std::string_view what);
Result<std::string> as_string(const Value& value, std::string_view what);

}  // namespace hone::jinja
