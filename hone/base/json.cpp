#include "hone/base/json.h"

#include <limits>

#include "hone/base/files.h"

namespace hone {
namespace {

template <class T>
struct Kind;
template <>
struct Kind<bool> {
  static constexpr const char* rule = "must be true or false";
  static bool matches(const Json& v) { return v.is_boolean(); }
};
template <>
struct Kind<std::int64_t> {
  static constexpr const char* rule = "must be an integer of 64 bits";
  static bool matches(const Json& v) {
    if (v.is_number_unsigned()) return v.get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max();
    return v.is_number_integer();
  }
};
template <>
struct Kind<double> {
  static constexpr const char* rule = "must be a number";
  static bool matches(const Json& v) { return v.is_number(); }
};
template <>
struct Kind<std::string> {
  static constexpr const char* rule = "must be a string";
  static bool matches(const Json& v) { return v.is_string(); }
};

template <class T>
Result<T> typed(const Json& value, const std::string& key, const std::string& where) {
  if (!Kind<T>::matches(value)) return Error{where + ": " + key, Kind<T>::rule, brief(value)};
  return value.get<T>();
}

// Printing, comparing and destroying a value recurse, so its depth is bounded before it is made.
constexpr int kMaxDepth = 256;

// The byte at which the nesting gets too deep, or npos.
std::size_t too_deep_at(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return i;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return std::string_view::npos;
}

// The largest length <= `length` that does not cut a UTF-8 character.
std::size_t whole_characters(const std::string& text, std::size_t length) {
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) --length;
  return length;
}

}  // namespace

Result<Json> parse_json(std::string_view text, const std::string& where) {
  if (const std::size_t at = too_deep_at(text); at != std::string_view::npos) {
    return Error{where, fmt::format("must nest at most {} deep (deeper at byte {})", kMaxDepth, at + 1), ""};
  }
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& e) {
    const bool no_utf8 = std::string_view(e.what()).find("ill-formed UTF-8") != std::string_view::npos;
    return Error{
        where,
        fmt::format("must be {} (stops being so at byte {})", no_utf8 ? "UTF-8" : "valid JSON", e.byte), ""};
  } catch (const Json::exception&) {
    return Error{where, "must be valid JSON, with numbers that a double holds", "a larger one"};
  }
}

Result<Json> read_json(const std::filesystem::path& path) {
  HONE_TRY(std::string text, read_file(path));
  return parse_json(text, path.string());
}

std::string brief(const Json& value) {
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, whole_characters(text, 57)) + "...";
  return text;
}

template <class T>
Result<T> json_get(const Json& object, const std::string& key, const T& otherwise, const std::string& where) {
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) return otherwise;
  return typed<T>(*it, key, where);
}

template <class T>
Result<T> json_require(const Json& object, const std::string& key, const std::string& where) {
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) return Error{where, "key must be present: " + key, ""};
  return typed<T>(*it, key, where);
}

#define HONE_JSON_INSTANCES(T)                                                                   \
  template Result<T> json_get<T>(const Json&, const std::string&, const T&, const std::string&); \
  template Result<T> json_require<T>(const Json&, const std::string&, const std::string&);
HONE_JSON_INSTANCES(bool)
HONE_JSON_INSTANCES(std::int64_t)
HONE_JSON_INSTANCES(double)
HONE_JSON_INSTANCES(std::string)
#undef HONE_JSON_INSTANCES

}  // namespace hone
