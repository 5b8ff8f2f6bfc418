#include "hone/weights/safetensors_header.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace hone {
namespace {

// The limits of the reference implementation, so that what opens here opens there.
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;
constexpr int kMaxDepth = 4;

std::string tensor_place(const std::string& where, const std::string& name) {
  return fmt::format("{}: {}", where, brief(Json(name)));
}

Result<std::uint64_t> non_negative(const Json& value, const std::string& place, const char* rule) {
  if (!value.is_number_integer() || (!value.is_number_unsigned() && value.get<std::int64_t>() < 0)) {
    return Error{place, rule, brief(value)};
  }
  return value.get<std::uint64_t>();
}

Result<void> parse_shape(const Json& entry, const std::string& place, HeaderEntry& out) {
  const auto it = entry.find("shape");
  if (it == entry.end() || !it->is_array()) {
    return Error{place, "shape must be a list of sizes", it == entry.end() ? "nothing" : brief(*it)};
  }
  auto bytes = static_cast<std::int64_t>(size_of(out.dtype));
  bool empty = false;
  for (const Json& dimension : *it) {
    HONE_TRY(const std::uint64_t n, non_negative(dimension, place, "shape must hold non-negative integers"));
    empty = empty || n == 0;
    // A zero further on does not excuse an absurd size, which no reader could multiply out.
    if (!std::in_range<std::int64_t>(n) || (n > 0 && __builtin_mul_overflow(bytes, n, &bytes))) {
      return Error{place, "the shape's size in bytes must fit 63 bits", brief(*it)};
    }
    out.shape.push_back(static_cast<std::int64_t>(n));
  }
  if (empty) bytes = 0;
  if (out.end - out.begin != static_cast<std::uint64_t>(bytes)) {
    return Error{
        place,
        fmt::format("data_offsets must span the {} bytes of {} {}", bytes, to_string(out.dtype), brief(*it)),
        fmt::format("{} bytes", out.end - out.begin)};
  }
  return {};
}

Result<HeaderEntry> parse_entry(const Json& entry, const std::string& place, std::uint64_t data_bytes) {
  if (!entry.is_object())
    return Error{place, "must be an object with dtype, shape and data_offsets", brief(entry)};
  for (const auto& [key, value] : entry.items()) {
    if (key != "dtype" && key != "shape" && key != "data_offsets") {
      return Error{place, "may hold only dtype, shape and data_offsets", brief(Json(key))};
    }
  }
  HeaderEntry out;
  HONE_TRY(const std::string dtype_name, json_require<std::string>(entry, "dtype", place));
  const auto dtype = dtype_from_string(dtype_name);
  if (!dtype) {
    return Error{place, "dtype must be one of F32, F16, BF16, F64, I64, I32, U8, BOOL",
                 brief(Json(dtype_name))};
  }
  out.dtype = *dtype;
  const auto offsets = entry.find("data_offsets");
  if (offsets == entry.end() || !offsets->is_array() || offsets->size() != 2) {
    return Error{place, "data_offsets must be [begin, end]",
                 offsets == entry.end() ? "nothing" : brief(*offsets)};
  }
  const char* rule = "data_offsets must hold non-negative integers";
  HONE_TRY(out.begin, non_negative((*offsets)[0], place, rule));
  HONE_TRY(out.end, non_negative((*offsets)[1], place, rule));
  if (out.begin > out.end || out.end > data_bytes) {
    return Error{
        place, fmt::format("data_offsets must rise and lie within the {} bytes after the header", data_bytes),
        brief(*offsets)};
  }
  HONE_TRY_VOID(parse_shape(entry, place, out));
  return out;
}

Result<void> check_coverage(const SafetensorsHeader& header, std::uint64_t data_bytes,
                            const std::string& where) {
  std::vector<std::pair<const std::string*, const HeaderEntry*>> order;
  for (const auto& [name, entry] : header.entries) order.emplace_back(&name, &entry);
  std::ranges::sort(order, {},
                    [](const auto& item) { return std::pair(item.second->begin, item.second->end); });
  std::uint64_t position = 0;
  for (const auto& [name, entry] : order) {
    if (entry->begin != position) {
      return Error{tensor_place(where, *name),
                   fmt::format("must begin at byte {}, where the tensor before it ends (no overlap, no hole)",
                               position),
                   fmt::format("[{}, {}]", entry->begin, entry->end)};
    }
    position = entry->end;
  }
  if (position != data_bytes) {
    return Error{where, fmt::format("the tensors must fill the {} bytes after the header", data_bytes),
                 fmt::format("{} bytes", position)};
  }
  return {};
}

Result<void> parse_metadata(const Json& value, const std::string& where,
                            std::map<std::string, std::string>& out) {
  if (!value.is_object())
    return Error{where + ": __metadata__", "must be an object of strings", brief(value)};
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) return Error{where + ": __metadata__: " + key, "must be a string", brief(text)};
    out[key] = text.get<std::string>();
  }
  return {};
}

}  // namespace

