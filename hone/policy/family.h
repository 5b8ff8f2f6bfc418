// What tells one decoder family from another, as data. A new family is a row here, its config keys in
// weights/model_config, and a fixture under tests/golden/models.
#pragma once

#include <string>

#include "hone/base/result.h"

namespace hone {

struct Family {
  const char* model_type;  // config.json's
  bool qkv_bias;    // biases on q, k, v whatever the config says (qwen2); llama's attention_bias adds o's
  bool head_norms;  // RMSNorm on each query and key head (qwen3)
  bool fused_projections;  // qkv_proj and gate_up_proj are one tensor each in the files (phi3)
  bool norm_add_one;       // norms multiply by 1 + w (gemma2)
  bool scaled_embedding;   // embeddings times √hidden_size (gemma2)
  bool post_norms;         // norms after attention and MLP too, before the residual sum (gemma2)
};

// Error for a model_type that has no row, listing those that have.
Result<Family> find_family(const std::string& model_type);

}  // namespace hone
