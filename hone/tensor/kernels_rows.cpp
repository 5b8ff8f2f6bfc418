// Row kernels: normalisation, gated activations, rotary embedding, logits.
#include <algorithm>
#include <cmath>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hone/tensor/kernels_rows.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "hone/base/threads.h"
#include "hone/tensor/kernels-inl.h"
#include "hone/tensor/kernels.h"

HWY_BEFORE_NAMESPACE();
namespace hone::kernel {
namespace HWY_NAMESPACE {
// Calls vector(i) for whole vectors of [0, n) and scalar(i) for what is left.
template <class VectorBody, class ScalarBody>
HWY_INLINE void each(std::int64_t n, const VectorBody& vector, const ScalarBody& scalar) {
  const auto lanes = lane_count();
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) vector(i);
  for (; i < n; ++i) scalar(i);
}

void rms_norm_rows(const RmsNorm& s, std::int64_t begin, std::int64_t end, const float* x, const float* w,
                   float* y, float* inverse_rms) {
  const F d;
  const auto one = hn::Set(d, 1.0f);
  for (std::int64_t r = begin; r < end; ++r) {
    const float* xr = x + s.at(r);
    float* yr = y + s.at(r);
    auto squares = hn::Zero(d);
    float tail = 0.0f;
    each(
        s.dim,
        [&](std::int64_t i) {
          const auto v = hn::LoadU(d, xr + i);
          squares = hn::MulAdd(v, v, squares);
        },
        [&](std::int64_t i) { tail += xr[i] * xr[i]; });
    const float inverse = 1.0f / std::sqrt((sum(squares) + tail) / static_cast<float>(s.dim) + s.eps);
    inverse_rms[r] = inverse;
    const auto scale = hn::Set(d, inverse);
    each(
        s.dim,
        [&](std::int64_t i) {
          auto g = hn::LoadU(d, w + i);
          if (s.add_one) g = hn::Add(g, one);
          hn::StoreU(hn::Mul(hn::Mul(hn::LoadU(d, xr + i), scale), g), d, yr + i);
        },
        [&](std::int64_t i) { yr[i] = xr[i] * inverse * (s.add_one ? w[i] + 1.0f : w[i]); });
  }
}

// With n = x·inverse and u = dy·g:  dx = inverse · (u − n · mean(u·n)).
void rms_norm_backward_rows(const RmsNorm& s, std::int64_t begin, std::int64_t end, const float* dy,
                            const float* x, const float* w, const float* inverse_rms, float* dx) {
  const F d;
  const auto one = hn::Set(d, 1.0f);
  for (std::int64_t r = begin; r < end; ++r) {
    const float *xr = x + s.at(r), *dyr = dy + s.at(r);
    float* dxr = dx + s.at(r);
    auto product = hn::Zero(d);
    float tail = 0.0f;
    const auto gain = [&](std::int64_t i) {
      const auto g = hn::LoadU(d, w + i);
      return s.add_one ? hn::Add(g, one) : g;
    };
    const auto gain1 = [&](std::int64_t i) { return s.add_one ? w[i] + 1.0f : w[i]; };
    each(
        s.dim,
        [&](std::int64_t i) {
          product = hn::MulAdd(hn::Mul(hn::LoadU(d, dyr + i), gain(i)), hn::LoadU(d, xr + i), product);
        },
        [&](std::int64_t i) { tail += dyr[i] * gain1(i) * xr[i]; });
    const float inverse = inverse_rms[r];
    const float c = (sum(product) + tail) * inverse * inverse / static_cast<float>(s.dim);
    const auto vc = hn::Set(d, c), vi = hn::Set(d, inverse);
    each(
        s.dim,
        [&](std::int64_t i) {
          const auto u = hn::Mul(hn::LoadU(d, dyr + i), gain(i));
          hn::StoreU(hn::Mul(vi, hn::NegMulAdd(vc, hn::LoadU(d, xr + i), u)), d, dxr + i);
        },
        [&](std::int64_t i) { dxr[i] = inverse * (dyr[i] * gain1(i) - c * xr[i]); });
  }
}

void rms_norm_weight_columns(const RmsNorm& s, std::int64_t begin, std::int64_t end, const float* dy,
                             const float* x, const float* inverse_rms, float* dw) {
  const F d;
  const auto lanes = lane_count();
  // Parts of a vector take the same fused steps as whole ones: where threads cut the columns changes no bits.
  for (std::int64_t r = 0; r < s.rows; ++r) {
    const float *xr = x + s.at(r), *dyr = dy + s.at(r);
    const auto inverse = hn::Set(d, inverse_rms[r]);
    for (std::int64_t i = begin; i < end; i += lanes) {
      const auto n = std::min(lanes, end - i);
      const auto normal = hn::Mul(load_first(xr + i, n), inverse);
      store_first(hn::MulAdd(load_first(dyr + i, n), normal, load_first(dw + i, n)), dw + i, n);
    }
  }
}

// Highway's exponential wraps around beyond 104; e⁸⁸ is the largest whole power that fp32 holds.
HWY_INLINE Vec sigmoid(F d, Vec x) {
  const auto one = hn::Set(d, 1.0f);
  return hn::Div(one, hn::Add(one, hn::Exp(d, hn::Min(hn::Neg(x), hn::Set(d, 88.0f)))));
}

// gelu_tanh(x) = x · σ(2√(2/π)(x + 0.044715 x³)): tanh(u) = 2σ(2u) − 1.
constexpr float kGeluA = 1.5957691216057308f;  // 2√(2/π)
constexpr float kGeluB = 0.044715f;

// act(g) and its derivative.
HWY_INLINE void activate(Activation act, F d, Vec g, Vec* value, Vec* slope) {
  const auto one = hn::Set(d, 1.0f);
  if (act == Activation::kSilu) {
    const auto s = sigmoid(d, g);
    *value = hn::Mul(g, s);
    *slope = hn::Mul(s, hn::MulAdd(g, hn::Sub(one, s), one));
  } else {
    const auto a = hn::Set(d, kGeluA), b = hn::Set(d, kGeluB);
    const auto g2 = hn::Mul(g, g);
    const auto s = sigmoid(d, hn::Mul(hn::Mul(a, g), hn::MulAdd(b, g2, one)));
    const auto inner = hn::Mul(a, hn::MulAdd(hn::Set(d, 3.0f * kGeluB), g2, one));
    *value = hn::Mul(g, s);
    *slope = hn::MulAdd(hn::Mul(g, inner), hn::Mul(s, hn::Sub(one, s)), s);
  }
}

// A last part of a row that does not fill a vector goes through one padded with zeros: one formula for all.
void gated_rows(Activation act, std::int64_t begin, std::int64_t end, std::int64_t f, const float* gate_up,
                float* y) {
  const F d;
  const auto lanes = lane_count();
  for (std::int64_t r = begin; r < end; ++r) {
    const float *g = gate_up + r * 2 * f, *u = g + f;
    for (std::int64_t i = 0; i < f; i += lanes) {
      const auto n = std::min(lanes, f - i);
      Vec value, slope;
      activate(act, d, load_first(g + i, n), &value, &slope);
      store_first(hn::Mul(value, load_first(u + i, n)), y + r * f + i, n);
    }
  }
}

void gated_backward_rows(Activation act, std::int64_t begin, std::int64_t end, std::int64_t f,
                         const float* dy, const float* gate_up, float* d_gate_up) {
  const F d;
  const auto lanes = lane_count();
  for (std::int64_t r = begin; r < end; ++r) {
    const float *g = gate_up + r * 2 * f, *u = g + f, *dyr = dy + r * f;
    float *dg = d_gate_up + r * 2 * f, *du = dg + f;
    for (std::int64_t i = 0; i < f; i += lanes) {
      const auto n = std::min(lanes, f - i);
      Vec value, slope;
      activate(act, d, load_first(g + i, n), &value, &slope);
      const auto grad = load_first(dyr + i, n);
      store_first(hn::Mul(grad, value), du + i, n);
      store_first(hn::Mul(hn::Mul(grad, load_first(u + i, n)), slope), dg + i, n);
    }
  }
}

void rotate_rows(const HeadShape& s, std::int64_t begin, std::int64_t end, const std::int64_t* positions,
                 const float* cos, const float* sin, float sign, float* qkv) {
  const F d;
  const std::int64_t half = s.dim / 2;
  const auto vs = hn::Set(d, sign);
  for (std::int64_t r = begin; r < end; ++r) {
    const float *c = cos + positions[r] * half, *n = sin + positions[r] * half;
    for (std::int64_t h = 0; h < s.q_heads + s.kv_heads; ++h) {
      float *a = qkv + r * s.qkv_width() + h * s.dim, *b = a + half;
      each(
          half,
          [&](std::int64_t i) {
            const auto vc = hn::LoadU(d, c + i), vn = hn::Mul(vs, hn::LoadU(d, n + i));
            const auto va = hn::LoadU(d, a + i), vb = hn::LoadU(d, b + i);
            hn::StoreU(hn::Sub(hn::Mul(va, vc), hn::Mul(vb, vn)), d, a + i);
            hn::StoreU(hn::Add(hn::Mul(vb, vc), hn::Mul(va, vn)), d, b + i);
          },
          [&](std::int64_t i) {
            const float x = a[i], z = b[i], sn = sign * n[i];
            a[i] = x * c[i] - z * sn;
            b[i] = z * c[i] + x * sn;
          });
    }
  }
}

void scale_row(std::int64_t n, float softcap, float inverse_temperature, float* z) {
  if (softcap > 0.0f) {
    for (std::int64_t i = 0; i < n; ++i) z[i] = softcap * std::tanh(z[i] / softcap);
  }
  if (inverse_temperature == 1.0f) return;
  const F d;
  const auto t = hn::Set(d, inverse_temperature);
  each(
      n, [&](std::int64_t i) { hn::StoreU(hn::Mul(hn::LoadU(d, z + i), t), d, z + i); },
      [&](std::int64_t i) { z[i] *= inverse_temperature; });
}

RowStats stats_of(std::int64_t n, const float* z) {
  const F d;
  const auto lanes = lane_count();
  float max = z[0];
  for (std::int64_t i = 1; i < n; ++i) max = std::max(max, z[i]);
  const auto vmax = hn::Set(d, max);
  auto e0 = hn::Zero(d), x0 = hn::Zero(d);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto shifted = hn::Sub(hn::LoadU(d, z + i), vmax);
    const auto e = hn::Exp(d, shifted);
    e0 = hn::Add(e0, e);
    x0 = hn::MulAdd(e, shifted, x0);
  }
  float total = sum(e0), weighted = sum(x0);
  for (; i < n; ++i) {
    const float shifted = z[i] - max, e = std::exp(shifted);
    total += e;
    weighted += e * shifted;
  }
  const float log_total = std::log(total);
  return {max, max + log_total, log_total - weighted / total};
}