Result<Json> parse_json_without_duplicates(std::string_view text, const std::string& where, int max_depth) {
  struct Stop {
    Error error;
  };
  std::vector<std::set<std::string>> keys;  // of the open object at each depth
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    using Event = Json::parse_event_t;
    const auto level = static_cast<std::size_t>(depth);
    if (event == Event::object_start || event == Event::array_start) {
      if (depth >= max_depth) {
        throw Stop{{where, fmt::format("must not be nested deeper than {} levels", max_depth), ""}};
      }
      keys.resize(std::max(keys.size(), level + 1));
      keys[level].clear();
    }
    if (event == Event::key && !keys[level - 1].insert(parsed.get<std::string>()).second) {
      throw Stop{{where, "keys must not be repeated", brief(parsed)}};
    }
    return true;
  };
  try {
    return Json::parse(text, watch);
  } catch (const Stop& stop) {
    return stop.error;
  } catch (const Json::parse_error& e) {
    return Error{where, fmt::format("must be valid JSON (stops being so at byte {})", e.byte), ""};
  } catch (const Json::exception& e) {
    return Error{where, "must be valid JSON", e.what()};
  }
}

Result<SafetensorsHeader> parse_safetensors_header(std::span<const std::byte> file,
                                                   const std::string& where) {
  if (file.size() < 8) {
    return Error{where, "must begin with the 8 bytes of the header's length",
                 fmt::format("{} bytes", file.size())};
  }
  std::uint64_t length = 0;
  for (int i = 7; i >= 0; --i)
    length = (length << 8) | static_cast<std::uint64_t>(file[static_cast<std::size_t>(i)]);
  if (length > file.size() - 8) {
    return Error{where, fmt::format("the header must fit the file ({} bytes)", file.size()),
                 fmt::format("a header of {} bytes", length)};
  }
  if (length > kMaxHeaderBytes) {
    return Error{where, fmt::format("the header must not exceed {} bytes", kMaxHeaderBytes),
                 fmt::format("{}", length)};
  }
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + 8, length);
  if (!text.starts_with('{')) {
    return Error{where + ": header", "must begin with {",
                 text.empty() ? "nothing" : brief(Json(text.substr(0, 1)))};
  }
  HONE_TRY(const Json json, parse_json_without_duplicates(text, where + ": header", kMaxDepth));
  SafetensorsHeader header;
  header.data_start = 8 + length;
  const std::uint64_t data_bytes = file.size() - header.data_start;
  for (const auto& [name, value] : json.items()) {
    if (name == "__metadata__") {
      HONE_TRY_VOID(parse_metadata(value, where, header.metadata));
    } else {
      HONE_TRY(HeaderEntry entry, parse_entry(value, tensor_place(where, name), data_bytes));
      header.entries.emplace(name, std::move(entry));
    }
  }
  HONE_TRY_VOID(check_coverage(header, data_bytes, where));
  return header;
}

Result<std::string> make_safetensors_header(std::span<const TensorToWrite> tensors,
                                            const std::map<std::string, std::string>& metadata,
                                            const std::string& where) {
  // Written by hand, since the tensors stand in file order and nlohmann's objects sort.
  try {
    std::string text = "{";
    if (!metadata.empty()) text += "\"__metadata__\":" + Json(metadata).dump() + ",";
    std::uint64_t position = 0;
    for (const TensorToWrite& tensor : tensors) {
      const std::uint64_t end = position + tensor.bytes.size();
      text +=
          fmt::format(R"({}:{{"dtype":"{}","shape":{},"data_offsets":[{},{}]}},)", Json(tensor.name).dump(),
                      to_string(tensor.dtype), Json(tensor.shape).dump(), position, end);
      position = end;
    }
    if (text.ends_with(',')) text.pop_back();
    text += "}";
    text.resize((text.size() + 7) / 8 * 8, ' ');
    return text;
  } catch (const Json::exception&) {
    return Error{where, "tensor names and metadata must be UTF-8", ""};
  }
}

}  // namespace hone
