// Normalisation, gated activation, rotary embedding and attention: CPU fp32, with autograd.
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cstring>

#include "hone/base/check.h"
#include "hone/tensor/ops_kernels.h"

namespace hone::native {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

const kernel::Span* spans_of(const at::Tensor& spans) {
  return reinterpret_cast<const kernel::Span*>(spans.data_ptr<std::int32_t>());
}

at::Tensor float_options_empty(const at::Tensor& like, std::int64_t n) {
  return at::empty({n}, like.options());
}

struct RmsNormFunction : Function<RmsNormFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& w, double eps,
                            bool add_one) {
    const kernel::RmsNorm shape{x.size(0), x.size(1), static_cast<float>(eps), add_one};
    auto y = at::empty_like(x), inverse = float_options_empty(x, x.size(0));
    kernel::rms_norm(shape, x.data_ptr<float>(), w.data_ptr<float>(), y.data_ptr<float>(),
                     inverse.data_ptr<float>());
    ctx->save_for_backward({x, w, inverse});
    ctx->saved_data["eps"] = eps;
    ctx->saved_data["add_one"] = add_one;
    return y;
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const auto &x = saved[0], &w = saved[1], &inverse = saved[2];
    const auto dy = grads[0].contiguous();
    auto dx = at::empty_like(x);
    const kernel::RmsNorm shape{x.size(0), x.size(1), static_cast<float>(ctx->saved_data["eps"].toDouble()),
                                ctx->saved_data["add_one"].toBool()};
    kernel::rms_norm_backward(shape, dy.data_ptr<float>(), x.data_ptr<float>(), w.data_ptr<float>(),
                              inverse.data_ptr<float>(), dx.data_ptr<float>(), gradient_of(w));
    return {dx, at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

at::Tensor gate(const at::Tensor& gate_up, kernel::Activation activation) {
  auto y = at::empty({gate_up.size(0), gate_up.size(1) / 2}, gate_up.options());
  kernel::gated(activation, y.size(0), y.size(1), gate_up.data_ptr<float>(), y.data_ptr<float>());
  return y;
}

struct GatedFunction : Function<GatedFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& gate_up, std::int64_t activation) {
    ctx->save_for_backward({gate_up});
    ctx->saved_data["activation"] = activation;
    return gate(gate_up, static_cast<kernel::Activation>(activation));
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto gate_up = ctx->get_saved_variables()[0];
    const auto dy = grads[0].contiguous();
    auto dx = at::empty_like(gate_up);
    kernel::gated_backward(static_cast<kernel::Activation>(ctx->saved_data["activation"].toInt()), dy.size(0),
                           dy.size(1), dy.data_ptr<float>(), gate_up.data_ptr<float>(), dx.data_ptr<float>());
    return {dx, at::Tensor()};
  }
};

// The head norms of a qkv row as kernel shapes: queries begin at 0, keys after them.
kernel::RmsNorm head_norm(const kernel::HeadShape& s, std::int64_t rows, std::int64_t heads, double eps) {
  return {rows * heads, s.dim, static_cast<float>(eps), false, heads, s.qkv_width()};
}

