// What the two passes of attention share and no instruction set changes: a call's arguments, how its rows are
// cut into units of work, and buffers. Internal to the kernels.
//
// The definition, whose orders of summation make a row's bits depend on its query and its keys and values
// alone:
//   score_j = (chain over d of q_d · k_jd) · scale, then the soft cap, for the visible keys j
//   e_j = exp(score_j − max), total = Σ e_j by lanes from the first visible key on
//   out = (chain over j of e_j · v_j) / total, lse = max + log(total)
// and backward, with p_j = exp(score_j − lse), delta = d_out · out and s_j = p_j (d_out · v_j − delta) ·
// scale:
//   dv_j: chain over query rows, heads of a row ascending, of p_j · d_out; dk_j the same of s_j · q;
//   dq: chain over keys of s_j · k_j; each continues what it is added to.
// A chain is s ← fma(a, b, s) in ascending order. Hidden keys may take part with weight 0: that changes no
// sum.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "hone/base/threads.h"
#include "hone/tensor/kernels.h"

namespace hone::kernel {

struct AttentionCall {
  Attention a;
  const Span* spans;
  const float *q, *k, *v;
  float *out, *lse;
};

struct AttentionBackwardCall {
  Attention a;
  const Span* spans;
  const float *q, *k, *v, *out, *lse, *d_out;
  float *dq, *dk, *dv;
};

// Query rows [begin, end) and key/value heads [kv_begin, kv_end) of a call.
struct AttentionUnit {
  std::int64_t begin, end, kv_begin, kv_end;
  bool in_place;  // sequences of few rows, whose own keys are used where they lie
};

inline bool same_prefix(const Span& x, const Span& y) {
  return x.prefix_count == y.prefix_count && (x.prefix_count == 0 || x.prefix_begin == y.prefix_begin);
}

// The end of the rows from `row` on that share its prefix, or its prefix and where its own keys begin.
inline std::int64_t end_of_prefix(const Span* spans, std::int64_t row, std::int64_t end) {
  const Span& first = spans[row];
  while (++row < end && same_prefix(first, spans[row])) {
  }
  return row;
}
inline std::int64_t end_of_sequence(const Span* spans, std::int64_t row, std::int64_t end) {
  const Span& first = spans[row];
  while (++row < end && same_prefix(first, spans[row]) && first.own_begin == spans[row].own_begin) {
  }
  return row;
}

// How many of a span's first keys the window hides.
inline std::int64_t hidden_keys(const Attention& a, const Span& span) {
  return a.window > 0 ? std::max<std::int64_t>(0, span.count() - a.window) : 0;
}

// What some rows of one prefix see of their keys, numbered from the prefix's first on: [first, end).
struct Seen {
  std::int64_t first, end;
};
inline Seen seen_by(const Attention& a, const Span* spans, std::int64_t begin, std::int64_t end) {
  Seen seen{hidden_keys(a, spans[begin]), spans[begin].count()};
  for (std::int64_t t = begin + 1; t < end; ++t) {
    seen.first = std::min(seen.first, hidden_keys(a, spans[t]));
    seen.end = std::max<std::int64_t>(seen.end, spans[t].count());
  }
  return seen;
}

// A buffer on a cache line's edge that only grows. What it held is lost when it does.
class Room {
 public:
  float* of(std::int64_t n) {
    constexpr std::uintptr_t kLine = 64;
    const auto needed = static_cast<std::size_t>(n) + kLine / sizeof(float);
    if (memory_.size() < needed) memory_.resize(needed);
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
    return memory_.data() + ((address + kLine - 1) / kLine * kLine - address) / sizeof(float);
  }

 private:
  std::vector<float> memory_;
};

// Whether a call has enough multiply-adds to wake threads for.
inline bool worth_threads(const Attention& a, std::int64_t rows, const Span* spans) {
  constexpr std::int64_t kWorthThreads = 64 << 10;
  const std::int64_t per_key = 2 * a.shape.q_heads * a.shape.dim;
  std::int64_t keys = 0;
  for (std::int64_t t = 0; t < rows && keys * per_key < kWorthThreads; ++t) keys += spans[t].count();
  return keys * per_key >= kWorthThreads;
}

// Calls body(unit) for every unit, by whichever thread is free. A body must give the same result by any
// thread.
template <class Body>
void take_units(std::int64_t units, bool worth_threads, const Body& body) {
  std::atomic<std::int64_t> next{0};
  const std::int64_t threads = thread_count();
  parallel_for(threads, worth_threads && units > 1 ? 1 : threads, [&](std::int64_t, std::int64_t) {
    for (std::int64_t unit; (unit = next.fetch_add(1, std::memory_order_relaxed)) < units;) body(unit);
  });
}

}  // namespace hone::kernel
