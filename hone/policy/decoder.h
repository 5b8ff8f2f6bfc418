// The weights of a decoder, as its forward and backward passes see them.
#pragma once

#include <vector>

#include "hone/policy/family.h"
#include "hone/tensor/ops.h"
#include "hone/weights/model_config.h"

namespace hone {

struct DecoderLayer {  // undefined: the family has none
  at::Tensor input_norm, qkv, qkv_bias, q_norm, k_norm, out, out_bias, post_attention_norm;
  at::Tensor mlp_norm, gate_up, gate_up_bias, down, down_bias, post_mlp_norm;
};

struct Decoder {
  ModelConfig config;
  Family family;
  std::vector<DecoderLayer> layers;
  at::Tensor embedding, final_norm, head;  // head is the embedding where they are tied
  RopeTables rope;                         // grows on demand

  kernel::HeadShape heads() const { return {config.heads, config.kv_heads, config.head_dim}; }
  AttentionOptions attention(std::size_t layer) const {
    return {heads(), config.query_scale, config.attn_logit_softcap, config.window[layer]};
  }
  kernel::Activation activation() const {
    return config.activation == "silu" ? kernel::Activation::kSilu : kernel::Activation::kGeluTanh;
  }
  double embedding_scale() const;  // √hidden_size where the family says so
};

// Keys and values of every layer: [R, Hkv, D] each, rows handed out by the engine.
struct KvCache {
  std::vector<at::Tensor> keys, values;  // one per layer
  std::int64_t rows() const { return keys.empty() ? 0 : keys[0].size(0); }
};

}  // namespace hone
