// Between float32 and the elements of GGUF tensors.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/weights/gguf.h"

namespace hone {

// F16 and BF16 round to nearest, ties to even. Q8_0: blocks of 32 with the scale max|x| / 127 as F16, each
// value round(x / (the scale before that rounding)), halves away from zero, as ggml's quantize_row_q8_0_ref.
// Requires a multiple of the block size. Error naming `where`: what the type can't hold (infinities and NaN
// in Q8_0, more than 65504 in F16 and a Q8_0 scale).
Result<std::vector<std::byte>> to_gguf(std::span<const float> values, GgufType type,
                                       const std::string& where);

// Exact: a Q8_0 value is the product of 11 and 8 bits. `bytes` holds whole blocks.
std::vector<float> from_gguf(std::span<const std::byte> bytes, GgufType type);

}  // namespace hone
