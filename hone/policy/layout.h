// The parameters of a decoder, in a fixed order, with their places in Hugging Face files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hone/policy/policy.h"

namespace hone {

struct ParameterSpec {
  enum class Kind { kMatrix, kNorm, kBias };
  Parameter parameter;              // value undefined
  std::vector<std::int64_t> shape;  // [rows, columns] or [rows]
  Kind kind = Kind::kMatrix;
  int layer = -1;    // −1: embedding, final norm, head
  std::string role;  // "qkv", "input_norm" …, the name within its layer
};

std::vector<ParameterSpec> parameter_layout(const ModelConfig& config, const Family& family);

}  // namespace hone
