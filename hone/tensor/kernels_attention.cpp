// Attention over spans: one query row of one head at a time, keys in order.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hone/tensor/kernels_attention.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "hone/base/threads.h"
#include "hone/tensor/kernels-inl.h"
#include "hone/tensor/kernels.h"

HWY_BEFORE_NAMESPACE();
namespace hone::kernel {
namespace HWY_NAMESPACE {
HWY_INLINE float dot(std::int64_t n, const float* a, const float* b) {
  const F d;
  const auto lanes = lane_count();
  auto total = hn::Zero(d);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) total = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), total);
  float result = sum(total);
  for (; i < n; ++i) result += a[i] * b[i];
  return result;
}

// y += c · x
HWY_INLINE void axpy(std::int64_t n, float c, const float* x, float* y) {
  const F d;
  const auto lanes = lane_count();
  const auto vc = hn::Set(d, c);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes)
    hn::StoreU(hn::MulAdd(vc, hn::LoadU(d, x + i), hn::LoadU(d, y + i)), d, y + i);
  for (; i < n; ++i) y[i] += c * x[i];
}

// Calls body(first, count, at) for the runs of consecutive rows that a span shows: key rows first … first +
// count − 1 are the keys number at … of those seen. Returns how many are seen.
template <class Body>
HWY_INLINE std::int64_t each_run(const Attention& a, const Span& span, const Body& body) {
  const std::int64_t total = span.count();
  const std::int64_t hidden = a.window > 0 ? std::max<std::int64_t>(0, total - a.window) : 0;
  std::int64_t at = 0;
  if (hidden < span.prefix_count) {
    const std::int64_t n = span.prefix_count - hidden;
    body(span.prefix_begin + hidden, n, at);
    at += n;
  }
  const std::int64_t own_hidden = std::max<std::int64_t>(0, hidden - span.prefix_count);
  body(span.own_begin + own_hidden, span.own_count - own_hidden, at);
  return at + span.own_count - own_hidden;
}

HWY_INLINE std::int64_t scores_of(const Attention& a, const Span& span, const float* q, const float* k,
                                  float* scores) {
  const std::int64_t n = each_run(a, span, [&](std::int64_t first, std::int64_t count, std::int64_t at) {
    for (std::int64_t j = 0; j < count; ++j) {
      scores[at + j] = dot(a.shape.dim, q, k + (first + j) * a.kv_stride) * a.scale;
    }
  });
  if (a.softcap > 0.0f) {
    for (std::int64_t j = 0; j < n; ++j) scores[j] = a.softcap * std::tanh(scores[j] / a.softcap);
  }
  return n;
}

// scores → exp(scores − shift), returning their sum.
HWY_INLINE float exponentials(std::int64_t n, float shift, float* scores) {
  const F d;
  const auto lanes = lane_count();
  const auto vs = hn::Set(d, shift);
  auto total = hn::Zero(d);
  for (std::int64_t j = 0; j < n; j += lanes) {
    const auto count = std::min(lanes, n - j);
    auto e = hn::Exp(d, hn::Sub(load_first(scores + j, count), vs));
    e = hn::IfThenElseZero(hn::FirstN(d, static_cast<std::size_t>(count)), e);
    store_first(e, scores + j, count);
    total = hn::Add(total, e);
  }
  return sum(total);
}

