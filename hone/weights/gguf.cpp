#include "hone/weights/gguf.h"

#include "hone/base/check.h"

namespace hone {

const char* to_string(GgufType type) {
  switch (type) {
    case GgufType::kF32:
      return "F32";
    case GgufType::kF16:
      return "F16";
    case GgufType::kQ8_0:
      return "Q8_0";
    case GgufType::kBF16:
      return "BF16";
  }
  HONE_CHECK(false, "GGUF type {}", static_cast<std::uint32_t>(type));
}

std::optional<GgufType> gguf_type_from_string(std::string_view name) {
  std::string upper;
  for (const char c : name) upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  for (const GgufType type : {GgufType::kF32, GgufType::kF16, GgufType::kBF16, GgufType::kQ8_0}) {
    if (upper == to_string(type)) return type;
  }
  return std::nullopt;
}

std::int64_t block_size(GgufType type) { return type == GgufType::kQ8_0 ? 32 : 1; }

std::uint64_t gguf_bytes(GgufType type, std::uint64_t count) {
  switch (type) {
    case GgufType::kF32:
      return count * 4;
    case GgufType::kF16:
    case GgufType::kBF16:
      return count * 2;
    case GgufType::kQ8_0:
      return count / 32 * 34;
  }
  HONE_CHECK(false, "GGUF type {}", static_cast<std::uint32_t>(type));
}

std::int64_t GgufTensor::numel() const {
  std::int64_t count = 1;
  for (const std::int64_t n : shape) count *= n;
  return count;
}

}  // namespace hone
