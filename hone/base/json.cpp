#include "hone/base/json.h"

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
  static constexpr const char* rule = "must be an integer";
  static bool matches(const Json& v) { return v.is_number_integer(); }
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

}  // namespace

Result<Json> parse_json(std::string_view text, const std::string& where) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& e) {
    return Error{where, fmt::format("must be valid JSON (stops being so at byte {})", e.byte), ""};
  } catch (const Json::exception& e) {
    return Error{where, "must be valid JSON", e.what()};
  }
}

Result<Json> read_json(const std::filesystem::path& path) {
  HONE_TRY(std::string text, read_file(path));
  return parse_json(text, path.string());
}

std::string brief(const Json& value) {
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
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

#define HONE_JSON_INSTANCES(T)                                                                       \
  template Result<T> json_get<T>(const Json&, const std::string&, const T&, const std::string&);     \
  template Result<T> json_require<T>(const Json&, const std::string&, const std::string&);
HONE_JSON_INSTANCES(bool)
HONE_JSON_INSTANCES(std::int64_t)
HONE_JSON_INSTANCES(double)
HONE_JSON_INSTANCES(std::string)
#undef HONE_JSON_INSTANCES

}  // namespace hone
