#include "hone/weights/model_family.h"

#include <algorithm>

namespace hone {

const std::vector<ModelFamily>& model_families() {
  static const std::vector<ModelFamily> families = {
      {.model_type = "llama",
       .architecture = "LlamaForCausalLM",
       .max_position_embeddings = 2048,
       .attention_bias_key = true,
       .mlp_bias_key = true,
       .width_is_multiple = true},
      {.model_type = "qwen2",
       .architecture = "Qwen2ForCausalLM",
       .kv_heads = 32,
       .max_position_embeddings = 32768,
       .window_rule = WindowRule::kUpperLayers,
       .sliding_window = 4096},
      {.model_type = "qwen3",
       .architecture = "Qwen3ForCausalLM",
       .kv_heads = 32,
       .head_dim = 128,
       .max_position_embeddings = 32768,
       .window_rule = WindowRule::kUpperLayers,
       .sliding_window = 4096,
       .attention_bias_key = true},
      {.model_type = "mistral",
       .architecture = "MistralForCausalLM",
       .kv_heads = 8,
       .max_position_embeddings = 131072,
       .window_rule = WindowRule::kEveryLayer,
       .sliding_window = 4096},
      {.model_type = "phi3",
       .architecture = "Phi3ForCausalLM",
       .max_position_embeddings = 4096,
       .rms_norm_eps = 1e-5,
       .window_rule = WindowRule::kEveryLayer,
       .scaled_rope = false},
      {.model_type = "gemma2",
       .architecture = "Gemma2ForCausalLM",
       .kv_heads = 4,
       .head_dim = 256,
       .max_position_embeddings = 8192,
       .tie_word_embeddings = true,
       .activation_key = "hidden_activation",
       .activation = "gelu_pytorch_tanh",
       .window_rule = WindowRule::kAlternating,
       .sliding_window = 4096,
       .attention_bias_key = true,
       .softcaps = true,
       .width_is_multiple = true},
  };
  return families;
}

const ModelFamily* find_model_family(std::string_view model_type) {
  const auto& families = model_families();
  const auto it = std::ranges::find(families, model_type, &ModelFamily::model_type);
  return it == families.end() ? nullptr : &*it;
}

}  // namespace hone
