// What a config.json means where it says nothing: the defaults of each model_type. Internal to weights/.
// Source: transformers 5.12, models/*/configuration_*.py.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace hone {

enum class WindowRule {
  kNone,         // the family has no windows
  kEveryLayer,   // sliding_window, where set, holds for all layers (a layer_types key is ignored)
  kUpperLayers,  // use_sliding_window, from layer max_window_layers on, unless layer_types says otherwise
  kAlternating,  // even layers, unless layer_types says otherwise
};

struct ModelFamily {
  std::string_view model_type;
  std::string_view architecture;
  std::int64_t kv_heads = 0;  // where the key is absent; 0, and null in the file: as many as heads
  std::int64_t head_dim = 0;  // where absent or null; 0: hidden_size / heads
  std::int64_t max_position_embeddings = 0;
  double rms_norm_eps = 1e-6;
  bool tie_word_embeddings = false;
  std::string_view activation_key = "hidden_act";
  std::string_view activation = "silu";
  WindowRule window_rule = WindowRule::kNone;
  std::int64_t sliding_window = 0;  // where the key is absent; 0: none
  bool attention_bias_key = false;  // whether the key attention_bias is read
  bool mlp_bias_key = false;
  bool softcaps = false;           // attn and final soft caps, query_pre_attn_scalar
  bool scaled_rope = true;         // rope types other than default exist
  bool width_is_multiple = false;  // hidden_size must be a multiple of heads, whatever head_dim is
};

const std::vector<ModelFamily>& model_families();
const ModelFamily* find_model_family(std::string_view model_type);  // null: unknown

}  // namespace hone
