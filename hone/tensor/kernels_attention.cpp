// Attention over spans, forward, by register tiles. The definition is in kernels_attention.h: every sum is a
// chain in a fixed order, so what is computed together is a matter of speed alone.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hone/tensor/kernels_attention.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "hone/tensor/kernels_attention-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hone::kernel {
namespace HWY_NAMESPACE {

struct ForwardRooms {
  Room q, scores, sums, inverse, prefix_k, prefix_v, own_k, own_v, panel;
  std::vector<std::int64_t> ends;  // of a block's tiles of queries: the most own keys that one sees
};

// Some key/value heads of rows with the same prefix. Keys are numbered from the prefix's first on; of a block
// of rows, key j's scores are column j − base.
class Forward {
 public:
  Forward(const AttentionCall& call, const AttentionUnit& unit, ForwardRooms& rooms)
      : a_(call.a),
        call_(call),
        unit_(unit),
        rooms_(rooms),
        heads_(unit.kv_end - unit.kv_begin),
        dim_(a_.shape.dim),
        share_(a_.shape.q_heads / a_.shape.kv_heads),
        width_(tile_columns()),
        padded_(round_up(dim_, width_)),
        k_(call.k + unit.kv_begin * dim_),
        v_(call.v + unit.kv_begin * dim_) {
    const Seen seen = seen_by(a_, call.spans, unit.begin, unit.end);
    prefix_ = call.spans[unit.begin].prefix_count;
    prefix_from_ = std::min(prefix_, round_down(seen.first, width_));
    stride_ = seen.end - seen.first + 4 * width_;
    // Whole tiles, whose scores stay in the second cache.
    constexpr std::int64_t kQueries = 48, kScores = 48 << 10;
    const std::int64_t step = kTileRows / std::gcd(kTileRows, share_);
    rows_ = round_down(std::min(kQueries, kScores / (stride_ * heads_)) / share_, step);
    rows_ = std::min(std::max(step, rows_), unit.end - unit.begin);
    queries_ = rows_ * share_;
    q_ = rooms.q.of(heads_ * queries_ * padded_), sums_ = rooms.sums.of(heads_ * queries_ * padded_);
    scores_ = rooms.scores.of(heads_ * queries_ * stride_), inverse_ = rooms.inverse.of(heads_ * queries_);
    rooms.ends.resize(static_cast<std::size_t>(queries_ / kTileRows + 1));
    ends_ = rooms.ends.data();
  }

  void run() {
    const Span* spans = call_.spans;
    const std::int64_t begin = unit_.begin, end = unit_.end;
    const std::int64_t count = prefix_ - prefix_from_, first = spans[begin].prefix_begin + prefix_from_;
    prefix_k_ = rooms_.prefix_k.of(heads_ * round_up(count, width_) * dim_);
    prefix_v_ = rooms_.prefix_v.of(heads_ * count * padded_);
    for (std::int64_t h = 0; h < heads_; ++h) gather(h, count, first, prefix_k_, prefix_v_);
    if (unit_.in_place) {
      for (std::int64_t row = begin, last; row < end; row = last) {
        last = row;
        for (std::int64_t next; last < end; last = next) {
          next = end_of_sequence(spans, last, end);
          if (next - row > rows_) break;
        }
        block(row, last);
      }
      return;
    }
    for (std::int64_t row = begin, last; row < end;) {
      last = end_of_sequence(spans, row, end);
      const Seen own = seen_by(a_, spans, row, last);
      own_from_ = own_begin_of(own.first);
      own_count_ = own.end - prefix_ - own_from_;
      own_k_ = rooms_.own_k.of(heads_ * round_up(own_count_, width_) * dim_);
      own_v_ = rooms_.own_v.of(heads_ * own_count_ * padded_);
      for (std::int64_t h = 0; h < heads_; ++h)
        gather(h, own_count_, spans[row].own_begin + own_from_, own_k_, own_v_);
      for (std::int64_t next; row < last; row = next) {
        next = std::min(last, row + rows_);
        block(row, next);
      }
    }
  }

 private:
  float* q(std::int64_t h) const { return q_ + h * queries_ * padded_; }
  float* sums(std::int64_t h) const { return sums_ + h * queries_ * padded_; }
  // Of a head and a query, from key number j on.
  float* scores(std::int64_t h, std::int64_t query, std::int64_t j) const {
    return scores_ + (h * queries_ + query) * stride_ + j - base_;
  }

