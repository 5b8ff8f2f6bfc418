#include "hone/policy/layout.h"

#include <fmt/format.h>

namespace hone {
namespace {

using Kind = ParameterSpec::Kind;

struct LayoutBuilder {
  std::vector<ParameterSpec> specs;
  int layer = -1;
  std::string prefix;

  // parts: the file's name of each part after the prefix, and its rows.
  void add(const std::string& role, Kind kind, std::int64_t columns,
           const std::vector<std::pair<std::string, std::int64_t>>& parts) {
    ParameterSpec spec;
    std::int64_t rows = 0;
    for (const auto& [name, count] : parts) {
      spec.parameter.parts.push_back({prefix + name, rows, count});
      rows += count;
    }
    spec.parameter.name = layer < 0 ? role : fmt::format("layers.{}.{}", layer, role);
    spec.shape = columns > 0 ? std::vector<std::int64_t>{rows, columns} : std::vector<std::int64_t>{rows};
    spec.kind = kind;
    spec.layer = layer;
    spec.role = role;
    specs.push_back(std::move(spec));
  }
};

void add_layer(LayoutBuilder& b, const ModelConfig& c, const Family& f) {
  const std::int64_t H = c.hidden_size, q = c.heads * c.head_dim, kv = c.kv_heads * c.head_dim,
                     F = c.intermediate_size;
  b.add("input_norm", Kind::kNorm, 0, {{"input_layernorm.weight", H}});
  if (f.fused_projections) {
    b.add("qkv", Kind::kMatrix, H, {{"self_attn.qkv_proj.weight", q + 2 * kv}});
  } else {
    b.add("qkv", Kind::kMatrix, H,
          {{"self_attn.q_proj.weight", q}, {"self_attn.k_proj.weight", kv}, {"self_attn.v_proj.weight", kv}});
  }
  if (f.qkv_bias || c.attention_bias) {
    b.add("qkv_bias", Kind::kBias, 0,
          {{"self_attn.q_proj.bias", q}, {"self_attn.k_proj.bias", kv}, {"self_attn.v_proj.bias", kv}});
  }
  if (f.head_norms) {
    b.add("q_norm", Kind::kNorm, 0, {{"self_attn.q_norm.weight", c.head_dim}});
    b.add("k_norm", Kind::kNorm, 0, {{"self_attn.k_norm.weight", c.head_dim}});
  }
  b.add("out", Kind::kMatrix, q, {{"self_attn.o_proj.weight", H}});
  if (c.attention_bias) b.add("out_bias", Kind::kBias, 0, {{"self_attn.o_proj.bias", H}});
  // Where norms follow the sublayers too, the name of the norm before the MLP is taken by the one after
  // attention.
  if (f.post_norms) b.add("post_attention_norm", Kind::kNorm, 0, {{"post_attention_layernorm.weight", H}});
  b.add("mlp_norm", Kind::kNorm, 0,
        {{f.post_norms ? "pre_feedforward_layernorm.weight" : "post_attention_layernorm.weight", H}});
  if (f.fused_projections) {
    b.add("gate_up", Kind::kMatrix, H, {{"mlp.gate_up_proj.weight", 2 * F}});
  } else {
    b.add("gate_up", Kind::kMatrix, H, {{"mlp.gate_proj.weight", F}, {"mlp.up_proj.weight", F}});
  }
  if (c.mlp_bias) b.add("gate_up_bias", Kind::kBias, 0, {{"mlp.gate_proj.bias", F}, {"mlp.up_proj.bias", F}});
  b.add("down", Kind::kMatrix, F, {{"mlp.down_proj.weight", H}});
  if (c.mlp_bias) b.add("down_bias", Kind::kBias, 0, {{"mlp.down_proj.bias", H}});
  if (f.post_norms) b.add("post_mlp_norm", Kind::kNorm, 0, {{"post_feedforward_layernorm.weight", H}});
}

}  // namespace

std::vector<ParameterSpec> parameter_layout(const ModelConfig& c, const Family& f) {
  LayoutBuilder b;
  b.add("embedding", Kind::kMatrix, c.hidden_size, {{"model.embed_tokens.weight", c.vocab_size}});
  for (int layer = 0; layer < c.layers; ++layer) {
    b.layer = layer;
    b.prefix = fmt::format("model.layers.{}.", layer);
    add_layer(b, c, f);
  }
  b.layer = -1;
  b.prefix.clear();
  b.add("final_norm", Kind::kNorm, 0, {{"model.norm.weight", c.hidden_size}});
  if (!c.tie_word_embeddings) b.add("head", Kind::kMatrix, c.hidden_size, {{"lm_head.weight", c.vocab_size}});
  return std::move(b.specs);
}

}  // namespace hone
