#include "hone/policy/trunk.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "hone/base/check.h"
#include "hone/base/threads.h"
#include "hone/base/time_split.h"
#include "hone/tensor/gemm.h"

namespace hone {
namespace {

const float* pointer(const at::Tensor& t) { return t.data_ptr<float>(); }

void copy_floats(float* to, const float* from, std::int64_t n) {
  std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(float));
}

}  // namespace

double Decoder::embedding_scale() const {
  return family.scaled_embedding ? std::sqrt(static_cast<double>(config.hidden_size)) : 1.0;
}

float* FloatBuffer::at_least(std::int64_t n) {
  if (n > size_) {
    floats_.reset();
    size_ = 0;
    floats_ = allocate_floats(n);
    size_ = n;
  }
  return floats_.get();
}

kernel::RmsNorm Trunk::norm_shape(std::int64_t T) const {
  return {T, d_.config.hidden_size, static_cast<float>(d_.config.rms_norm_eps), d_.family.norm_add_one};
}

kernel::RmsNorm Trunk::head_norm(std::int64_t T, std::int64_t heads) const {
  const kernel::HeadShape s = d_.heads();
  return {T * heads, s.dim, static_cast<float>(d_.config.rms_norm_eps), false, heads, s.qkv_width()};
}

kernel::Attention Trunk::attention_of(std::size_t layer, const KeyValues& kv) const {
  const AttentionOptions o = d_.attention(layer);
  return {o.shape,  static_cast<float>(o.scale), static_cast<float>(o.softcap),
          o.window, o.shape.qkv_width(),         kv.stride};
}

void Trunk::final_norm(std::int64_t rows, const float* x, float* hidden) {
  kernel::rms_norm(norm_shape(rows), x, pointer(d_.final_norm), hidden, inverse_.at_least(rows));
}

void Trunk::project(std::int64_t T, const at::Tensor& w, const at::Tensor& b, const float* x, float* y) {
  gemm_nt(T, w.size(0), w.size(1), x, pointer(w), y);
  if (b.defined()) kernel::add_bias(T, w.size(0), pointer(b), y);
}

// Normalises and rotates the query and key heads: a.projected (or a.qkv itself) → a.qkv.
void Trunk::prepare(const PassRows& rows, const DecoderLayer& l, const LayerActivations& a) {
  const kernel::HeadShape s = d_.heads();
  const std::int64_t T = rows.count, k_at = s.q_heads * s.dim;
  if (l.q_norm.defined()) {
    copy_floats(a.qkv, a.projected, T * s.qkv_width());
    kernel::rms_norm(head_norm(T, s.q_heads), a.projected, pointer(l.q_norm), a.qkv,
                     inverse_.at_least(T * s.q_heads));
    kernel::rms_norm(head_norm(T, s.kv_heads), a.projected + k_at, pointer(l.k_norm), a.qkv + k_at,
                     inverse_keys_.at_least(T * s.kv_heads));
  }
  kernel::rotate(s, T, rows.positions, pointer(d_.rope.cos), pointer(d_.rope.sin), 1.0f, a.qkv);
}