  // Head h of `count` key rows, as panels, at its place among the heads' panels.
  void gather(std::int64_t h, std::int64_t count, std::int64_t first, float* keys, float* values) const {
    const std::int64_t at = first * a_.kv_stride + h * dim_;
    transposed_panels(count, dim_, k_ + at, a_.kv_stride, keys + h * round_up(count, width_) * dim_);
    column_panels(count, dim_, v_ + at, a_.kv_stride, values + h * count * padded_);
  }

  // Of rows that see key number `first` first: the number among their own of the first to compute.
  std::int64_t own_begin_of(std::int64_t first) const {
    return round_down(std::max<std::int64_t>(0, first - prefix_), width_);
  }

  // Rows of one sequence, or whole sequences.
  void block(std::int64_t begin, std::int64_t end) {
    begin_ = begin, end_ = end;
    const std::int64_t m = (end - begin) * share_, first = seen_by(a_, call_.spans, begin, end).first;
    const std::int64_t from = std::min(prefix_, round_down(first, width_)), count = prefix_ - prefix_from_;
    base_ = from < prefix_ ? from : prefix_ + own_begin_of(first);
    for (std::int64_t h = 0; h < heads_; ++h) {
      const std::int64_t head = (unit_.kv_begin + h) * share_ * dim_;
      pack_heads(begin, end, share_, dim_, call_.q + head, a_.q_stride, q(h), padded_);
      for (std::int64_t j = from; j < prefix_; j += width_) {
        const float* panel = prefix_k_ + (h * round_up(count, width_) + j - prefix_from_) * dim_;
        for (std::int64_t i = 0; i < m; i += kTileRows)
          score_tile(h, i, std::min(m, i + kTileRows), panel, j);
      }
    }
    for (std::int64_t row = begin, next; row < end; row = next) {
      next = end_of_sequence(call_.spans, row, end);
      unit_.in_place ? own_scores_in_place(row, next) : own_scores(row, next);
      weigh(row, next);
    }
    for (std::int64_t h = 0; h < heads_; ++h) {
      std::fill_n(sums(h), m * padded_, 0.0f);
      for (std::int64_t c = 0; from < prefix_ && c < padded_; c += width_) {
        const float* values = prefix_v_ + (h * padded_ + c) * count + (from - prefix_from_) * width_;
        add_product(m, width_, prefix_ - from, scores(h, 0, from), stride_, values, width_, sums(h) + c,
                    padded_);
      }
    }
    for (std::int64_t row = begin, next; row < end; row = next) {
      next = end_of_sequence(call_.spans, row, end);
      unit_.in_place ? own_values_in_place(row, next) : own_values(row, next);
    }
    finish();
  }

  // Queries [i, last) against the panel of keys that begins with number j.
  void score_tile(std::int64_t h, std::int64_t i, std::int64_t last, const float* panel, std::int64_t j) {
    tile_of<2>(last - i, dim_, q(h) + i * padded_, padded_, 1, panel, width_, scores(h, i, j), stride_,
               false);
  }

  // Own keys brought together: rows [begin, end) are the block.
  void own_scores(std::int64_t begin, std::int64_t end) {
    const std::int64_t m = (end - begin) * share_;
    std::int64_t most = 0;
    for (std::int64_t i = 0; i < m; i += kTileRows) {
      const std::int64_t last = std::min(m, i + kTileRows) - 1;
      const Seen seen = seen_by(a_, call_.spans, begin + i / share_, begin + last / share_ + 1);
      ends_[i / kTileRows] = seen.end - prefix_;
      most = std::max(most, seen.end - prefix_);
    }
    for (std::int64_t h = 0; h < heads_; ++h) {
      for (std::int64_t j = std::max(own_from_, base_ - prefix_); j < most; j += width_) {
        const float* panel = own_k_ + (h * round_up(own_count_, width_) + j - own_from_) * dim_;
        for (std::int64_t i = 0; i < m; i += kTileRows) {
          if (j < ends_[i / kTileRows]) score_tile(h, i, std::min(m, i + kTileRows), panel, prefix_ + j);
        }
      }
    }
  }

  void own_values(std::int64_t begin, std::int64_t end) {
    const std::int64_t m = (end - begin) * share_, from = std::max(own_from_, base_ - prefix_);
    for (std::int64_t h = 0; h < heads_; ++h) {
      for (std::int64_t c = 0; c < padded_; c += width_) {
        const float* values = own_v_ + (h * padded_ + c) * own_count_ + (from - own_from_) * width_;
        for (std::int64_t i = 0; i < m; i += kTileRows) {
          add_product(std::min(kTileRows, m - i), width_, ends_[i / kTileRows] - from,
                      scores(h, i, prefix_ + from), stride_, values, width_, sums(h) + i * padded_ + c,
                      padded_);
        }
      }
    }
  }

