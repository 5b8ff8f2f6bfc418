#include "hone/policy/family.h"

#include <fmt/ranges.h>

#include "hone/weights/model_config.h"

namespace hone {
namespace {

constexpr Family kFamilies[] = {
    //            qkv_bias head_norms fused  add_one scaled post_norms
    {"llama", false, false, false, false, false, false},
    {"mistral", false, false, false, false, false, false},
    {"qwen2", true, false, false, false, false, false},
    {"qwen3", false, true, false, false, false, false},
    {"phi3", false, false, true, false, false, false},
    {"gemma2", false, false, false, true, true, true},
};

}  // namespace

Result<Family> find_family(const std::string& model_type) {
  for (const Family& family : kFamilies) {
    if (family.model_type == model_type) return family;
  }
  return Error{"config.json: model_type",
               fmt::format("must be one of {}", fmt::join(known_model_types(), ", ")), model_type};
}

}  // namespace hone
