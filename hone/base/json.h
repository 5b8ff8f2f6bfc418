// JSON through nlohmann::json, with hone's errors. Costs about 3 s a file to compile: keep it out of
// public headers where nlohmann/json_fwd.hpp or text will do.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "hone/base/result.h"

namespace hone {

using Json = nlohmann::json;

// Error names `where`, and the byte at which the text stops being JSON or nests more than 256 deep.
Result<Json> parse_json(std::string_view text, const std::string& where);
Result<Json> read_json(const std::filesystem::path& path);

// A short rendering of a value for error messages: at most 60 bytes, no character cut in two.
std::string brief(const Json& value);

// object[key] as T, the default when the key is absent or null, an error naming `where: key` when it has
// another type. T: bool, std::int64_t, double, std::string.
template <class T>
Result<T> json_get(const Json& object, const std::string& key, const T& otherwise, const std::string& where);

// The same, the key being required.
template <class T>
Result<T> json_require(const Json& object, const std::string& key, const std::string& where);

}  // namespace hone