  // Calls body(first, count, row, ahead) for the own keys of the rows [begin, end) where they lie, some at a
  // time and all heads of those: from number `first` of them on, in key row `row` and after. What is used
  // next lies `ahead` floats further.
  template <class Body>
  void each_part(std::int64_t begin, std::int64_t end, const Body& body) const {
    const Seen seen = seen_by(a_, call_.spans, begin, end);
    const std::int64_t stop = seen.end - prefix_, at = call_.spans[begin].own_begin, wide = 2 * width_;
    for (std::int64_t j = own_begin_of(seen.first); j < stop; j += wide) {
      std::int64_t ahead = j + wide < stop ? wide : 0;
      if (ahead == 0 && end < end_) {
        const Span& next = call_.spans[end];
        ahead = next.own_begin + own_begin_of(hidden_keys(a_, next)) - at - j;
      }
      body(j, std::min(wide, stop - j), at + j, ahead * a_.kv_stride);
    }
  }

  void own_scores_in_place(std::int64_t begin, std::int64_t end) {
    const std::int64_t m = (end - begin) * share_, query = (begin - begin_) * share_, wide = 2 * width_;
    float* panel = rooms_.panel.of(wide * dim_);
    each_part(begin, end, [&](std::int64_t first, std::int64_t count, std::int64_t row, std::int64_t ahead) {
      for (std::int64_t h = 0; h < heads_; ++h) {
        const float* keys = k_ + row * a_.kv_stride + h * dim_;
        const std::int64_t next = h + 1 < heads_ ? dim_ : ahead - h * dim_;
        constexpr std::int64_t kStrip = 8;
        for (std::int64_t r = 0; r < count; r += kStrip) {
          const std::int64_t here = std::min(kStrip, count - r);
          fetch(here, dim_, keys + r * a_.kv_stride + next, a_.kv_stride);
          transpose(here, dim_, keys + r * a_.kv_stride, a_.kv_stride, panel + r, wide);
        }
        product<false, false>(m, round_up(count, width_), dim_, q(h) + query * padded_, padded_, panel, wide,
                              scores(h, query, prefix_ + first), stride_, 0);
      }
    });
  }

  void own_values_in_place(std::int64_t begin, std::int64_t end) {
    const std::int64_t m = (end - begin) * share_, query = (begin - begin_) * share_;
    float* panels = rooms_.panel.of(2 * width_ * padded_);
    each_part(begin, end, [&](std::int64_t first, std::int64_t count, std::int64_t row, std::int64_t ahead) {
      for (std::int64_t h = 0; h < heads_; ++h) {
        const float *values = v_ + row * a_.kv_stride + h * dim_,
                    *weights = scores(h, query, prefix_ + first);
        float* to = sums(h) + query * padded_;
        const std::int64_t next = h + 1 < heads_ ? dim_ : ahead - h * dim_;
        if (padded_ == dim_) {
          product<true, true>(m, dim_, count, weights, stride_, values, a_.kv_stride, to, padded_, next);
          continue;
        }
        column_panels(count, dim_, values, a_.kv_stride, panels);
        for (std::int64_t c = 0; c < padded_; c += width_)
          add_product(m, width_, count, weights, stride_, panels + c * count, width_, to + c, padded_);
      }
    });
  }

  // Scores → weights of rows [begin, end) of a sequence, 0 for keys that a row does not see.
  void weigh(std::int64_t begin, std::int64_t end) {
    const std::int64_t most = seen_by(a_, call_.spans, begin, end).end;
    for (std::int64_t h = 0; h < heads_; ++h) {
      for (std::int64_t t = begin, query = (begin - begin_) * share_; t < end; ++t) {
        const Seen seen = seen_by(a_, call_.spans, t, t + 1);
        for (std::int64_t i = 0; i < share_; ++i, ++query) {
          float *row = scores(h, query, base_), max = 0.0f;
          std::fill_n(row, seen.first - base_, 0.0f);
          const float total = softmax(a_, seen.end - seen.first, row + seen.first - base_, &max);
          std::fill(row + seen.end - base_, row + most - base_, 0.0f);
          inverse_[h * queries_ + query] = 1.0f / total;
          if (call_.lse == nullptr) continue;
          call_.lse[t * a_.shape.q_heads + (unit_.kv_begin + h) * share_ + i] = max + std::log(total);
        }
      }
    }
  }