void backward_row(std::int64_t n, const RowStats& stats, std::int64_t target, float g_logprob,
                  float g_entropy, float softcap, float inverse_temperature, float* z) {
  const F d;
  const auto lanes = lane_count();
  const auto lse = hn::Set(d, stats.lse), entropy = hn::Set(d, stats.entropy);
  const auto gl = hn::Set(d, g_logprob), ge = hn::Set(d, g_entropy), it = hn::Set(d, inverse_temperature);
  const float z_target = z[target];
  const auto cap_slope = [&](float value) {  // of cap·tanh(x/cap), from its output before the temperature
    const float y = value / inverse_temperature / softcap;
    return 1.0f - y * y;
  };
  for (std::int64_t i = 0; i < n; i += lanes) {
    const auto count = std::min(lanes, n - i);
    const auto log_p = hn::Sub(load_first(z + i, count), lse);
    const auto p = hn::Exp(d, log_p);
    auto g = hn::Neg(hn::Mul(p, hn::MulAdd(ge, hn::Add(log_p, entropy), gl)));
    g = hn::Mul(g, it);
    if (softcap > 0.0f) {
      const auto y = hn::Div(load_first(z + i, count), hn::Set(d, inverse_temperature * softcap));
      g = hn::Mul(g, hn::NegMulAdd(y, y, hn::Set(d, 1.0f)));
    }
    store_first(g, z + i, count);
  }
  z[target] += g_logprob * inverse_temperature * (softcap > 0.0f ? cap_slope(z_target) : 1.0f);
}

}  // namespace HWY_NAMESPACE
}  // namespace hone::kernel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hone::kernel {