void attention_rows(const Attention& a, std::int64_t begin, std::int64_t end, const Span* spans,
                    const float* q, const float* k, const float* v, float* out, float* lse) {
  const HeadShape& s = a.shape;
  const std::int64_t share = s.q_heads / s.kv_heads;
  thread_local std::vector<float> buffer;
  for (std::int64_t t = begin; t < end; ++t) {
    buffer.resize(std::max(buffer.size(), static_cast<std::size_t>(spans[t].count())));
    float* p = buffer.data();
    for (std::int64_t h = 0; h < s.q_heads; ++h) {
      const std::int64_t head = (h / share) * s.dim;
      const std::int64_t n = scores_of(a, spans[t], q + t * a.q_stride + h * s.dim, k + head, p);
      const float max = *std::max_element(p, p + n);
      const float total = exponentials(n, max, p);
      if (lse != nullptr) lse[t * s.q_heads + h] = max + std::log(total);
      float* o = out + (t * s.q_heads + h) * s.dim;
      std::fill(o, o + s.dim, 0.0f);
      each_run(a, spans[t], [&](std::int64_t first, std::int64_t count, std::int64_t at) {
        for (std::int64_t j = 0; j < count; ++j)
          axpy(s.dim, p[at + j], v + (first + j) * a.kv_stride + head, o);
      });
      const float inverse = 1.0f / total;
      for (std::int64_t i = 0; i < s.dim; ++i) o[i] *= inverse;
    }
  }
}

// Key/value heads [begin, end): a head's gradients are all made by one thread, in row order.
void attention_backward_heads(const Attention& a, std::int64_t begin, std::int64_t end, std::int64_t rows,
                              const Span* spans, const float* q, const float* k, const float* v,
                              const float* out, const float* lse, const float* d_out, float* dq, float* dk,
                              float* dv) {
  const HeadShape& s = a.shape;
  const std::int64_t share = s.q_heads / s.kv_heads;
  thread_local std::vector<float> scores, probabilities;
  for (std::int64_t kv = begin; kv < end; ++kv) {
    const std::int64_t head = kv * s.dim;
    for (std::int64_t t = 0; t < rows; ++t) {
      const auto room = std::max(scores.size(), static_cast<std::size_t>(spans[t].count()));
      scores.resize(room);
      probabilities.resize(room);
      for (std::int64_t h = kv * share; h < (kv + 1) * share; ++h) {
        const float* qh = q + t * a.q_stride + h * s.dim;
        float* dqh = dq + t * a.q_stride + h * s.dim;
        const float* doh = d_out + (t * s.q_heads + h) * s.dim;
        const float delta = dot(s.dim, doh, out + (t * s.q_heads + h) * s.dim);
        const std::int64_t n = scores_of(a, spans[t], qh, k + head, scores.data());
        std::copy_n(scores.data(), n, probabilities.data());
        exponentials(n, lse[t * s.q_heads + h], probabilities.data());
        each_run(a, spans[t], [&](std::int64_t first, std::int64_t count, std::int64_t at) {
          for (std::int64_t j = 0; j < count; ++j) {
            const std::int64_t row = (first + j) * a.kv_stride + head;
            const float p = probabilities[static_cast<std::size_t>(at + j)];
            float ds = p * (dot(s.dim, doh, v + row) - delta) * a.scale;
            if (a.softcap > 0.0f) {
              const float y = scores[static_cast<std::size_t>(at + j)] / a.softcap;
              ds *= 1.0f - y * y;
            }
            axpy(s.dim, p, doh, dv + row);
            axpy(s.dim, ds, k + row, dqh);
            axpy(s.dim, ds, qh, dk + row);
          }
        });
      }
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hone::kernel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hone::kernel {

HWY_EXPORT(attention_rows);
HWY_EXPORT(attention_backward_heads);

void attention(const Attention& a, std::int64_t rows, const Span* spans, const float* q, const float* k,
               const float* v, float* out, float* lse) {
  parallel_for(rows, 1, [&](std::int64_t b, std::int64_t e) {
    HWY_DYNAMIC_DISPATCH(attention_rows)(a, b, e, spans, q, k, v, out, lse);
  });
}

void attention_backward(const Attention& a, std::int64_t rows, const Span* spans, const float* q,
                        const float* k, const float* v, const float* out, const float* lse,
                        const float* d_out, float* dq, float* dk, float* dv) {
  parallel_for(a.shape.kv_heads, 1, [&](std::int64_t b, std::int64_t e) {
    HWY_DYNAMIC_DISPATCH(attention_backward_heads)
    (a, b, e, rows, spans, q, k, v, out, lse, d_out, dq, dk, dv);
  });
}

}  // namespace hone::kernel
#endif  // HWY_ONCE