struct PrepareFunction : Function<PrepareFunction> {
  using MaybeTensor = c10::optional<at::Tensor>;  // autograd wants every plain tensor input defined

  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& qkv, const MaybeTensor& maybe_q_norm,
                            const MaybeTensor& maybe_k_norm, const at::Tensor& cos, const at::Tensor& sin,
                            const at::Tensor& positions, std::int64_t q_heads, std::int64_t kv_heads,
                            double eps) {
    const auto q_norm = maybe_q_norm.value_or(at::Tensor()), k_norm = maybe_k_norm.value_or(at::Tensor());
    const std::int64_t T = qkv.size(0);
    const kernel::HeadShape s{q_heads, kv_heads, qkv.size(1) / (q_heads + 2 * kv_heads)};
    auto y = qkv.clone();
    float* out = y.data_ptr<float>();
    at::Tensor q_inverse, k_inverse;
    if (q_norm.defined()) {
      const float* in = qkv.data_ptr<float>();
      q_inverse = float_options_empty(qkv, T * q_heads);
      k_inverse = float_options_empty(qkv, T * kv_heads);
      const std::int64_t k_at = q_heads * s.dim;
      kernel::rms_norm(head_norm(s, T, q_heads, eps), in, q_norm.data_ptr<float>(), out,
                       q_inverse.data_ptr<float>());
      kernel::rms_norm(head_norm(s, T, kv_heads, eps), in + k_at, k_norm.data_ptr<float>(), out + k_at,
                       k_inverse.data_ptr<float>());
    }
    kernel::rotate(s, T, positions.data_ptr<std::int64_t>(), cos.data_ptr<float>(), sin.data_ptr<float>(),
                   1.0f, out);
    if (ctx != nullptr) {
      ctx->save_for_backward(
          {q_norm.defined() ? qkv : at::Tensor(), q_norm, k_norm, cos, sin, positions, q_inverse, k_inverse});
      ctx->saved_data["q_heads"] = q_heads;
      ctx->saved_data["kv_heads"] = kv_heads;
      ctx->saved_data["eps"] = eps;
    }
    return y;
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const auto &qkv = saved[0], &q_norm = saved[1], &k_norm = saved[2], &positions = saved[5];
    const auto q_heads = ctx->saved_data["q_heads"].toInt(), kv_heads = ctx->saved_data["kv_heads"].toInt();
    const auto eps = ctx->saved_data["eps"].toDouble();
    auto dx = grads[0].clone(at::MemoryFormat::Contiguous);
    const std::int64_t T = dx.size(0);
    const kernel::HeadShape s{q_heads, kv_heads, dx.size(1) / (q_heads + 2 * kv_heads)};
    float* d = dx.data_ptr<float>();
    kernel::rotate(s, T, positions.data_ptr<std::int64_t>(), saved[3].data_ptr<float>(),
                   saved[4].data_ptr<float>(), -1.0f, d);
    if (q_norm.defined()) {
      const auto dy = dx.clone();
      const float *g = dy.data_ptr<float>(), *x = qkv.data_ptr<float>();
      const std::int64_t k_at = q_heads * s.dim;
      kernel::rms_norm_backward(head_norm(s, T, q_heads, eps), g, x, q_norm.data_ptr<float>(),
                                saved[6].data_ptr<float>(), d, gradient_of(q_norm));
      kernel::rms_norm_backward(head_norm(s, T, kv_heads, eps), g + k_at, x + k_at, k_norm.data_ptr<float>(),
                                saved[7].data_ptr<float>(), d + k_at, gradient_of(k_norm));
    }
    return {dx, {}, {}, {}, {}, {}, {}, {}, {}};
  }
};

kernel::Attention attention_of(const AttentionOptions& o, std::int64_t q_stride, std::int64_t kv_stride) {
  return {o.shape, static_cast<float>(o.scale), static_cast<float>(o.softcap), o.window, q_stride, kv_stride};
}

struct AttentionFunction : Function<AttentionFunction> {
  static AttentionOptions options_of(const kernel::HeadShape& s, double scale, double softcap,
                                     std::int64_t window) {
    return {s, scale, softcap, window};
  }
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& qkv, const at::Tensor& spans,
                            std::int64_t q_heads, std::int64_t kv_heads, double scale, double softcap,
                            std::int64_t window) {
    const std::int64_t T = qkv.size(0), W = qkv.size(1);
    const kernel::HeadShape s{q_heads, kv_heads, W / (q_heads + 2 * kv_heads)};
    auto out = at::empty({T, q_heads * s.dim}, qkv.options());
    at::Tensor lse;
    if (ctx != nullptr) lse = at::empty({T, q_heads}, qkv.options());
    const float* q = qkv.data_ptr<float>();
    const float *k = q + q_heads * s.dim, *v = k + kv_heads * s.dim;
    kernel::attention(attention_of(options_of(s, scale, softcap, window), W, W), T, spans_of(spans), q, k, v,
                      out.data_ptr<float>(), lse.defined() ? lse.data_ptr<float>() : nullptr);
    if (ctx != nullptr) {
      ctx->save_for_backward({qkv, spans, out, lse});
      ctx->saved_data["q_heads"] = q_heads;
      ctx->saved_data["kv_heads"] = kv_heads;
      ctx->saved_data["scale"] = scale;
      ctx->saved_data["softcap"] = softcap;
      ctx->saved_data["window"] = window;
    }
    return out;
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const auto &qkv = saved[0], &spans = saved[1], &out = saved[2], &lse = saved[3];
    const auto q_heads = ctx->saved_data["q_heads"].toInt(), kv_heads = ctx->saved_data["kv_heads"].toInt();
    const std::int64_t T = qkv.size(0), W = qkv.size(1);
    const kernel::HeadShape s{q_heads, kv_heads, W / (q_heads + 2 * kv_heads)};
    const auto d_out = grads[0].contiguous();
    auto dx = at::zeros_like(qkv);
    const std::int64_t k_at = q_heads * s.dim, v_at = k_at + kv_heads * s.dim;
    const float* q = qkv.data_ptr<float>();
    float* d = dx.data_ptr<float>();
    const auto options = options_of(s, ctx->saved_data["scale"].toDouble(),
                                    ctx->saved_data["softcap"].toDouble(), ctx->saved_data["window"].toInt());
    kernel::attention_backward(attention_of(options, W, W), T, spans_of(spans), q, q + k_at, q + v_at,
                               out.data_ptr<float>(), lse.data_ptr<float>(), d_out.data_ptr<float>(), d,
                               d + k_at, d + v_at);
    return {dx, {}, {}, {}, {}, {}, {}};
  }
};

}  // namespace

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& w, double eps, bool add_one) {
  if (at::GradMode::is_enabled()) return RmsNormFunction::apply(x, w, eps, add_one);
  auto y = at::empty_like(x), inverse = float_options_empty(x, x.size(0));
  kernel::rms_norm({x.size(0), x.size(1), static_cast<float>(eps), add_one}, x.data_ptr<float>(),
                   w.data_ptr<float>(), y.data_ptr<float>(), inverse.data_ptr<float>());
  return y;
}

