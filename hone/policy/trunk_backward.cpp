// The backward pass of trunk.h.
#include <algorithm>
#include <cstring>

#include "hone/base/time_split.h"
#include "hone/policy/trunk.h"
#include "hone/tensor/gemm.h"
#include "hone/tensor/ops_kernels.h"

namespace hone {
namespace {

std::size_t bytes(std::int64_t floats) { return static_cast<std::size_t>(floats) * sizeof(float); }

}  // namespace

// y = x · wᵀ + b: weight gradients, and dx [T, inputs].
void Trunk::project_backward(std::int64_t T, const at::Tensor& w, const at::Tensor& b, const float* x,
                             const float* dy, float* dx) {
  const std::int64_t outputs = w.size(0), inputs = w.size(1);
  if (float* dw = native::gradient_of(w)) gemm_tn(outputs, inputs, T, dy, x, dw);
  if (float* db = b.defined() ? native::gradient_of(b) : nullptr) kernel::add_column_sums(T, outputs, dy, db);
  gemm_nn(T, inputs, outputs, dy, w.data_ptr<float>(), dx, false);
}

// Through attention, rotation and the heads' norms: d_qkv [T, W] is that of the projection's output.
void Trunk::attend_backward(const PassRows& rows, const PromptRows& prompts, std::size_t layer,
                            const LayerActivations& a, const float* own_gradients, const float* d_attended,
                            float* d_qkv) {
  const kernel::HeadShape s = d_.heads();
  const DecoderLayer& l = d_.layers[layer];
  const std::int64_t T = rows.count, P = prompts.count, K = s.kv_heads * s.dim, W = s.qkv_width(),
                     k_at = s.q_heads * s.dim;
  const auto i = static_cast<std::int64_t>(layer);
  const KeyValues kv = bring_together(rows, prompts, layer, a.qkv);
  float *dk = d_keys_.at_least((P + T) * K), *dv = d_values_.at_least((P + T) * K);
  const auto begin_with = [&](float* to, const float* own, const float* of_prompts) {
    if (P > 0) std::memcpy(to, of_prompts, bytes(P * K));
    if (own != nullptr) {
      std::memcpy(to + P * K, own, bytes(T * K));
    } else {
      std::memset(to + P * K, 0, bytes(T * K));
    }
  };
  float* prompts_dk = P > 0 ? prompts.gradients + i * 2 * P * K : nullptr;
  float* prompts_dv = P > 0 ? prompts_dk + P * K : nullptr;
  const float* own_dk = own_gradients != nullptr ? own_gradients + i * 2 * T * K : nullptr;
  begin_with(dk, own_dk, prompts_dk);
  begin_with(dv, own_dk != nullptr ? own_dk + T * K : nullptr, prompts_dv);
  std::memset(d_qkv, 0, bytes(T * W));
  {
    const Timed timed(TimePart::kAttention);
    kernel::attention_backward(attention_of(layer, kv), T, rows.spans, a.qkv, kv.k, kv.v, a.attended, a.lse,
                               d_attended, d_qkv, dk, dv);
  }
  if (P > 0) {
    std::memcpy(prompts_dk, dk, bytes(P * K));
    std::memcpy(prompts_dv, dv, bytes(P * K));
  }
  for (std::int64_t t = 0; t < T; ++t) {
    std::memcpy(d_qkv + t * W + k_at, dk + (P + t) * K, bytes(K));
    std::memcpy(d_qkv + t * W + k_at + K, dv + (P + t) * K, bytes(K));
  }
  kernel::rotate(s, T, rows.positions, d_.rope.cos.data_ptr<float>(), d_.rope.sin.data_ptr<float>(), -1.0f,
                 d_qkv);
  if (!l.q_norm.defined()) return;
  // The norms' own outputs are of no use here; what they leave behind is 1/rms.
  float *scratch = d_projected_.at_least(T * W), *inverse = inverse_.at_least(T * s.q_heads),
        *inverse_keys = inverse_keys_.at_least(T * s.kv_heads);
  const auto through = [&](const at::Tensor& w, std::int64_t heads, std::int64_t at, float* kept_inverse) {
    const kernel::RmsNorm shape = head_norm(T, heads);
    kernel::rms_norm(shape, a.projected + at, w.data_ptr<float>(), scratch + at, kept_inverse);
    std::memcpy(scratch, d_qkv, bytes(T * W));
    kernel::rms_norm_backward(shape, scratch + at, a.projected + at, w.data_ptr<float>(), kept_inverse,
                              d_qkv + at, native::gradient_of(w));
  };
  through(l.q_norm, s.q_heads, 0, inverse);
  through(l.k_norm, s.kv_heads, k_at, inverse_keys);
}

void Trunk::backward(const PassRows& rows, const PromptRows& prompts, const Kept& kept,
                     const float* own_gradients, const float* d_hidden, float* d_x) {
  const Timed timed(TimePart::kRows);
  const std::int64_t T = rows.count, H = d_.config.hidden_size, F = d_.config.intermediate_size;
  const kernel::HeadShape s = d_.heads();
  const kernel::RmsNorm norm = norm_shape(T);
  float *normed = normed_.at_least(T * H), *delta = delta_.at_least(T * H),
        *inverse = inverse_.at_least(T * s.q_heads), *activated = activated_.at_least(T * F);
  float *d_normed = d_normed_.at_least(T * H), *d_delta = d_delta_.at_least(T * H),
        *d_activated = d_activated_.at_least(T * F), *d_gate_up = d_gate_up_.at_least(T * 2 * F),
        *d_attended = d_attended_.at_least(T * s.q_heads * s.dim),
        *d_qkv = d_qkv_.at_least(T * s.qkv_width());
  // Through a norm of x, whose output goes to `output`: d(x) = or += that of the norm.
  const auto norm_backward = [&](const at::Tensor& w, const float* x, const float* dy, float* dx,
                                 bool accumulate) {
    kernel::rms_norm_backward(norm, dy, x, w.data_ptr<float>(), inverse, dx, native::gradient_of(w),
                              accumulate);
  };
  const auto normalise = [&](const at::Tensor& w, const float* x, float* output) {
    kernel::rms_norm(norm, x, w.data_ptr<float>(), output, inverse);
  };
  const float* last = kept(d_.layers.size()).x;
  normalise(d_.final_norm, last, normed);
  norm_backward(d_.final_norm, last, d_hidden, d_x, false);
  for (std::size_t i = d_.layers.size(); i-- > 0;) {
    const DecoderLayer& l = d_.layers[i];
    const LayerActivations a = kept(i);
    // What a sublayer put out, before the norm that may follow it.
    const auto after = [&](const at::Tensor& post_norm, const float* raw) -> const float* {
      if (raw == nullptr) return d_x;
      normalise(post_norm, raw, delta);
      norm_backward(post_norm, raw, d_x, d_delta, false);
      return d_delta;
    };
    kernel::gated(d_.activation(), T, F, a.gate_up, activated);
    project_backward(T, l.down, l.down_bias, activated, after(l.post_mlp_norm, a.mlp_out), d_activated);
    kernel::gated_backward(d_.activation(), T, F, d_activated, a.gate_up, d_gate_up);
    normalise(l.mlp_norm, a.middle, normed);
    project_backward(T, l.gate_up, l.gate_up_bias, normed, d_gate_up, d_normed);
    norm_backward(l.mlp_norm, a.middle, d_normed, d_x, true);

    project_backward(T, l.out, l.out_bias, a.attended, after(l.post_attention_norm, a.attention_out),
                     d_attended);
    attend_backward(rows, prompts, i, a, own_gradients, d_attended, d_qkv);
    normalise(l.input_norm, a.x, normed);
    project_backward(T, l.qkv, l.qkv_bias, normed, d_qkv, d_normed);
    norm_backward(l.input_norm, a.x, d_normed, d_x, true);
  }
}

void EmbeddingGradient::add(std::int64_t rows, std::int64_t width, const std::int64_t* ids,
                            const float* d_rows, double scale) {
  width_ = width;
  const auto s = static_cast<float>(scale);
  for (std::int64_t t = 0; t < rows; ++t) {
    const auto id = static_cast<std::size_t>(ids[t]);
    if (slot_of_.size() <= id) slot_of_.resize(id + 1, -1);
    if (slot_of_[id] < 0) {
      slot_of_[id] = static_cast<std::int64_t>(ids_.size());
      ids_.push_back(ids[t]);
      sums_.resize(sums_.size() + static_cast<std::size_t>(width), 0.0f);
    }
    float* to = sums_.data() + slot_of_[id] * width;
    for (std::int64_t h = 0; h < width; ++h) to[h] += s * d_rows[t * width + h];
  }
}

void EmbeddingGradient::fold_into(float* gradient) {
  for (std::size_t slot = 0; slot < ids_.size(); ++slot) {
    const float* from = sums_.data() + static_cast<std::int64_t>(slot) * width_;
    float* to = gradient + ids_[slot] * width_;
    for (std::int64_t h = 0; h < width_; ++h) to[h] += from[h];
    slot_of_[static_cast<std::size_t>(ids_[slot])] = -1;
  }
  ids_.clear();
  sums_.clear();
}

}  // namespace hone
