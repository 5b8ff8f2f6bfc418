#include "hone/policy/policy.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "hone/base/check.h"
#include "hone/base/threads.h"
#include "hone/policy/differentiable.h"
#include "hone/policy/layout.h"
#include "hone/tensor/ops_aten.h"

namespace hone {

Policy::Policy(ModelConfig config, Family family, std::string device)
    : device_(std::move(device)),
      decoder_(std::make_unique<Decoder>()),
      trunk_(std::make_unique<Trunk>(*decoder_)) {
  decoder_->config = std::move(config);
  decoder_->family = family;
}

void Policy::bind() {
  Decoder& d = *decoder_;
  d.layers.assign(static_cast<std::size_t>(d.config.layers), {});
  const auto specs = parameter_layout(d.config, d.family);
  HONE_CHECK(specs.size() == parameters_.size(), "{} specs, {} parameters", specs.size(), parameters_.size());
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const at::Tensor& value = parameters_[i].value;
    const std::string& role = specs[i].role;
    if (specs[i].layer < 0) {
      (role == "embedding" ? d.embedding : role == "final_norm" ? d.final_norm : d.head) = value;
      continue;
    }
    DecoderLayer& l = d.layers[static_cast<std::size_t>(specs[i].layer)];
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
        std::find_if(std::begin(places), std::end(places), [&](const auto& at) { return at.first == role; });
    HONE_CHECK(place != std::end(places), "no place for {}", role);
    *place->second = value;
  }
  if (d.config.tie_word_embeddings) d.head = d.embedding;
  // ATen has threads of its own, which spin for a while after each use: where the trunk does the work, they
  // would only be in its way.
  at::set_num_threads(has_trunk() ? 1 : thread_count());
}

bool Policy::has_trunk() const { return has_kernels(head().detach()); }

void Policy::reach(std::int64_t count) {
  RopeTables& rope = decoder_->rope;
  if (rope.cos.defined() && rope.cos.size(0) >= count) return;
  const std::int64_t most = config().max_position_embeddings;
  HONE_CHECK(count <= most, "position {} lies beyond the context of {}", count - 1, most);
  std::int64_t size = 256;
  while (size < count) size *= 2;
  rope = make_rope_tables(config(), std::min(size, most));
  if (device_ != "cpu") {
    rope.cos = rope.cos.to(at::Device(device_));
    rope.sin = rope.sin.to(at::Device(device_));
  }
}

// The forward pass in ATen's operations, with ATen's autograd.
template <class Attend>
at::Tensor Policy::run(const at::Tensor& ids, const at::Tensor& positions, const Attend& attend) {
  const Decoder& d = *decoder_;
  const double eps = d.config.rms_norm_eps;
  const auto norm = [&](const at::Tensor& x, const at::Tensor& w) {
    return aten::rms_norm(x, w, eps, d.family.norm_add_one);
  };
  at::Tensor x = aten::embed(ids, d.embedding, d.embedding_scale());
  for (std::size_t i = 0; i < d.layers.size(); ++i) {
    const DecoderLayer& l = d.layers[i];
    const auto qkv = aten::prepare_qkv(aten::linear(norm(x, l.input_norm), l.qkv, l.qkv_bias), d.heads(),
                                       {l.q_norm, l.k_norm, eps}, d.rope, positions);
    auto attended = aten::linear(attend(i, qkv), l.out, l.out_bias);
    if (d.family.post_norms) attended = norm(attended, l.post_attention_norm);
    x = x.add(attended);
    auto mlp = aten::linear(
        aten::gated(aten::linear(norm(x, l.mlp_norm), l.gate_up, l.gate_up_bias), d.activation()), l.down,
        l.down_bias);
    if (d.family.post_norms) mlp = norm(mlp, l.post_mlp_norm);
    x = x.add(mlp);
  }
  return norm(x, d.final_norm);
}

namespace {

PassRows pass_rows(const at::Tensor& ids, const at::Tensor& positions, const at::Tensor& spans) {
  return {ids.size(0), ids.data_ptr<std::int64_t>(), positions.data_ptr<std::int64_t>(),
          reinterpret_cast<const kernel::Span*>(spans.data_ptr<std::int32_t>())};
}

std::int64_t positions_reached(const at::Tensor& positions) {
  const auto* p = positions.data_ptr<std::int64_t>();
  return positions.numel() == 0 ? 0 : *std::max_element(p, p + positions.numel()) + 1;
}

}  // namespace

at::Tensor Policy::forward(const at::Tensor& ids, const at::Tensor& positions, const at::Tensor& spans) {
  reach(positions_reached(positions));
  if (!has_trunk()) {
    return run(ids, positions, [&](std::size_t layer, const at::Tensor& qkv) {
      return aten::packed_attention(qkv, spans, decoder_->attention(layer));
    });
  }
  if (at::GradMode::is_enabled()) return differentiable_forward(*trunk_, *decoder_, ids, positions, spans);
  const PassRows rows = pass_rows(ids, positions, spans);
  auto hidden = at::empty({rows.count, config().hidden_size}, at::kFloat);
  scratch_.reserve(*decoder_, rows.count, /*every_layer=*/false);
  trunk_->forward(rows, {}, scratch_, 0, hidden.data_ptr<float>());
  return hidden;
}

at::Tensor Policy::forward_cached(const at::Tensor& ids, const at::Tensor& positions, const at::Tensor& spans,
                                  const at::Tensor& cache_rows, KvCache& cache, ActivationTape* tape) {
  const at::NoGradGuard no_grad;
  reach(positions_reached(positions));
  if (!has_trunk()) {
    return run(ids, positions, [&](std::size_t layer, const at::Tensor& qkv) {
      return aten::cached_attention(qkv, cache.keys[layer], cache.values[layer], cache_rows, spans,
                                    decoder_->attention(layer));
    });
  }
  const PassRows rows = pass_rows(ids, positions, spans);
  auto hidden = at::empty({rows.count, config().hidden_size}, at::kFloat);
  const auto run_into = [&](const Activations& keep, std::int64_t first) {
    trunk_->forward_cached(rows, cache_rows.data_ptr<std::int64_t>(), cache, keep, first,
                           hidden.data_ptr<float>());
  };
  if (tape != nullptr) {
    run_into(tape->activations(), tape->append(rows.count));
  } else {
    scratch_.reserve(*decoder_, rows.count, /*every_layer=*/false);
    run_into(scratch_, 0);
  }
  return hidden;
}

KvCache Policy::make_cache(std::int64_t rows) const {
  KvCache cache;
  const ModelConfig& c = config();
  const auto options = head().options().requires_grad(false);
  for (std::int64_t i = 0; i < c.layers; ++i) {
    cache.keys.push_back(at::empty({rows, c.kv_heads, c.head_dim}, options));
    cache.values.push_back(at::empty({rows, c.kv_heads, c.head_dim}, options));
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
  Policy copy(config(), decoder_->family, device_);
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
