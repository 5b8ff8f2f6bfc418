#include "hone/weights/gguf_layout.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace hone {
namespace {

struct SlotList {
  std::vector<GgufSlot> slots;
  std::string hugging_face, gguf;  // prefixes

  void add(const std::string& from, const std::string& to, std::vector<std::int64_t> shape,
           std::int64_t paired = 0, float added = 0) {
    slots.push_back({hugging_face + from, gguf + to, std::move(shape), paired, added});
  }
};

// A projection with its bias, where there is one.
void add_projection(SlotList& list, const std::string& from, const std::string& to, std::int64_t rows,
                    std::int64_t columns, bool bias, std::int64_t paired = 0) {
  list.add(from + ".weight", to + ".weight", {rows, columns}, paired);
  if (bias) list.add(from + ".bias", to + ".bias", {rows}, paired);
}

void add_layer_slots(SlotList& list, const ModelConfig& c) {
  const std::int64_t H = c.hidden_size, F = c.intermediate_size;
  const std::int64_t q = c.heads * c.head_dim, kv = c.kv_heads * c.head_dim;
  const bool gemma = c.model_type == "gemma2", fused = c.model_type == "phi3";
  const bool paired = gguf_architecture(c.model_type) == "llama";
  const bool qkv_bias = c.attention_bias || c.model_type == "qwen2";
  const float one = gemma ? 1.0F : 0.0F;
  list.add("input_layernorm.weight", "attn_norm.weight", {H}, 0, one);
  if (fused) {
    add_projection(list, "self_attn.qkv_proj", "attn_qkv", q + 2 * kv, H, false);
  } else {
    add_projection(list, "self_attn.q_proj", "attn_q", q, H, qkv_bias, paired ? c.heads : 0);
    add_projection(list, "self_attn.k_proj", "attn_k", kv, H, qkv_bias, paired ? c.kv_heads : 0);
    add_projection(list, "self_attn.v_proj", "attn_v", kv, H, qkv_bias);
  }
  if (c.model_type == "qwen3") {
    list.add("self_attn.q_norm.weight", "attn_q_norm.weight", {c.head_dim});
    list.add("self_attn.k_norm.weight", "attn_k_norm.weight", {c.head_dim});
  }
  add_projection(list, "self_attn.o_proj", "attn_output", H, q, c.attention_bias);
  if (gemma) {
    list.add("post_attention_layernorm.weight", "post_attention_norm.weight", {H}, 0, one);
    list.add("pre_feedforward_layernorm.weight", "ffn_norm.weight", {H}, 0, one);
  } else {
    list.add("post_attention_layernorm.weight", "ffn_norm.weight", {H});
  }
  if (fused) {
    add_projection(list, "mlp.gate_up_proj", "ffn_up", 2 * F, H, false);
  } else {
    add_projection(list, "mlp.gate_proj", "ffn_gate", F, H, c.mlp_bias);
    add_projection(list, "mlp.up_proj", "ffn_up", F, H, c.mlp_bias);
  }
  add_projection(list, "mlp.down_proj", "ffn_down", H, F, c.mlp_bias);
  if (gemma) list.add("post_feedforward_layernorm.weight", "post_ffw_norm.weight", {H}, 0, one);
}

// llama.cpp slides the windows of gemma2 alone, those of the even layers.
Result<void> check_windows(const ModelConfig& c, const std::string& where) {
  const auto whole = [&](std::int64_t window) { return window == 0 || window >= c.max_position_embeddings; };
  for (std::size_t i = 0; i < c.window.size(); ++i) {
    const bool slides = c.model_type == "gemma2" && i % 2 == 0;
    const bool fits = slides ? c.window[i] == c.window[0] && c.window[i] > 0 : whole(c.window[i]);
    if (fits) continue;
    return Error{
        where + ": sliding_window",
        c.model_type == "gemma2"
            ? "must hold in the even layers and in no other: llama.cpp knows gemma2 so"
            : fmt::format("must not be shorter than max_position_embeddings ({}): llama.cpp attends to the "
                          "whole context of {} models",
                          c.max_position_embeddings, c.model_type),
        fmt::format("{} in layer {}", c.window[i], i)};
  }
  return {};
}

}  // namespace

std::string gguf_architecture(const std::string& model_type) {
  return model_type == "mistral" ? "llama" : model_type;
}

