// Attention's gradients, by register tiles, in blocks of queries and keys whose scores are made anew from the
// logarithms that the forward pass kept. The definition is in kernels_attention.h.
#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hone/tensor/kernels_attention_backward.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "hone/tensor/kernels_attention-inl.h"

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

// Of one query: scores → p and d_out · v → s for n visible keys, 0 in the rest of the last vector.
HWY_INLINE void weights_and_gradients(const Attention& a, std::int64_t n, float lse, float delta, float* p,
                                      float* s) {
  const F d;
  const auto lanes = lane_count();
  const bool capped = a.softcap > 0.0f;
  if (capped) cap_scores(n, a.scale, a.softcap, p);
  const auto factor = hn::Set(d, capped ? 1.0f : a.scale), scale = hn::Set(d, a.scale),
             shift = hn::Set(d, lse), vd = hn::Set(d, delta), cap = hn::Set(d, a.softcap),
             one = hn::Set(d, 1.0f);
  for (std::int64_t j = 0; j < n; j += lanes) {
    const auto score = hn::LoadU(d, p + j);
    auto e = exponential(score, factor, shift);
    auto g = hn::Mul(hn::Mul(e, hn::Sub(hn::LoadU(d, s + j), vd)), scale);
    if (capped) {
      const auto y = hn::Div(score, cap);
      g = hn::Mul(g, hn::NegMulAdd(y, y, one));
    }
    if (j + lanes > n) e = keep_first(n - j, e), g = keep_first(n - j, g);
    hn::StoreU(e, d, p + j);
    hn::StoreU(g, d, s + j);
  }
}

// A run of key rows, one head of them, as panels: number `from` … `from + count − 1` of the run.
struct KeyRun {
  std::int64_t from = 0, count = 0, number = 0;  // number: of the run's first key in a span
  float *k_t = nullptr, *v_t = nullptr, *k = nullptr, *dk = nullptr, *dv = nullptr;
};

struct KeyRooms {
  Room k_t, v_t, k, dk, dv;
};

struct BackwardRooms {
  KeyRooms prefix, own;
  Room q, d_out, dq, p, s, delta;
};

// One key/value head of rows whose keys no other unit touches.
class Backward {
 public:
  Backward(const AttentionBackwardCall& call, std::int64_t kv, BackwardRooms& rooms)
      : call_(call),
        a_(call.a),
        rooms_(rooms),
        kv_(kv),
        dim_(a_.shape.dim),
        share_(a_.shape.q_heads / a_.shape.kv_heads),
        width_(tile_columns()),
        padded_(round_up(dim_, width_)),
        stride_(kKeysAtOnce + 2 * width_) {
    const std::int64_t step = kTileRows / std::gcd(kTileRows, share_);
    rows_ = std::max(step, round_down(kQueries / share_, step));
    const std::int64_t m = rows_ * share_;
    q_ = rooms.q.of(m * padded_), d_out_ = rooms.d_out.of(m * padded_), dq_ = rooms.dq.of(m * padded_);
    p_ = rooms.p.of(m * stride_), s_ = rooms.s.of(m * stride_), delta_ = rooms.delta.of(m);
  }

  void run(std::int64_t begin, std::int64_t end) {
    const Span* spans = call_.spans;
    for (std::int64_t t = begin, next; t < end; t = next) {
      next = end_of_prefix(spans, t, end);
      const std::int64_t count = spans[t].prefix_count, begin_row = spans[t].prefix_begin;
      const std::int64_t hidden = seen_by(a_, spans, t, next).first;
      const KeyRun prefix = gather(begin_row, std::min(count, hidden), count, 0, rooms_.prefix);
      for (std::int64_t row = t, last; row < next;) {
        last = end_of_sequence(spans, row, next);
        const Seen seen = seen_by(a_, spans, row, last);
        const KeyRun own = gather(spans[row].own_begin, std::max<std::int64_t>(0, seen.first - count),
                                  seen.end - count, count, rooms_.own);
        for (std::int64_t stop; row < last; row = stop) {
          stop = std::min(last, row + rows_);
          load(row, stop);
          add_gradients(row, stop, prefix);
          add_gradients(row, stop, own);
          each_head(row, stop, call_.dq, a_.q_stride,
                    [&](float* dq, std::int64_t i) { std::copy_n(dq_ + i * padded_, dim_, dq); });
        }
        scatter(own, spans[last - 1].own_begin);
      }
      scatter(prefix, begin_row);
    }
  }

 private:
  static constexpr std::int64_t kQueries = 24, kKeysAtOnce = 96;  // scores of so many stay in the first cache