HWY_EXPORT(rms_norm_rows);
HWY_EXPORT(rms_norm_backward_rows);
HWY_EXPORT(rms_norm_weight_columns);
HWY_EXPORT(gated_rows);
HWY_EXPORT(gated_backward_rows);
HWY_EXPORT(rotate_rows);
HWY_EXPORT(scale_row);
HWY_EXPORT(stats_of);
HWY_EXPORT(backward_row);

namespace {
// Rows to hand to a thread at least, so that a range is worth its wake-up.
std::int64_t grain(std::int64_t width) {
  return std::max<std::int64_t>(1, 16384 / std::max<std::int64_t>(width, 1));
}
}  // namespace

void rms_norm(const RmsNorm& s, const float* x, const float* w, float* y, float* inverse_rms) {
  parallel_for(s.rows, grain(s.dim), [&](std::int64_t b, std::int64_t e) {
    HWY_DYNAMIC_DISPATCH(rms_norm_rows)(s, b, e, x, w, y, inverse_rms);
  });
}

void rms_norm_backward(const RmsNorm& s, const float* dy, const float* x, const float* w,
                       const float* inverse_rms, float* dx, float* dw) {
  parallel_for(s.rows, grain(s.dim), [&](std::int64_t b, std::int64_t e) {
    HWY_DYNAMIC_DISPATCH(rms_norm_backward_rows)(s, b, e, dy, x, w, inverse_rms, dx);
  });
  if (dw == nullptr) return;
  parallel_for(s.dim, grain(s.rows), [&](std::int64_t b, std::int64_t e) {
    HWY_DYNAMIC_DISPATCH(rms_norm_weight_columns)(s, b, e, dy, x, inverse_rms, dw);
  });
}

