#include "hone/weights/gguf_convert.h"

#include <atomic>
#include <cmath>
#include <cstring>

#include "hone/base/check.h"
#include "hone/base/threads.h"
#include "hone/weights/convert.h"

namespace hone {
namespace {

constexpr std::size_t kBlock = 32, kBlockBytes = 34;
constexpr std::int64_t kBlockGrain = 2048;  // blocks below which a second thread costs more than it saves
constexpr std::uint16_t kHalfInfinity = 0x7C00;

// False: not finite, or too large for its scale.
bool quantize_block(const float* x, std::byte* out) {
  float largest = 0;
  bool finite = true;
  for (std::size_t i = 0; i < kBlock; ++i) {
    finite = finite && std::isfinite(x[i]);
    largest = std::max(largest, std::abs(x[i]));
  }
  const float scale = largest / 127.0F;
  const std::uint16_t half = float32_to_float16(scale);
  if (!finite || half == kHalfInfinity) return false;
  const float inverse = scale != 0 ? 1.0F / scale : 0.0F;
  // A scale so small that its inverse overflows stands for values that F16 scales can't hold: zeros.
  const bool usable = std::isfinite(inverse);
  std::memcpy(out, &half, sizeof half);
  for (std::size_t i = 0; i < kBlock; ++i)
    out[2 + i] = static_cast<std::byte>(static_cast<std::int8_t>(usable ? std::round(x[i] * inverse) : 0.0F));
  return true;
}

Result<std::vector<std::byte>> quantize(std::span<const float> values, const std::string& where) {
  HONE_CHECK(values.size() % kBlock == 0, "{}: {} values", where, values.size());
  const std::size_t blocks = values.size() / kBlock;
  std::vector<std::byte> bytes(blocks * kBlockBytes);
  std::atomic<bool> fits = true;
  parallel_for(static_cast<std::int64_t>(blocks), kBlockGrain, [&](std::int64_t begin, std::int64_t end) {
    for (auto b = static_cast<std::size_t>(begin); b < static_cast<std::size_t>(end); ++b) {
      if (!quantize_block(values.data() + b * kBlock, bytes.data() + b * kBlockBytes)) fits = false;
    }
  });
  if (!fits)
    return Error{where, "must be finite and at most 65504 · 127 to be written as Q8_0",
                 "a value that is not"};
  return bytes;
}

std::vector<float> dequantize(std::span<const std::byte> bytes) {
  const std::size_t blocks = bytes.size() / kBlockBytes;
  std::vector<float> values(blocks * kBlock);
  parallel_for(static_cast<std::int64_t>(blocks), kBlockGrain, [&](std::int64_t begin, std::int64_t end) {
    for (auto b = static_cast<std::size_t>(begin); b < static_cast<std::size_t>(end); ++b) {
      const std::byte* block = bytes.data() + b * kBlockBytes;
      std::uint16_t half = 0;
      std::memcpy(&half, block, sizeof half);
      const float scale = float16_to_float32(half);
      for (std::size_t i = 0; i < kBlock; ++i)
        values[b * kBlock + i] = scale * static_cast<float>(static_cast<std::int8_t>(block[2 + i]));
    }
  });
  return values;
}

DType dtype_of(GgufType type) {
  switch (type) {
    case GgufType::kF32:
      return DType::kF32;
    case GgufType::kF16:
      return DType::kF16;
    case GgufType::kBF16:
      return DType::kBF16;
    case GgufType::kQ8_0:
      break;
  }
  HONE_CHECK(false, "{} is no plain float", to_string(type));
}

}  // namespace

Result<std::vector<std::byte>> to_gguf(std::span<const float> values, GgufType type,
                                       const std::string& where) {
  if (type == GgufType::kQ8_0) return quantize(values, where);
  if (type == GgufType::kF16) {
    for (const float value : values) {
      if (std::isfinite(value) && std::abs(value) >= 65520.0F)
        return Error{where, "must be at most 65504 to be written as F16", fmt::format("{}", value)};
    }
  }
  return from_float32(values, dtype_of(type));
}

std::vector<float> from_gguf(std::span<const std::byte> bytes, GgufType type) {
  if (type == GgufType::kQ8_0) return dequantize(bytes);
  const DType dtype = dtype_of(type);
  TensorView view;
  view.dtype = dtype;
  view.shape = {static_cast<std::int64_t>(bytes.size() / size_of(dtype))};
  view.bytes = bytes;
  auto values = to_float32(view);
  HONE_CHECK(values.ok(), "{}", values.error().message());
  return std::move(values).value();
}

}  // namespace hone
