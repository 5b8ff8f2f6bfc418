// Between float32 and the 16-bit floats of weight files. Rounding is to nearest, ties to even; a NaN stays a
// NaN, and what is too large becomes an infinity, as IEEE 754 says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "hone/base/result.h"
#include "hone/weights/safetensors.h"

namespace hone {

// Exact.
float float16_to_float32(std::uint16_t bits);
float bfloat16_to_float32(std::uint16_t bits);

std::uint16_t float32_to_float16(float value);
std::uint16_t float32_to_bfloat16(float value);

// The tensor's elements, row-major; F32, F16 and BF16 exactly, F64 rounded. Error for integers and booleans.
Result<std::vector<float>> to_float32(const TensorView& tensor);

// The bytes of `values` as F32, F16, BF16 or F64. Requires one of these.
std::vector<std::byte> from_float32(std::span<const float> values, DType dtype);

}  // namespace hone