void gated(Activation act, std::int64_t rows, std::int64_t f, const float* gate_up, float* y) {
  parallel_for(rows, grain(4 * f), [&](std::int64_t b, std::int64_t e) {
    HWY_DYNAMIC_DISPATCH(gated_rows)(act, b, e, f, gate_up, y);
  });
}

void gated_backward(Activation act, std::int64_t rows, std::int64_t f, const float* dy, const float* gate_up,
                    float* d_gate_up) {
  parallel_for(rows, grain(4 * f), [&](std::int64_t b, std::int64_t e) {
    HWY_DYNAMIC_DISPATCH(gated_backward_rows)(act, b, e, f, dy, gate_up, d_gate_up);
  });
}

void rotate(const HeadShape& s, std::int64_t rows, const std::int64_t* positions, const float* cos,
            const float* sin, float sign, float* qkv) {
  parallel_for(rows, grain(s.qkv_width()), [&](std::int64_t b, std::int64_t e) {
    HWY_DYNAMIC_DISPATCH(rotate_rows)(s, b, e, positions, cos, sin, sign, qkv);
  });
}

void scale_logits(std::int64_t n, float softcap, float inverse_temperature, float* z) {
  HWY_DYNAMIC_DISPATCH(scale_row)(n, softcap, inverse_temperature, z);
}

RowStats row_stats(std::int64_t n, const float* z) { return HWY_DYNAMIC_DISPATCH(stats_of)(n, z); }

RowStats row_stats_kept(const float* z, const std::int32_t* kept, std::int64_t count) {
  thread_local std::vector<float> gathered;
  gathered.resize(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) gathered[static_cast<std::size_t>(i)] = z[kept[i]];
  return row_stats(count, gathered.data());
}

void row_backward(std::int64_t n, const RowStats& stats, std::int64_t target, float g_logprob,
                  float g_entropy, float softcap, float inverse_temperature, float* z) {
  HWY_DYNAMIC_DISPATCH(backward_row)(n, stats, target, g_logprob, g_entropy, softcap, inverse_temperature, z);
}

void row_backward_kept(std::int64_t n, const std::int32_t* kept, std::int64_t count, const RowStats& stats,
                       std::int64_t target, float g_logprob, float g_entropy, float softcap,
                       float inverse_temperature, float* z) {
  thread_local std::vector<float> gathered;
  gathered.resize(static_cast<std::size_t>(count));
  std::int64_t target_at = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    gathered[static_cast<std::size_t>(i)] = z[kept[i]];
    if (kept[i] == target) target_at = i;
  }
  row_backward(count, stats, target_at, g_logprob, g_entropy, softcap, inverse_temperature, gathered.data());
  std::fill(z, z + n, 0.0f);
  for (std::int64_t i = 0; i < count; ++i) z[kept[i]] = gathered[static_cast<std::size_t>(i)];
}

}  // namespace hone::kernel
#endif  // HWY_ONCE
