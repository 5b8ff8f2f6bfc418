// GGUF files for tests: put together by hand, and the reference's.
#pragma once

#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "hone/types/vocabulary.h"
#include "hone/weights/gguf.h"
#include "weights/safetensors_files.h"

namespace hone::testing {

inline std::filesystem::path golden_gguf(const std::string& name) {
  return std::filesystem::path(HONE_SOURCE_DIR) / "tests/golden/gguf" / name;
}

template <class T>
std::string le(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

inline std::string gguf_text(std::string_view text) {
  return le<std::uint64_t>(text.size()) + std::string(text);
}

inline std::string gguf_head(std::uint64_t tensors, std::uint64_t values, std::uint32_t version = 3) {
  return "GGUF" + le(version) + le(tensors) + le(values);
}

inline std::string gguf_tensor(std::string_view name, std::vector<std::uint64_t> dimensions,
                               std::uint32_t type, std::uint64_t offset) {
  std::string bytes = gguf_text(name) + le(static_cast<std::uint32_t>(dimensions.size()));
  for (const std::uint64_t n : dimensions) bytes += le(n);
  return bytes + le(type) + le(offset);
}

inline std::string aligned_to(std::string bytes, std::size_t alignment) {
  bytes.resize((bytes.size() + alignment - 1) / alignment * alignment, '\0');
  return bytes;
}

inline std::string as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// `count` tokens; id 2 ends a text.
inline Vocabulary plain_vocabulary(std::size_t count) {
  Vocabulary out;
  for (std::size_t id = 0; id < count; ++id)
    out.tokens.push_back({"t" + std::to_string(id), Vocabulary::Kind::kNormal});
  out.tokens[2].kind = Vocabulary::Kind::kControl;
  out.split = "gpt-2";
  out.eos = 2;
  return out;
}

}  // namespace hone::testing
