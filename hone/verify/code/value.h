// Plain data as test rows and judged programs state it, with numbers of any size, and when two are equal.
//
// Thread safety: pure functions. Nesting is bounded (256), so that recursion is.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hone/base/result.h"

namespace hone {

struct PlainValue {
  enum class Kind { kNull, kBool, kInteger, kFloat, kString, kList, kTuple, kSet, kDict, kComplex, kBytes };
  Kind kind = Kind::kNull;
  // kBool: "true" or "false". kInteger, kFloat: as written; nan, inf and -inf too. kString, kBytes: the
  // content.
  std::string text;
  std::vector<PlainValue> items;  // kDict: key, value, key, value …; kComplex: two floats
};

// JSON. Objects are dicts with string keys.
Result<PlainValue> parse_plain(std::string_view json, const std::string& where);

// What the harness writes: JSON, but every object is {tag: content}: t tuple, s set, d dict ([[key, value],
// …]), c complex, b bytes, f a float that JSON cannot say.
Result<PlainValue> parse_tagged(std::string_view json, const std::string& where);

// JSON again, numbers as they were written. Requires what parse_plain gave.
std::string to_json(const PlainValue& value);

// Python's equality, with these liberties, since rows are JSON: a tuple may answer a list; the keys of a dict
// may be numbers, booleans or None that JSON turned into strings; numbers of which one is a float may differ
// by 1e-9 of the larger (or 1e-12). A NaN answers a NaN.
bool answers(const PlainValue& expected, const PlainValue& got);

// For messages: at most `size` bytes, no character cut in two.
std::string brief(const PlainValue& value, std::size_t size = 60);

}  // namespace hone