at::Tensor gated(const at::Tensor& gate_up, kernel::Activation activation) {
  if (at::GradMode::is_enabled()) return GatedFunction::apply(gate_up, static_cast<std::int64_t>(activation));
  return gate(gate_up, activation);
}

at::Tensor prepare_qkv(const at::Tensor& qkv, const kernel::HeadShape& shape, const HeadNorms& norms,
                       const RopeTables& rope, const at::Tensor& positions) {
  if (at::GradMode::is_enabled()) {
    return PrepareFunction::apply(qkv, PrepareFunction::MaybeTensor(norms.q_D),
                                  PrepareFunction::MaybeTensor(norms.k_D), rope.cos, rope.sin, positions,
                                  shape.q_heads, shape.kv_heads, norms.eps);
  }
  return PrepareFunction::forward(nullptr, qkv, norms.q_D, norms.k_D, rope.cos, rope.sin, positions,
                                  shape.q_heads, shape.kv_heads, norms.eps);
}

at::Tensor packed_attention(const at::Tensor& qkv, const at::Tensor& spans, const AttentionOptions& o) {
  if (at::GradMode::is_enabled()) {
    return AttentionFunction::apply(qkv, spans, o.shape.q_heads, o.shape.kv_heads, o.scale, o.softcap,
                                    o.window);
  }
  return AttentionFunction::forward(nullptr, qkv, spans, o.shape.q_heads, o.shape.kv_heads, o.scale,
                                    o.softcap, o.window);
}

at::Tensor cached_attention(const at::Tensor& qkv, const at::Tensor& keys, const at::Tensor& values,
                            const at::Tensor& cache_rows, const at::Tensor& spans,
                            const AttentionOptions& o) {
  const std::int64_t T = qkv.size(0), W = qkv.size(1), width = o.shape.kv_heads * o.shape.dim;
  const float* x = qkv.data_ptr<float>();
  float *k = keys.data_ptr<float>(), *v = values.data_ptr<float>();
  const auto* row = cache_rows.data_ptr<std::int64_t>();
  const std::int64_t k_at = o.shape.q_heads * o.shape.dim, v_at = k_at + width;
  const auto bytes = static_cast<std::size_t>(width) * sizeof(float);
  for (std::int64_t t = 0; t < T; ++t) {
    std::memcpy(k + row[t] * width, x + t * W + k_at, bytes);
    std::memcpy(v + row[t] * width, x + t * W + v_at, bytes);
  }
  auto out = at::empty({T, o.shape.q_heads * o.shape.dim}, qkv.options());
  kernel::attention(attention_of(o, W, width), T, spans_of(spans), x, k, v, out.data_ptr<float>(), nullptr);
  return out;
}

}  // namespace hone::native