  void finish() const {
    const F d;
    const auto lanes = lane_count();
    for (std::int64_t h = 0; h < heads_; ++h) {
      const float *from = sums(h), *inverses = inverse_ + h * queries_;
      for (std::int64_t t = begin_; t < end_; ++t) {
        float* to = call_.out + (t * a_.shape.q_heads + (unit_.kv_begin + h) * share_) * dim_;
        for (std::int64_t i = 0; i < share_; ++i, from += padded_, to += dim_) {
          const auto inverse = hn::Set(d, *inverses++);
          for (std::int64_t c = 0; c < dim_; c += lanes)
            store_first(hn::Mul(hn::LoadU(d, from + c), inverse), to + c, std::min(lanes, dim_ - c));
        }
      }
    }
  }

  const Attention& a_;
  const AttentionCall& call_;
  const AttentionUnit& unit_;
  ForwardRooms& rooms_;
  const std::int64_t heads_, dim_, share_, width_, padded_;
  const float *const k_, *const v_;
  std::int64_t prefix_ = 0, prefix_from_ = 0, own_from_ = 0, own_count_ = 0;  // keys; those brought together
  std::int64_t rows_ = 0, queries_ = 0, stride_ = 0;                          // of a block, at most
  std::int64_t begin_ = 0, end_ = 0, base_ = 0;                               // the block at hand
  float *prefix_k_ = nullptr, *prefix_v_ = nullptr, *own_k_ = nullptr, *own_v_ = nullptr;
  float *q_ = nullptr, *scores_ = nullptr, *sums_ = nullptr, *inverse_ = nullptr;
  std::int64_t* ends_ = nullptr;
};

void attention_unit(const AttentionCall& call, const AttentionUnit& unit) {
  thread_local ForwardRooms rooms;
  Forward(call, unit, rooms).run();
}

}  // namespace HWY_NAMESPACE
}  // namespace hone::kernel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hone::kernel {

HWY_EXPORT(attention_unit);

namespace {

// Rows of one prefix at a time. Sequences with so few rows that bringing their own keys together is not worth
// it go together, with all heads, so that keys and values stream by once; others, a head at a time, are cut
// after a sequence where that suffices and within one where it does not.
void cut_units(const Attention& a, std::int64_t rows, const Span* spans, std::vector<AttentionUnit>* units) {
  const std::int64_t heads = a.shape.kv_heads, share = a.shape.q_heads / heads, threads = thread_count();
  const auto few = [&](std::int64_t count) { return count == 1 || count * share <= kTileRows; };
  const std::int64_t fair = std::max<std::int64_t>(1, rows / (2 * threads));
  const bool by_head = rows < 2 * threads;
  const std::int64_t most = std::clamp<std::int64_t>(rows * heads / (2 * threads), 16, 128);
  units->clear();
  const auto add = [&](std::int64_t begin, std::int64_t end, bool in_place, bool all_heads) {
    for (std::int64_t h = 0; h < heads; h += all_heads ? heads : 1)
      units->push_back({begin, end, h, all_heads ? heads : h + 1, in_place});
  };
  for (std::int64_t begin = 0, end; begin < rows; begin = end) {
    const std::int64_t last = end_of_prefix(spans, begin, rows);
    end = end_of_sequence(spans, begin, last);
    const bool in_place = few(end - begin);
    for (std::int64_t next; end < last; end = next) {  // more sequences of the same kind
      next = end_of_sequence(spans, end, last);
      if (few(next - end) != in_place || next - begin > (in_place ? std::min<std::int64_t>(32, fair) : most))
        break;
    }
    if (in_place) {
      add(begin, end, true, !by_head);
      continue;
    }
    for (std::int64_t b = begin; b < end; b += most) add(b, std::min(end, b + most), false, false);
  }
}

}  // namespace

void attention(const Attention& a, std::int64_t rows, const Span* spans, const float* q, const float* k,
               const float* v, float* out, float* lse) {
  const AttentionCall call{a, spans, q, k, v, out, lse};
  thread_local std::vector<AttentionUnit> buffer;
  std::vector<AttentionUnit>& units = buffer;  // the caller's, in other threads as well
  cut_units(a, rows, spans, &units);
  take_units(std::ssize(units), worth_threads(a, rows, spans), [&](std::int64_t unit) {
    HWY_DYNAMIC_DISPATCH(attention_unit)(call, units[static_cast<std::size_t>(unit)]);
  });
}

}  // namespace hone::kernel
#endif  // HWY_ONCE
