// A decoder's shape, read from a Hugging Face config.json (old and new spellings: rope_theta and
// rope_scaling, or rope_parameters; torch_dtype, or dtype).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/config/options.h"

namespace hone {

struct RopeConfig {
  double theta = 10000.0;
  std::string type = "default";  // default, linear, llama3
  double factor = 1.0;
  double low_freq_factor = 1.0;  // llama3 only, as the next two
  double high_freq_factor = 4.0;
  std::int64_t original_max_position_embeddings = 0;
};

struct ModelConfig {
  std::string model_type;  // llama, qwen2, qwen3, mistral, phi3, gemma2
  std::int64_t vocab_size = 0;
  std::int64_t hidden_size = 0;
  std::int64_t intermediate_size = 0;
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t max_position_embeddings = 0;
  double rms_norm_eps = 1e-6;
  bool tie_word_embeddings = false;
  bool attention_bias = false;  // llama's own key: biases on q, k, v and o
  bool mlp_bias = false;
  std::string activation = "silu";  // silu, gelu_pytorch_tanh
  RopeConfig rope;
  // Keys a layer's query sees: itself and the window − 1 before it; 0: all. One per layer, from
  // sliding_window, layer_types, use_sliding_window and max_window_layers as the family reads them.
  std::vector<std::int64_t> window;
  double attn_logit_softcap = 0.0;   // 0: none
  double final_logit_softcap = 0.0;  // 0: none
  double query_scale = 0.0;       // scores are q·k times this: 1/√head_dim, or 1/√query_pre_attn_scalar
  std::string dtype = "float32";  // of the files

  std::string json;  // the whole config.json, so that saving writes back every key it had
};

// The known model_types, for error messages and help.
const std::vector<std::string>& known_model_types();

// Errors name the file, the key, the rule and the value: unknown model_type (listing those known), missing or
// impossible numbers (heads not divisible by kv_heads …), unsupported rope types and activations.
Result<ModelConfig> read_model_config(const std::filesystem::path& folder);
Result<ModelConfig> parse_model_config(const std::string& json, const std::string& where);

// The config of a model made from nothing. eos and pad ids are written into its json.
Result<ModelConfig> make_model_config(const ModelInitOptions& options, std::int64_t vocab_size,
                                      std::int64_t eos_id, std::int64_t pad_id);

// eos ids of generation_config.json and config.json together (each may hold a number, a list, null or
// nothing).
Result<std::vector<std::int32_t>> read_eos_ids(const std::filesystem::path& folder);

}  // namespace hone
