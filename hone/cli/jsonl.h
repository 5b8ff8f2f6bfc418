// JSON lines: what the filters (tokenize, score) read and write.
//
// One thread at a time for each stream.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <istream>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/result.h"

namespace hone {

struct JsonLine {
  std::string where;            // "stdin:3", for errors
  std::string_view text;        // as it stands in the stream
  const nlohmann::json& value;  // an object
};

// Calls `body` for every line of `in` as soon as it is read; blank lines are passed over and counted. Stops
// at the first error, its own or body's. Errors name "NAME:line": not JSON, not an object, values nested
// deeper than 200, a stream that cannot be read.
Result<void> each_json_line(std::istream& in, const std::string& name,
                            const std::function<Result<void>(const JsonLine&)>& body);

// Writes the value and a newline, and flushes, so that a reader on the other end need not wait. What is not
// UTF-8 becomes U+FFFD; numbers that are not finite become null. Error: nobody can take it (a full disk, a
// closed stream).
Result<void> write_json_line(std::FILE* out, const nlohmann::ordered_json& value);
// The same of plain text.
Result<void> write_text(std::FILE* out, std::string_view text);

// object[key] as text. Error: absent, or not text.
Result<std::string> text_of(const nlohmann::json& object, const std::string& key, const std::string& where);

// object["ids"]. Errors: not a list of integers, none, one outside [0, limit); `what` says whose limit it is.
Result<std::vector<std::int32_t>> ids_of(const nlohmann::json& object, std::int64_t limit,
                                         const std::string& what, const std::string& where);

// A value for error messages: short ones as they are, others by their kind and size.
std::string described(const nlohmann::json& value);

}  // namespace hone
