// Attention over spans: one query row of one head at a time, keys in order, so that a row's bits depend on
// neither the rows beside it nor where its keys lie.
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

#if HWY_TARGET == HWY_SCALAR || HWY_HAVE_SCALABLE
HWY_INLINE void dots_of_four(std::int64_t n, const float* a, const float* const* rows, float* results) {
  for (int r = 0; r < 4; ++r) results[r] = dot(n, a, rows[r]);
}
#else
// The sums over blocks of four lanes.
template <class D>
HWY_INLINE hn::Vec<hn::FixedTag<float, 4> > add_blocks(D d, hn::Vec<D> v) {
  if constexpr (hn::MaxLanes(D()) == 4) {
    (void)d;
    return v;
  } else {
    const hn::Half<D> half;
    return add_blocks(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
}

// Four products of one vector at once. Every place among the four has the same order of summation.
HWY_INLINE void dots_of_four(std::int64_t n, const float* a, const float* const* rows, float* results) {
  const F d;
  const auto lanes = lane_count();
  const float *r0 = rows[0], *r1 = rows[1], *r2 = rows[2], *r3 = rows[3];
  auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto va = hn::LoadU(d, a + i);
    s0 = hn::MulAdd(va, hn::LoadU(d, r0 + i), s0);
    s1 = hn::MulAdd(va, hn::LoadU(d, r1 + i), s1);
    s2 = hn::MulAdd(va, hn::LoadU(d, r2 + i), s2);
    s3 = hn::MulAdd(va, hn::LoadU(d, r3 + i), s3);
  }
  // Within each block: lanes (0 + 2) of rows 0 and 2 in turn, then (1 + 3), and so for rows 1 and 3.
  const auto even = hn::Add(hn::InterleaveLower(d, s0, s2), hn::InterleaveUpper(d, s0, s2));
  const auto odd = hn::Add(hn::InterleaveLower(d, s1, s3), hn::InterleaveUpper(d, s1, s3));
  const auto total = hn::Add(hn::InterleaveLower(d, even, odd), hn::InterleaveUpper(d, even, odd));
  hn::StoreU(add_blocks(d, total), hn::FixedTag<float, 4>(), results);
  for (; i < n; ++i) {
    for (int r = 0; r < 4; ++r) results[r] += a[i] * rows[r][i];
  }
}
#endif

// results[j] = a · row j, for `count` rows every `stride` floats.
HWY_INLINE void dots(std::int64_t n, const float* a, std::int64_t count, const float* rows,
                     std::int64_t stride, float* results) {
  for (std::int64_t j = 0; j < count; j += 4) {
    const std::int64_t here = std::min<std::int64_t>(4, count - j);
    const float* four[4];
    for (std::int64_t r = 0; r < 4; ++r) four[r] = rows + (j + std::min(r, here - 1)) * stride;
    float products[4];
    dots_of_four(n, a, four, products);
    std::copy_n(products, here, results + j);
  }
}

// y += Σ_j c[j] · row j, in the order of j; kVectors vectors of y at a time stay in registers.
template <int kVectors>
HWY_INLINE std::int64_t add_rows_in_parts(std::int64_t begin, std::int64_t n, std::int64_t count,
                                          const float* c, const float* rows, std::int64_t stride, float* y) {
  const F d;
  const auto lanes = lane_count();
  for (; begin + kVectors * lanes <= n; begin += kVectors * lanes) {
    Vec part[kVectors];
    for (int i = 0; i < kVectors; ++i) part[i] = hn::LoadU(d, y + begin + i * lanes);
    const float* row = rows + begin;
    for (std::int64_t j = 0; j < count; ++j, row += stride) {
      const auto vc = hn::Set(d, c[j]);
      for (int i = 0; i < kVectors; ++i) part[i] = hn::MulAdd(vc, hn::LoadU(d, row + i * lanes), part[i]);
    }
    for (int i = 0; i < kVectors; ++i) hn::StoreU(part[i], d, y + begin + i * lanes);
  }
  return begin;
}

HWY_INLINE void add_rows(std::int64_t n, std::int64_t count, const float* c, const float* rows,
                         std::int64_t stride, float* y) {
  std::int64_t i = add_rows_in_parts<8>(0, n, count, c, rows, stride, y);
  i = add_rows_in_parts<4>(i, n, count, c, rows, stride, y);
  i = add_rows_in_parts<1>(i, n, count, c, rows, stride, y);
  for (; i < n; ++i) {
    for (std::int64_t j = 0; j < count; ++j) y[i] += c[j] * rows[j * stride + i];
  }
}

// Row j += c[j] · x, for `count` rows every `stride` floats.
template <int kVectors>
HWY_INLINE std::int64_t add_to_rows_in_parts(std::int64_t begin, std::int64_t n, std::int64_t count,
                                             const float* c, const float* x, std::int64_t stride,
                                             float* rows) {
  const F d;
  const auto lanes = lane_count();
  for (; begin + kVectors * lanes <= n; begin += kVectors * lanes) {
    Vec part[kVectors];
    for (int i = 0; i < kVectors; ++i) part[i] = hn::LoadU(d, x + begin + i * lanes);
    float* row = rows + begin;
    for (std::int64_t j = 0; j < count; ++j, row += stride) {
      const auto vc = hn::Set(d, c[j]);
      for (int i = 0; i < kVectors; ++i) {
        hn::StoreU(hn::MulAdd(vc, part[i], hn::LoadU(d, row + i * lanes)), d, row + i * lanes);
      }
    }
  }
  return begin;
}

HWY_INLINE void add_to_rows(std::int64_t n, std::int64_t count, const float* c, const float* x,
                            std::int64_t stride, float* rows) {
  std::int64_t i = add_to_rows_in_parts<4>(0, n, count, c, x, stride, rows);
  i = add_to_rows_in_parts<1>(i, n, count, c, x, stride, rows);
  for (; i < n; ++i) {
    for (std::int64_t j = 0; j < count; ++j) rows[j * stride + i] += c[j] * x[i];
  }
}

HWY_INLINE float largest(std::int64_t n, const float* x) {
  const F d;
  const auto lanes = lane_count();
  auto m = hn::Set(d, x[0]);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) m = hn::Max(m, hn::LoadU(d, x + i));
  float result = hn::GetLane(hn::MaxOfLanes(d, m));
  for (; i < n; ++i) result = std::max(result, x[i]);
  return result;
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

// Rows of one sequence see the same keys, each one more than the row before it: their head's keys and values
// are brought together once. Left in place, rows a power of two apart would drive each other out of the
// cache.
constexpr std::int64_t kWorthGathering = 4;

HWY_INLINE std::int64_t end_of_sequence(const Span* spans, std::int64_t t, std::int64_t end) {
  const auto follows = [&](const Span& x, const Span& y) {
    return x.prefix_begin == y.prefix_begin && x.prefix_count == y.prefix_count &&
           x.own_begin == y.own_begin && x.own_count + 1 == y.own_count;
  };
  for (++t; t < end && follows(spans[t - 1], spans[t]);) ++t;
  return t;
}

HWY_INLINE void make_room(std::int64_t n, std::vector<float>* buffer) {
  if (static_cast<std::int64_t>(buffer->size()) < n) buffer->resize(static_cast<std::size_t>(n));
}

// The rows that a span names, one head's columns of them, side by side in the buffer.
HWY_INLINE float* gather(const Attention& a, const Span& span, const float* head,
                         std::vector<float>* buffer) {
  make_room(span.count() * a.shape.dim, buffer);
  float* to = buffer->data();
  for (std::int64_t j = 0; j < span.count(); ++j, to += a.shape.dim) {
    const std::int64_t row =
        j < span.prefix_count ? span.prefix_begin + j : span.own_begin + j - span.prefix_count;
    std::copy_n(head + row * a.kv_stride, a.shape.dim, to);
  }
  return buffer->data();
}

HWY_INLINE void scatter(const Attention& a, const Span& span, const float* from, float* head) {
  for (std::int64_t j = 0; j < span.count(); ++j, from += a.shape.dim) {
    const std::int64_t row =
        j < span.prefix_count ? span.prefix_begin + j : span.own_begin + j - span.prefix_count;
    std::copy_n(from, a.shape.dim, head + row * a.kv_stride);
  }
}

HWY_INLINE std::int64_t scores_of(const Attention& a, const Span& span, const float* q, const float* k,
                                  float* scores) {
  const std::int64_t n = each_run(a, span, [&](std::int64_t first, std::int64_t count, std::int64_t at) {
    dots(a.shape.dim, q, count, k + first * a.kv_stride, a.kv_stride, scores + at);
  });
  for (std::int64_t j = 0; j < n; ++j) scores[j] *= a.scale;
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

// One query head. q and out are its own; k and v begin at its key/value head.
HWY_INLINE void attend(const Attention& a, const Span& span, const float* q, const float* k, const float* v,
                       float* p, float* out, float* lse) {
  const std::int64_t dim = a.shape.dim;
  const std::int64_t n = scores_of(a, span, q, k, p);
  const float max = largest(n, p);
  const float total = exponentials(n, max, p);
  if (lse != nullptr) *lse = max + std::log(total);
  std::fill(out, out + dim, 0.0f);
  each_run(a, span, [&](std::int64_t first, std::int64_t count, std::int64_t at) {
    add_rows(dim, count, p + at, v + first * a.kv_stride, a.kv_stride, out);
  });
  const float inverse = 1.0f / total;
  for (std::int64_t i = 0; i < dim; ++i) out[i] *= inverse;
}

void attention_rows(const Attention& a, std::int64_t begin, std::int64_t end, const Span* spans,
                    const float* q, const float* k, const float* v, float* out, float* lse) {
  const HeadShape& s = a.shape;
  const std::int64_t share = s.q_heads / s.kv_heads;
  thread_local std::vector<float> scores, keys, values;
  for (std::int64_t t = begin, next; t < end; t = next) {
    next = end_of_sequence(spans, t, end);
    const Span& last = spans[next - 1];
    const bool together = next - t >= kWorthGathering;
    Attention local = a;
    if (together) local.kv_stride = s.dim;
    make_room(last.count(), &scores);
    for (std::int64_t kv = 0; kv < s.kv_heads; ++kv) {
      const float *kh = k + kv * s.dim, *vh = v + kv * s.dim;
      if (together) {
        kh = gather(a, last, kh, &keys);
        vh = gather(a, last, vh, &values);
      }
      for (std::int64_t row = t; row < next; ++row) {
        const Span span = together ? Span{0, 0, 0, spans[row].count()} : spans[row];
        for (std::int64_t h = kv * share; h < (kv + 1) * share; ++h) {
          const std::int64_t at = row * s.q_heads + h;
          attend(local, span, q + row * a.q_stride + h * s.dim, kh, vh, scores.data(), out + at * s.dim,
                 lse != nullptr ? lse + at : nullptr);
        }
      }
    }
  }
}

// One query head's share of the gradients. dk and dv begin at its key/value head.
HWY_INLINE void attend_backward(const Attention& a, const Span& span, const float* q, const float* k,
                                const float* v, const float* out, float lse, const float* d_out, float* work,
                                float* dq, float* dk, float* dv) {
  const std::int64_t dim = a.shape.dim, room = span.count();
  float *scores = work, *p = work + room, *ds = work + 2 * room;
  const float delta = dot(dim, d_out, out);
  const std::int64_t n = scores_of(a, span, q, k, scores);
  std::copy_n(scores, n, p);
  exponentials(n, lse, p);
  each_run(a, span, [&](std::int64_t first, std::int64_t count, std::int64_t at) {
    dots(dim, d_out, count, v + first * a.kv_stride, a.kv_stride, ds + at);
  });
  for (std::int64_t j = 0; j < n; ++j) ds[j] = p[j] * (ds[j] - delta) * a.scale;
  if (a.softcap > 0.0f) {
    for (std::int64_t j = 0; j < n; ++j) {
      const float y = scores[j] / a.softcap;
      ds[j] *= 1.0f - y * y;
    }
  }
  each_run(a, span, [&](std::int64_t first, std::int64_t count, std::int64_t at) {
    const std::int64_t row = first * a.kv_stride;
    add_to_rows(dim, count, p + at, d_out, a.kv_stride, dv + row);
    add_to_rows(dim, count, ds + at, q, a.kv_stride, dk + row);
    add_rows(dim, count, ds + at, k + row, a.kv_stride, dq);
  });
}

// Key/value heads [begin, end): a head's gradients are all made by one thread, in row order.
void attention_backward_heads(const Attention& a, std::int64_t begin, std::int64_t end, std::int64_t rows,
                              const Span* spans, const float* q, const float* k, const float* v,
                              const float* out, const float* lse, const float* d_out, float* dq, float* dk,
                              float* dv) {
  const HeadShape& s = a.shape;
  const std::int64_t share = s.q_heads / s.kv_heads;
  thread_local std::vector<float> work, keys, values, d_keys, d_values;
  Attention local = a;
  local.kv_stride = s.dim;
  for (std::int64_t kv = begin; kv < end; ++kv) {
    const std::int64_t head = kv * s.dim;
    for (std::int64_t t = 0, next; t < rows; t = next) {
      next = end_of_sequence(spans, t, rows);
      const Span& last = spans[next - 1];
      make_room(3 * last.count(), &work);
      const float *kh = gather(a, last, k + head, &keys), *vh = gather(a, last, v + head, &values);
      float *dkh = gather(a, last, dk + head, &d_keys), *dvh = gather(a, last, dv + head, &d_values);
      for (std::int64_t row = t; row < next; ++row) {
        for (std::int64_t h = kv * share; h < (kv + 1) * share; ++h) {
          const std::int64_t at = row * s.q_heads + h, q_at = row * a.q_stride + h * s.dim;
          attend_backward(local, {0, 0, 0, spans[row].count()}, q + q_at, kh, vh, out + at * s.dim, lse[at],
                          d_out + at * s.dim, work.data(), dq + q_at, dkh, dvh);
        }
      }
      scatter(a, last, dkh, dk + head);
      scatter(a, last, dvh, dv + head);
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