  KeyRun gather(std::int64_t row, std::int64_t from, std::int64_t end, std::int64_t number,
                KeyRooms& rooms) const {
    KeyRun run;
    run.from = round_down(from, width_);
    if (from == end) run.from = end;  // none of them
    run.count = end - run.from;
    run.number = number;
    const std::int64_t whole = round_up(run.count, width_) * dim_, wide = run.count * padded_;
    run.k_t = rooms.k_t.of(whole), run.v_t = rooms.v_t.of(whole);
    run.k = rooms.k.of(wide), run.dk = rooms.dk.of(wide), run.dv = rooms.dv.of(wide);
    const std::int64_t at = (row + run.from) * a_.kv_stride + kv_ * dim_, stride = a_.kv_stride;
    transposed_panels(run.count, dim_, call_.k + at, stride, run.k_t);
    transposed_panels(run.count, dim_, call_.v + at, stride, run.v_t);
    column_panels(run.count, dim_, call_.k + at, stride, run.k);
    column_panels(run.count, dim_, call_.dk + at, stride, run.dk);
    column_panels(run.count, dim_, call_.dv + at, stride, run.dv);
    return run;
  }

  void scatter(const KeyRun& run, std::int64_t row) const {
    const std::int64_t at = (row + run.from) * a_.kv_stride + kv_ * dim_;
    from_column_panels(run.count, dim_, run.dk, call_.dk + at, a_.kv_stride);
    from_column_panels(run.count, dim_, run.dv, call_.dv + at, a_.kv_stride);
  }

  // body(head, number among the block's queries) for rows [begin, end) of `rows`.
  template <class Body>
  void each_head(std::int64_t begin, std::int64_t end, float* rows, std::int64_t stride,
                 const Body& body) const {
    for (std::int64_t t = begin, i = 0; t < end; ++t)
      for (std::int64_t h = 0; h < share_; ++h, ++i) body(rows + t * stride + (kv_ * share_ + h) * dim_, i);
  }

  void load(std::int64_t begin, std::int64_t end) {
    const std::int64_t out_stride = a_.shape.q_heads * dim_, head = kv_ * share_ * dim_;
    pack_heads(begin, end, share_, dim_, call_.q + head, a_.q_stride, q_, padded_);
    pack_heads(begin, end, share_, dim_, call_.dq + head, a_.q_stride, dq_, padded_);
    pack_heads(begin, end, share_, dim_, call_.d_out + head, out_stride, d_out_, padded_);
    for (std::int64_t t = begin, i = 0; t < end; ++t)
      for (std::int64_t h = 0; h < share_; ++h, ++i)
        delta_[i] = dot(dim_, d_out_ + i * padded_, call_.out + t * out_stride + head + h * dim_);
  }

  // What the queries of rows [begin, end), which are loaded, and these keys add to each other's gradients.
  void add_gradients(std::int64_t begin, std::int64_t end, const KeyRun& keys) {
    const std::int64_t m = (end - begin) * share_;
    const Seen seen = seen_by(a_, call_.spans, begin, end);
    const std::int64_t stop = std::min(keys.from + keys.count, seen.end - keys.number);
    std::int64_t j =
        std::max(keys.from, round_down(std::max<std::int64_t>(0, seen.first - keys.number), width_));
    for (; j < stop; j += kKeysAtOnce) {
      const std::int64_t n = std::min(kKeysAtOnce, stop - j), at = j - keys.from;
      for (std::int64_t c = 0; c < n; c += width_) {
        const float *k = keys.k_t + (at + c) * dim_, *v = keys.v_t + (at + c) * dim_;
        for (std::int64_t i = 0; i < m; i += kTileRows) {
          const std::int64_t here = std::min(kTileRows, m - i), to = i * stride_ + c;
          tile_of<2>(here, dim_, q_ + i * padded_, padded_, 1, k, width_, p_ + to, stride_, false);
          tile_of<2>(here, dim_, d_out_ + i * padded_, padded_, 1, v, width_, s_ + to, stride_, false);
        }
      }
      weigh(begin, end, keys.number + j, n);
      for (std::int64_t c = 0; c < padded_; c += width_) {
        const std::int64_t panel = c * keys.count + at * width_;
        for (std::int64_t r = 0; r < n; r += kTileRows) {
          const std::int64_t here = std::min(kTileRows, n - r), to = panel + r * width_;
          tile_of<2>(here, m, p_ + r, 1, stride_, d_out_ + c, padded_, keys.dv + to, width_, true);
          tile_of<2>(here, m, s_ + r, 1, stride_, q_ + c, padded_, keys.dk + to, width_, true);
        }
        for (std::int64_t i = 0; i < m; i += kTileRows)
          tile_of<2>(std::min(kTileRows, m - i), n, s_ + i * stride_, stride_, 1, keys.k + panel, width_,
                     dq_ + i * padded_ + c, padded_, true);
      }
    }
  }

