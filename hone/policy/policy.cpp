#include "hone/policy/policy.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "hone/base/check.h"
#include "hone/base/threads.h"
#include "hone/policy/layout.h"

namespace hone {

Policy::Policy(ModelConfig config, Family family, std::string device)
    : config_(std::move(config)), family_(family), device_(std::move(device)) {
  // ATen's first parallel operation sets the shared pool to a default of its own, unless it was told a
  // number.
  at::set_num_threads(thread_count());
}

void Policy::bind() {
  layers_.assign(static_cast<std::size_t>(config_.layers), {});
  const auto specs = parameter_layout(config_, family_);
  HONE_CHECK(specs.size() == parameters_.size(), "{} specs, {} parameters", specs.size(), parameters_.size());
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const at::Tensor& value = parameters_[i].value;
    const std::string& role = specs[i].role;
    if (specs[i].layer < 0) {
      (role == "embedding" ? embedding_ : role == "final_norm" ? final_norm_ : head_) = value;
      continue;
    }
    Layer& l = layers_[static_cast<std::size_t>(specs[i].layer)];
    const std::pair<const char*, at::Tensor*> places[] = {{"input_norm", &l.input_norm},
                                                          {"qkv", &l.qkv},
                                                          {"qkv_bias", &l.qkv_bias},
                                                          {"q_norm", &l.q_norm},
                                                          {"k_norm", &l.k_norm},
                                                          {"out", &l.out},
                                                          {"out_bias", &l.out_bias},
                                                          {"mlp_norm", &l.mlp_norm},
                                                          {"post_attention_norm", &l.post_attention_norm},
                                                          {"gate_up", &l.gate_up},
                                                          {"down", &l.down},
                                                          {"gate_up_bias", &l.gate_up_bias},
                                                          {"down_bias", &l.down_bias},
                                                          {"post_mlp_norm", &l.post_mlp_norm}};
    const auto* place =
        std::find_if(std::begin(places), std::end(places), [&](const auto& p) { return p.first == role; });
    HONE_CHECK(place != std::end(places), "no place for {}", role);
    *place->second = value;
  }
  if (config_.tie_word_embeddings) head_ = embedding_;
}

void Policy::ensure_rope(const at::Tensor& positions) {
  if (positions.numel() == 0) return;
  const auto* p = positions.data_ptr<std::int64_t>();
  const std::int64_t needed = *std::max_element(p, p + positions.numel()) + 1;
  if (rope_.cos.defined() && rope_.cos.size(0) >= needed) return;
  HONE_CHECK(needed <= config_.max_position_embeddings, "position {} lies beyond the context of {}",
             needed - 1, config_.max_position_embeddings);
  std::int64_t size = 256;
  while (size < needed) size *= 2;
  rope_ = make_rope_tables(config_, std::min(size, config_.max_position_embeddings));
  if (device_ != "cpu") {
    rope_.cos = rope_.cos.to(at::Device(device_));
    rope_.sin = rope_.sin.to(at::Device(device_));
  }
}

template <class Attend>
at::Tensor Policy::run(const at::Tensor& ids, const at::Tensor& positions, const Attend& attend) {
  ensure_rope(positions);
  const ModelConfig& c = config_;
  const bool one = family_.norm_add_one;
  const double eps = c.rms_norm_eps;
  const auto activation = c.activation == "silu" ? kernel::Activation::kSilu : kernel::Activation::kGeluTanh;
  const auto norm = [&](const at::Tensor& x, const at::Tensor& w) { return rms_norm(x, w, eps, one); };

  at::Tensor x =
      embed(ids, embedding_, family_.scaled_embedding ? std::sqrt(static_cast<double>(c.hidden_size)) : 1.0);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& l = layers_[i];
    const AttentionOptions options{
        {c.heads, c.kv_heads, c.head_dim}, c.query_scale, c.attn_logit_softcap, c.window[i]};
    const auto qkv = prepare_qkv(linear(norm(x, l.input_norm), l.qkv, l.qkv_bias), options.shape,
                                 {l.q_norm, l.k_norm, eps}, rope_, positions);
    auto attended = linear(attend(i, qkv, options), l.out, l.out_bias);
    if (family_.post_norms) attended = norm(attended, l.post_attention_norm);
    x = x.add(attended);
    auto mlp = linear(gated(linear(norm(x, l.mlp_norm), l.gate_up, l.gate_up_bias), activation), l.down,
                      l.down_bias);
    if (family_.post_norms) mlp = norm(mlp, l.post_mlp_norm);
    x = x.add(mlp);
  }
  return norm(x, final_norm_);
}

