// The JSON header of a safetensors file, checked against the file's length. Internal to weights/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "hone/base/json.h"
#include "hone/base/result.h"
#include "hone/weights/safetensors.h"

namespace hone {

struct HeaderEntry {
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;  // bytes, from the first one after the header
};

struct SafetensorsHeader {
  std::map<std::string, HeaderEntry> entries;
  std::map<std::string, std::string> metadata;
  std::uint64_t data_start = 0;  // in the file
};

// `where` is the file's name. Afterwards the entries cover the bytes after the header exactly, each once.
Result<SafetensorsHeader> parse_safetensors_header(std::span<const std::byte> file, const std::string& where);

// JSON in which no object repeats a key (a repeated tensor name would silently win) and nothing is nested
// deeper than `max_depth`.
Result<Json> parse_json_without_duplicates(std::string_view text, const std::string& where, int max_depth);

// The header's text for these tensors in this order, padded with spaces to a multiple of 8.
Result<std::string> make_safetensors_header(std::span<const TensorToWrite> tensors,
                                            const std::map<std::string, std::string>& metadata,
                                            const std::string& where);

}  // namespace hone