std::vector<GgufSlot> gguf_layout(const ModelConfig& c) {
  SlotList list;
  list.add("model.embed_tokens.weight", "token_embd.weight", {c.vocab_size, c.hidden_size});
  for (std::int64_t layer = 0; layer < c.layers; ++layer) {
    list.hugging_face = fmt::format("model.layers.{}.", layer);
    list.gguf = fmt::format("blk.{}.", layer);
    add_layer_slots(list, c);
  }
  list.hugging_face.clear();
  list.gguf.clear();
  list.add("model.norm.weight", "output_norm.weight", {c.hidden_size}, 0,
           c.model_type == "gemma2" ? 1.0F : 0.0F);
  if (!c.tie_word_embeddings) list.add("lm_head.weight", "output.weight", {c.vocab_size, c.hidden_size});
  return std::move(list.slots);
}

Result<void> check_gguf_config(const ModelConfig& c, const std::string& where) {
  const std::string architecture = gguf_architecture(c.model_type);
  HONE_TRY_VOID(check_windows(c, where));
  if (c.rope.type == "llama3" && architecture != "llama")
    return Error{where + ": rope_type",
                 fmt::format("must not be llama3: llama.cpp has it for llama models, not {}", architecture),
                 c.rope.type};
  if (c.attention_bias && architecture != "llama")
    return Error{where + ": attention_bias",
                 fmt::format("must be false: llama.cpp's {} has no such biases", architecture), "true"};
  const std::string activation = c.model_type == "gemma2" ? "gelu_pytorch_tanh" : "silu";
  if (c.activation != activation)
    return Error{where + ": hidden_act",
                 fmt::format("must be {}, as in llama.cpp's {}", activation, architecture), c.activation};
  const double scale = 1.0 / std::sqrt(static_cast<double>(c.head_dim));
  if (std::abs(c.query_scale - scale) > 1e-9 * scale)
    return Error{where + ": query_pre_attn_scalar",
                 fmt::format("must be head_dim ({}), as llama.cpp takes it", c.head_dim),
                 fmt::format("{:g}", 1.0 / (c.query_scale * c.query_scale))};
  return {};
}

std::int64_t paired_to_halves(std::int64_t row, std::int64_t head_dim) {
  const std::int64_t in_head = row % head_dim;
  return row - in_head + in_head % 2 * (head_dim / 2) + in_head / 2;
}

std::int64_t halves_to_paired(std::int64_t row, std::int64_t head_dim) {
  const std::int64_t in_head = row % head_dim, half = head_dim / 2;
  return row - in_head + in_head % half * 2 + in_head / half;
}

// transformers' _compute_llama3_parameters: frequencies of long waves are divided by `factor`, those of short
// ones are left, and those between go from one to the other.
std::vector<float> llama3_divisors(const RopeConfig& rope, std::int64_t head_dim) {
  std::vector<float> divisors;
  const auto context = static_cast<double>(rope.original_max_position_embeddings);
  for (std::int64_t i = 0; i < head_dim; i += 2) {
    const double wave =
        2.0 * std::numbers::pi * std::pow(rope.theta, static_cast<double>(i) / static_cast<double>(head_dim));
    double divisor = 1.0;
    if (wave > context / rope.low_freq_factor) {
      divisor = rope.factor;
    } else if (wave >= context / rope.high_freq_factor) {
      const double smooth =
          (context / wave - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor);
      divisor = 1.0 / ((1.0 - smooth) / rope.factor + smooth);
    }
    divisors.push_back(static_cast<float>(divisor));
  }
  return divisors;
}

Result<RopeConfig> llama3_from_divisors(const std::vector<float>& divisors, double theta,
                                        const std::string& where) {
  RopeConfig rope;
  rope.theta = theta;
  rope.type = "llama3";
  rope.factor = divisors.empty() ? 1.0 : *std::ranges::max_element(divisors);
  const auto head_dim = static_cast<std::int64_t>(divisors.size()) * 2;
  for (rope.original_max_position_embeddings = 32; rope.original_max_position_embeddings <= (1 << 24);
       rope.original_max_position_embeddings *= 2) {
    const std::vector<float> made = llama3_divisors(rope, head_dim);
    if (std::ranges::equal(made, divisors,
                           [](float a, float b) { return std::abs(a - b) <= 1e-5F * std::abs(a); }))
      return rope;
  }
  return Error{where, "must be the divisors of a llama3 rotation (low and high frequency factors 1 and 4)",
               fmt::format("others, up to {:g}", rope.factor)};
}

}  // namespace hone