at::Tensor Policy::forward(const at::Tensor& ids, const at::Tensor& positions, const at::Tensor& spans) {
  return run(ids, positions, [&](std::size_t, const at::Tensor& qkv, const AttentionOptions& options) {
    return packed_attention(qkv, spans, options);
  });
}

at::Tensor Policy::forward_cached(const at::Tensor& ids, const at::Tensor& positions, const at::Tensor& spans,
                                  const at::Tensor& cache_rows, KvCache& cache) {
  const at::NoGradGuard no_grad;
  return run(ids, positions, [&](std::size_t layer, const at::Tensor& qkv, const AttentionOptions& options) {
    return cached_attention(qkv, cache.keys[layer], cache.values[layer], cache_rows, spans, options);
  });
}

KvCache Policy::make_cache(std::int64_t rows) const {
  KvCache cache;
  const auto options = head_.options().requires_grad(false);
  for (std::int64_t i = 0; i < config_.layers; ++i) {
    cache.keys.push_back(at::empty({rows, config_.kv_heads, config_.head_dim}, options));
    cache.values.push_back(at::empty({rows, config_.kv_heads, config_.head_dim}, options));
  }
  return cache;
}

std::int64_t Policy::parameter_count() const {
  std::int64_t n = 0;
  for (const Parameter& p : parameters_) n += p.value.numel();
  return n;
}

void Policy::require_gradients(bool on) {
  for (Parameter& p : parameters_) p.value.set_requires_grad(on);
}

Policy Policy::clone() const {
  Policy copy(config_, family_, device_);
  copy.generation_config_ = generation_config_;
  copy.parameters_ = parameters_;
  for (Parameter& p : copy.parameters_) p.value = p.value.detach().clone();
  copy.bind();
  return copy;
}

void Policy::copy_from(const Policy& other) {
  const at::NoGradGuard no_grad;
  HONE_CHECK(other.parameters_.size() == parameters_.size(), "policies of {} and {} parameters",
             parameters_.size(), other.parameters_.size());
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    HONE_CHECK(other.parameters_[i].value.sizes() == parameters_[i].value.sizes(),
               "{} differs in shape between the policies", parameters_[i].name);
  }
  for (std::size_t i = 0; i < parameters_.size(); ++i) parameters_[i].value.copy_(other.parameters_[i].value);
}

HeadScores score_pack(Policy& policy, const Pack& pack) {
  const at::NoGradGuard no_grad;
  const auto hidden = policy.forward(pack.ids_tensor(), pack.positions_tensor(), pack.spans_tensor());
  HeadQuery query;
  query.targets_N = pack.targets_tensor();
  query.inverse_temperature_N = at::empty({query.targets_N.size(0)}, at::kFloat).fill_(1.0);
  query.softcap = policy.config().final_logit_softcap;
  return score_tokens(gather_rows(hidden, pack.score_rows_tensor()), policy.head(), query);
}

Result<at::ScalarType> parse_dtype(const std::string& word) {
  if (word == "float32") return at::kFloat;
  if (word == "bfloat16") return at::kBFloat16;
  if (word == "float16") return at::kHalf;
  return Error{"model.dtype", "must be float32, bfloat16 or float16", word};
}

Result<void> check_device(const std::string& word) {
  if (word == "cpu") return {};
  if (word == "cuda" || word.rfind("cuda:", 0) == 0) {
    if (at::globalContext().hasCUDA()) return {};
    return Error{"model.device", "must be one that this build of libtorch has (cpu)", word};
  }
  return Error{"model.device", "must be cpu, cuda or cuda:N", word};
}

}  // namespace hone
