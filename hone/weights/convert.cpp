#include "hone/weights/convert.h"

#include <bit>
#include <cstring>

#include "hone/base/check.h"
#include "hone/base/threads.h"

namespace hone {
namespace {

constexpr std::int64_t kGrain = 1 << 16;  // elements below which a second thread costs more than it saves

// out[i] = convert(in[i]); the bytes of a mapped tensor need not be aligned.
template <class In, class Out, class Convert>
void convert_all(const std::byte* in, std::byte* out, std::size_t count, const Convert& convert) {
  parallel_for(static_cast<std::int64_t>(count), kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      In value;
      std::memcpy(&value, in + i * sizeof(In), sizeof value);
      const Out converted = convert(value);
      std::memcpy(out + i * sizeof(Out), &converted, sizeof converted);
    }
  });
}

}  // namespace

float bfloat16_to_float32(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

std::uint16_t float32_to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  // Rounding could carry a NaN's low payload into infinity: keep the top of it, quiet.
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x0040u);
  return static_cast<std::uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
}

float float16_to_float32(std::uint16_t bits) {
  const std::uint32_t sign = (std::uint32_t{bits} & 0x8000u) << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1Fu;
  const std::uint32_t fraction = bits & 0x3FFu;
  if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000u | (fraction << 13));
  if (exponent == 0) {  // zero and subnormals: fraction · 2⁻²⁴, exact in float32
    const float magnitude = static_cast<float>(fraction) * 0x1.0p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
  }
  return std::bit_cast<float>(sign | ((exponent + 112u) << 23) | (fraction << 13));
}

std::uint16_t float32_to_float16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  const std::uint32_t magnitude = bits & 0x7FFFFFFFu;
  std::uint32_t half = 0;
  if (magnitude > 0x7F800000u) {
    half = 0x7E00u | ((magnitude >> 13) & 0x3FFu);
  } else if (magnitude >= 0x477FF000u) {  // 65520 and above round past the largest half, 65504
    half = 0x7C00u;
  } else if (magnitude >= 0x38800000u) {  // normal halves, from 2⁻¹⁴
    half = (magnitude - 0x38000000u + 0xFFFu + ((magnitude >> 13) & 1u)) >> 13;
  } else {
    // Subnormal halves: adding ½ puts the unit of the sum at 2⁻²⁴, so the float addition itself rounds to
    // nearest even.
    const float sum = std::bit_cast<float>(magnitude) + 0.5f;
    half = std::bit_cast<std::uint32_t>(sum) - 0x3F000000u;
  }
  return static_cast<std::uint16_t>(sign | half);
}

Result<std::vector<float>> to_float32(const TensorView& tensor) {
  const auto count = static_cast<std::size_t>(tensor.numel());
  HONE_CHECK(tensor.bytes.size() == count * size_of(tensor.dtype), "{} bytes of {} {}", tensor.bytes.size(),
             count, to_string(tensor.dtype));
  std::vector<float> values(count);
  const std::byte* in = tensor.bytes.data();
  auto* out = reinterpret_cast<std::byte*>(values.data());
  switch (tensor.dtype) {
    case DType::kF32:
      if (count > 0) std::memcpy(out, in, tensor.bytes.size());
      return values;
    case DType::kF16:
      convert_all<std::uint16_t, float>(in, out, count, float16_to_float32);
      return values;
    case DType::kBF16:
      convert_all<std::uint16_t, float>(in, out, count, bfloat16_to_float32);
      return values;
    case DType::kF64:
      convert_all<double, float>(in, out, count, [](double x) { return static_cast<float>(x); });
      return values;
    case DType::kI64:
    case DType::kI32:
    case DType::kU8:
    case DType::kBool:
      break;
  }
  return Error{"weights", "a weight's dtype must be F32, F16, BF16 or F64", to_string(tensor.dtype)};
}

std::vector<std::byte> from_float32(std::span<const float> values, DType dtype) {
  std::vector<std::byte> bytes(values.size() * size_of(dtype));
  const auto* in = reinterpret_cast<const std::byte*>(values.data());
  switch (dtype) {
    case DType::kF32:
      if (!values.empty()) std::memcpy(bytes.data(), in, bytes.size());
      return bytes;
    case DType::kF16:
      convert_all<float, std::uint16_t>(in, bytes.data(), values.size(), float32_to_float16);
      return bytes;
    case DType::kBF16:
      convert_all<float, std::uint16_t>(in, bytes.data(), values.size(), float32_to_bfloat16);
      return bytes;
    case DType::kF64:
      convert_all<float, double>(in, bytes.data(), values.size(),
                                 [](float x) { return static_cast<double>(x); });
      return bytes;
    case DType::kI64:
    case DType::kI32:
    case DType::kU8:
    case DType::kBool:
      break;
  }
  HONE_CHECK(false, "dtype {}", to_string(dtype));
}

}  // namespace hone