  // p and s of n keys from number `first` on, 0 where a row does not see them.
  void weigh(std::int64_t begin, std::int64_t end, std::int64_t first, std::int64_t n) {
    float *p = p_, *s = s_;
    for (std::int64_t t = begin, i = 0; t < end; ++t) {
      const std::int64_t b = std::clamp<std::int64_t>(hidden_keys(a_, call_.spans[t]) - first, 0, n),
                         e = std::clamp<std::int64_t>(call_.spans[t].count() - first, b, n);
      for (std::int64_t h = 0; h < share_; ++h, ++i, p += stride_, s += stride_) {
        const float lse = call_.lse[t * a_.shape.q_heads + kv_ * share_ + h];
        std::fill_n(p, b, 0.0f);
        std::fill_n(s, b, 0.0f);
        weights_and_gradients(a_, e - b, lse, delta_[i], p + b, s + b);
        std::fill(p + e, p + n, 0.0f);
        std::fill(s + e, s + n, 0.0f);
      }
    }
  }

  const AttentionBackwardCall& call_;
  const Attention& a_;
  BackwardRooms& rooms_;
  const std::int64_t kv_, dim_, share_, width_, padded_, stride_;
  std::int64_t rows_ = 0;  // at once
  float *q_ = nullptr, *d_out_ = nullptr, *dq_ = nullptr, *p_ = nullptr, *s_ = nullptr, *delta_ = nullptr;
};

void attention_backward_unit(const AttentionBackwardCall& call, std::int64_t kv, std::int64_t begin,
                             std::int64_t end) {
  thread_local BackwardRooms rooms;
  Backward(call, kv, rooms).run(begin, end);
}

}  // namespace HWY_NAMESPACE
}  // namespace hone::kernel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hone::kernel {

HWY_EXPORT(attention_backward_unit);

namespace {

struct Work {
  std::int64_t begin, end;  // rows
  std::int64_t keys;        // seen by all of them
};

// The first key row of a span, and the row after its last.
std::int64_t first_row(const Span& s) {
  return s.prefix_count > 0 ? std::min(s.prefix_begin, s.own_begin) : s.own_begin;
}
std::int64_t end_row(const Span& s) {
  const std::int32_t own = s.own_begin + s.own_count;
  return s.prefix_count > 0 ? std::max(own, s.prefix_begin + s.prefix_count) : own;
}

// Rows cut where all key rows of what follows come after all before: what is between two cuts shares its keys
// with nothing else. The most work first, so that threads end together.
void cut_apart(std::int64_t rows, const Span* spans, std::vector<std::int64_t>* first_after,
               std::vector<Work>* parts) {
  first_after->resize(static_cast<std::size_t>(rows));
  std::int64_t first = first_row(spans[rows - 1]);
  for (std::int64_t t = rows - 1; t >= 0; --t)
    (*first_after)[static_cast<std::size_t>(t)] = first = std::min(first, first_row(spans[t]));
  parts->clear();
  std::int64_t end = 0;
  for (std::int64_t t = 0; t < rows; ++t) {
    if (t == 0 || end <= (*first_after)[static_cast<std::size_t>(t)]) parts->push_back({t, t, 0});
    end = std::max(end, end_row(spans[t]));
    parts->back().end = t + 1;
    parts->back().keys += spans[t].count();
  }
  std::sort(parts->begin(), parts->end(), [](const Work& x, const Work& y) {
    return x.keys != y.keys ? x.keys > y.keys : x.begin < y.begin;
  });
}

}  // namespace

void attention_backward(const Attention& a, std::int64_t rows, const Span* spans, const float* q,
                        const float* k, const float* v, const float* out, const float* lse,
                        const float* d_out, float* dq, float* dk, float* dv) {
  if (rows == 0) return;
  const AttentionBackwardCall call{a, spans, q, k, v, out, lse, d_out, dq, dk, dv};
  thread_local std::vector<std::int64_t> first_after;
  thread_local std::vector<Work> buffer;
  std::vector<Work>& parts = buffer;  // the caller's, in other threads as well
  cut_apart(rows, spans, &first_after, &parts);
  take_units(std::ssize(parts) * a.shape.kv_heads, worth_threads(a, rows, spans), [&](std::int64_t unit) {
    const Work& work = parts[static_cast<std::size_t>(unit / a.shape.kv_heads)];
    HWY_DYNAMIC_DISPATCH(attention_backward_unit)(call, unit % a.shape.kv_heads, work.begin, work.end);
  });
}

}  // namespace hone::kernel
#endif  // HWY_ONCE
