#include "hone/cli/jsonl.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "hone/base/json.h"

namespace hone {
namespace {

using OrderedJson = nlohmann::ordered_json;

// Values are walked by recursion further on: a line of a million brackets must not end the program.
constexpr int kMaxDepth = 200;

int depth_of(std::string_view text) {
  int depth = 0, deepest = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return deepest;
}

Error cannot_write(int reason) { return {"stdout", "must take what is written", std::strerror(reason)}; }

}  // namespace

Result<void> each_json_line(std::istream& in, const std::string& name,
                            const std::function<Result<void>(const JsonLine&)>& body) {
  std::string text;
  for (std::int64_t number = 1; std::getline(in, text); ++number) {
    if (text.find_first_not_of(" \t\r\v\f") == std::string::npos) continue;
    const std::string where = fmt::format("{}:{}", name, number);
    if (const int depth = depth_of(text); depth > kMaxDepth) {
      return Error{where, fmt::format("values must not nest deeper than {}", kMaxDepth),
                   std::to_string(depth)};
    }
    HONE_TRY(const Json value, parse_json(text, where));
    if (!value.is_object()) return Error{where, "must be a JSON object", described(value)};
    HONE_TRY_VOID(body({where, text, value}));
  }
  if (in.bad()) return Error{name, "must be readable", std::strerror(errno)};
  return {};
}

Result<void> write_json_line(std::FILE* out, const OrderedJson& value) {
  std::string text;
  try {
    text = value.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  } catch (const OrderedJson::exception& e) {
    return Error{"output", "must be writable as JSON", e.what()};
  }
  return write_text(out, text + "\n");
}

Result<void> write_text(std::FILE* out, std::string_view text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), out) != text.size()) return cannot_write(errno);
  if (std::fflush(out) != 0) return cannot_write(errno);
  return {};
}

Result<std::string> text_of(const Json& object, const std::string& key, const std::string& where) {
  const auto it = object.find(key);
  if (it == object.end()) return Error{where, fmt::format("must have \"{}\"", key), described(object)};
  if (!it->is_string()) return Error{where + ": " + key, "must be text", described(*it)};
  return it->get<std::string>();
}

Result<std::vector<std::int32_t>> ids_of(const Json& object, std::int64_t limit, const std::string& what,
                                         const std::string& where) {
  const Json& list = object.at("ids");
  if (!list.is_array()) return Error{where + ": ids", "must be a list of token ids", described(list)};
  if (list.empty()) return Error{where + ": ids", "must hold at least one token id", "an empty list"};
  std::vector<std::int32_t> ids;
  ids.reserve(list.size());
  for (const Json& item : list) {
    const bool integer = item.is_number_integer();
    // An id past 2^63 reads as unsigned: its value as int64 would wrap.
    const bool huge = item.is_number_unsigned() && item.get<std::uint64_t>() > std::uint64_t{1} << 62;
    if (!integer || huge || item.get<std::int64_t>() < 0 || item.get<std::int64_t>() >= limit) {
      return Error{fmt::format("{}: ids[{}]", where, ids.size()),
                   fmt::format("must be a token id from 0 to {} ({})", limit - 1, what), described(item)};
    }
    ids.push_back(static_cast<std::int32_t>(item.get<std::int64_t>()));
  }
  return ids;
}

std::string described(const Json& value) {
  if (value.is_array()) return fmt::format("a list of {}", value.size());
  if (!value.is_object()) return brief(value);
  std::string keys;
  for (const auto& [key, item] : value.items()) {
    if (keys.size() > 80) {
      keys += ", …";
      break;
    }
    keys += (keys.empty() ? "" : ", ") + brief(Json(key));
  }
  return keys.empty() ? "an empty object" : "an object of " + keys;
}

}  // namespace hone
