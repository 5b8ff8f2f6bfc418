// Tiny policies of every family for the tests of policy/.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "hone/base/rng.h"
#include "hone/policy/policy.h"

namespace hone::testing {

inline const std::vector<std::string>& families() { return known_model_types(); }

// Widths that fill no vector: hidden 40, feed-forward 36, 4 query and 2 key/value heads, vocabulary 101.
inline ModelConfig tiny_config(const std::string& family, bool tied = true) {
  ModelInitOptions o;
  o.family = family;
  o.hidden_size = 40;
  o.intermediate_size = 36;
  o.layers = 2;
  o.heads = 4;
  o.kv_heads = 2;
  o.head_dim = family == "qwen3" || family == "gemma2" ? 20 : 0;
  o.max_position_embeddings = 300;
  o.tie_word_embeddings = tied;
  auto config = make_model_config(o, 101, 1, 0);
  EXPECT_TRUE(config.ok()) << config.error().message();
  return std::move(config).value();
}

// Weights large enough for every part to matter; norms and biases are no longer ones and zeros.
inline Policy tiny_policy(const ModelConfig& config, std::uint64_t seed = 7) {
  auto made = Policy::init(config, seed, 0.2, "cpu", "float32");
  EXPECT_TRUE(made.ok()) << made.error().message();
  Policy policy = std::move(made).value();
  std::uint64_t index = 0;
  for (Parameter& p : policy.parameters()) {
    RandomStream random({.seed = seed, .problem = index++});
    float* v = p.value.data_ptr<float>();
    if (p.value.dim() == 1) {
      for (std::int64_t i = 0; i < p.value.numel(); ++i) v[i] += static_cast<float>(0.2 * random.normal());
    }
  }
  return policy;
}

// The same weights in another dtype. In double the operations take ATen's path.
inline Policy in_dtype(const Policy& policy, at::ScalarType type) {
  Policy copy = policy.clone();
  for (Parameter& p : copy.parameters()) p.value = p.value.to(type);
  return copy.clone();  // its layers name the tensors anew
}

inline std::vector<std::int32_t> token_ids(std::size_t count, std::uint64_t seed, int vocabulary = 101) {
  RandomStream random({.seed = seed});
  std::vector<std::int32_t> ids(count);
  for (auto& id : ids) id = static_cast<std::int32_t>(random.uniform() * vocabulary);
  return ids;
}

// A prompt of 9 tokens with completions of 12, 1 and 5, and a prompt of 30 with one of 7.
inline Pack sample_pack() {
  PackBuilder builder;
  builder.add_prompt(token_ids(9, 1));
  builder.add_completion(token_ids(12, 2));
  builder.add_completion(token_ids(1, 3));
  builder.add_completion(token_ids(5, 4));
  builder.add_prompt(token_ids(30, 5));
  builder.add_completion(token_ids(7, 6));
  return builder.finish();
}

inline bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  return a.scalar_type() == b.scalar_type() && a.equal(b);
}

}  // namespace hone::testing