template <class KeysOf>
void Trunk::run(const PassRows& rows, const Activations& keep, std::int64_t first, float* hidden,
                const KeysOf& keys_of) {
  const Timed timed(TimePart::kRows);
  const std::int64_t T = rows.count, H = d_.config.hidden_size, F = d_.config.intermediate_size;
  const kernel::HeadShape s = d_.heads();
  const kernel::RmsNorm norm = norm_shape(T);
  float *normed = normed_.at_least(T * H), *delta = delta_.at_least(T * H),
        *inverse = inverse_.at_least(T * s.q_heads);
  float* activated = activated_.at_least(T * F);
  const float* table = pointer(d_.embedding);
  const auto scale = static_cast<float>(d_.embedding_scale());
  LayerActivations a = keep.layer(0, first);
  for (std::int64_t t = 0; t < T; ++t) {
    HONE_CHECK(rows.ids[t] >= 0 && rows.ids[t] < d_.embedding.size(0),
               "token id {} is outside the vocabulary of {}", rows.ids[t], d_.embedding.size(0));
    for (std::int64_t h = 0; h < H; ++h) a.x[t * H + h] = table[rows.ids[t] * H + h] * scale;
  }
  kernel::rms_norm(norm, a.x, pointer(d_.layers[0].input_norm), normed, inverse);
  for (std::size_t i = 0; i < d_.layers.size(); ++i) {
    const DecoderLayer& l = d_.layers[i];
    project(T, l.qkv, l.qkv_bias, normed, a.projected != nullptr ? a.projected : a.qkv);
    prepare(rows, l, a);
    const KeyValues kv = keys_of(i, a.qkv);
    {
      const Timed timed_attention(TimePart::kAttention);
      kernel::attention(attention_of(i, kv), T, rows.spans, a.qkv, kv.k, kv.v, a.attended, a.lse);
    }
    const auto sublayer = [&](const at::Tensor& w, const at::Tensor& b, const float* x, float* raw,
                              const at::Tensor& post_norm) {
      project(T, w, b, x, raw != nullptr ? raw : delta);
      if (raw != nullptr) kernel::rms_norm(norm, raw, pointer(post_norm), delta, inverse);
    };
    sublayer(l.out, l.out_bias, a.attended, a.attention_out, l.post_attention_norm);
    kernel::add_rms_norm(norm, a.x, delta, pointer(l.mlp_norm), a.middle, normed, inverse);
    project(T, l.gate_up, l.gate_up_bias, normed, a.gate_up);
    kernel::gated(d_.activation(), T, F, a.gate_up, activated);
    sublayer(l.down, l.down_bias, activated, a.mlp_out, l.post_mlp_norm);
    const float* middle = a.middle;
    const bool last = i + 1 == d_.layers.size();
    a = keep.layer(i + 1, first);
    kernel::add_rms_norm(norm, middle, delta, pointer(last ? d_.final_norm : d_.layers[i + 1].input_norm),
                         a.x, last ? hidden : normed, inverse);
  }
}

Trunk::KeyValues Trunk::bring_together(const PassRows& rows, const PromptRows& prompts, std::size_t layer,
                                       const float* qkv) {
  const kernel::HeadShape s = d_.heads();
  const std::int64_t P = prompts.count, T = rows.count, K = s.kv_heads * s.dim, W = s.qkv_width(),
                     k_at = s.q_heads * s.dim;
  float *k = keys_.at_least((P + T) * K), *v = values_.at_least((P + T) * K);
  const auto copy = [&](const float* from, std::int64_t count, std::int64_t to) {
    parallel_for(count, std::max<std::int64_t>(1, 16384 / K), [&](std::int64_t b, std::int64_t e) {
      for (std::int64_t t = b; t < e; ++t) {
        copy_floats(k + (to + t) * K, from + t * W + k_at, K);
        copy_floats(v + (to + t) * K, from + t * W + k_at + K, K);
      }
    });
  };
  if (P > 0) copy(prompts.kept->layer(layer).qkv, P, 0);
  copy(qkv, T, P);
  return {k, v, K};
}

void Trunk::forward(const PassRows& rows, const PromptRows& prompts, const Activations& keep,
                    std::int64_t first, float* hidden) {
  run(rows, keep, first, hidden,
      [&](std::size_t layer, const float* qkv) { return bring_together(rows, prompts, layer, qkv); });
}

void Trunk::forward_cached(const PassRows& rows, const std::int64_t* cache_rows, KvCache& cache,
                           const Activations& keep, std::int64_t first, float* hidden) {
  const kernel::HeadShape s = d_.heads();
  const std::int64_t K = s.kv_heads * s.dim, W = s.qkv_width(), k_at = s.q_heads * s.dim;
  run(rows, keep, first, hidden, [&](std::size_t layer, const float* qkv) {
    float *k = cache.keys[layer].data_ptr<float>(), *v = cache.values[layer].data_ptr<float>();
    for (std::int64_t t = 0; t < rows.count; ++t) {
      copy_floats(k + cache_rows[t] * K, qkv + t * W + k_at, K);
      copy_floats(v + cache_rows[t] * K, qkv + t * W + k_at + K, K);
    }
    return KeyValues{k, v, K};
  });
}

}  // namespace hone
