// Row kernels: normalisation, gated activations, rotary embedding, sums.
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
// addend, total: null, or what is added first and where the sum goes.
void rms_norm_rows(const RmsNorm& s, std::int64_t begin, std::int64_t end, const float* x,
                   const float* addend, const float* w, float* total, float* y, float* inverse_rms) {
  const F d;
  const auto one = hn::Set(d, 1.0f);
  for (std::int64_t r = begin; r < end; ++r) {
    const float* xr = x + s.at(r);
    float* yr = y + s.at(r);
    if (addend != nullptr) {
      const float* ar = addend + s.at(r);
      float* tr = total + s.at(r);
      each(
          s.dim,
          [&](std::int64_t i) { hn::StoreU(hn::Add(hn::LoadU(d, xr + i), hn::LoadU(d, ar + i)), d, tr + i); },
          [&](std::int64_t i) { tr[i] = xr[i] + ar[i]; });
      xr = tr;
    }
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
                            const float* x, const float* w, const float* inverse_rms, float* dx,
                            bool accumulate) {
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
          const auto g = hn::Mul(vi, hn::NegMulAdd(vc, hn::LoadU(d, xr + i), u));
          hn::StoreU(accumulate ? hn::Add(hn::LoadU(d, dxr + i), g) : g, d, dxr + i);
        },
        [&](std::int64_t i) {
          const float g = inverse * (dyr[i] * gain1(i) - c * xr[i]);
          dxr[i] = accumulate ? dxr[i] + g : g;
        });
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

void add_floats(std::int64_t begin, std::int64_t end, const float* x, float* y) {
  const F d;
  each(
      end - begin,
      [&](std::int64_t i) {
        hn::StoreU(hn::Add(hn::LoadU(d, y + begin + i), hn::LoadU(d, x + begin + i)), d, y + begin + i);
      },
      [&](std::int64_t i) { y[begin + i] += x[begin + i]; });
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
HWY_EXPORT(add_floats);

namespace {
// Rows to hand to a thread at least, so that a range is worth its wake-up.
std::int64_t grain(std::int64_t width) {
  return std::max<std::int64_t>(1, 16384 / std::max<std::int64_t>(width, 1));
}
}  // namespace

void rms_norm(const RmsNorm& s, const float* x, const float* w, float* y, float* inverse_rms) {
  parallel_for(s.rows, grain(s.dim), [&](std::int64_t b, std::int64_t e) {
    HWY_DYNAMIC_DISPATCH(rms_norm_rows)(s, b, e, x, nullptr, w, nullptr, y, inverse_rms);
  });
}

void add_rms_norm(const RmsNorm& s, const float* x, const float* addend, const float* w, float* total,
                  float* y, float* inverse_rms) {
  parallel_for(s.rows, grain(s.dim), [&](std::int64_t b, std::int64_t e) {
    HWY_DYNAMIC_DISPATCH(rms_norm_rows)(s, b, e, x, addend, w, total, y, inverse_rms);
  });
}

void rms_norm_backward(const RmsNorm& s, const float* dy, const float* x, const float* w,
                       const float* inverse_rms, float* dx, float* dw, bool accumulate) {
  parallel_for(s.rows, grain(s.dim), [&](std::int64_t b, std::int64_t e) {
    HWY_DYNAMIC_DISPATCH(rms_norm_backward_rows)(s, b, e, dy, x, w, inverse_rms, dx, accumulate);
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

void add(std::int64_t n, const float* x, float* y) {
  parallel_for(n, 16384, [&](std::int64_t b, std::int64_t e) {
    HWY_DYNAMIC_DISPATCH(add_floats)(b, e, x, y);
  });
}

void add_bias(std::int64_t rows, std::int64_t n, const float* bias, float* y) {
  parallel_for(rows, grain(n), [&](std::int64_t b, std::int64_t e) {
    for (std::int64_t r = b; r < e; ++r) HWY_DYNAMIC_DISPATCH(add_floats)(0, n, bias, y + r * n);
  });
}

void add_column_sums(std::int64_t rows, std::int64_t n, const float* x, float* sums) {
  parallel_for(n, grain(rows), [&](std::int64_t b, std::int64_t e) {
    for (std::int64_t r = 0; r < rows; ++r) HWY_DYNAMIC_DISPATCH(add_floats)(b, e, x + r * n, sums);
  });
}

}  // namespace hone::kernel
#endif  // HWY_ONCE
