#include "hone/tensor/ops_aten.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace hone::aten {
namespace {

constexpr std::int64_t kHeadChunk = 512;  // rows of logits at once

// Sums and exponentials are taken in fp32 at least.
at::ScalarType wide(const at::Tensor& x) { return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat; }

at::Tensor soft_cap(const at::Tensor& x, double cap) { return cap > 0 ? x.div(cap).tanh().mul(cap) : x; }

// Softmax attention of q [R, Hq, D] over keys [n, Hkv, D]; blocked [R, n] is true where a query must not
// look.
at::Tensor dense_attention(const at::Tensor& q, const at::Tensor& keys, const at::Tensor& values,
                           const at::Tensor& blocked, const AttentionOptions& o) {
  const auto R = q.size(0), n = keys.size(0), share = o.shape.q_heads / o.shape.kv_heads;
  const auto qg =
      q.view({R, o.shape.kv_heads, share, o.shape.dim}).permute({1, 2, 0, 3});  // [Hkv, share, R, D]
  const auto k = keys.permute({1, 2, 0}).unsqueeze(1);                          // [Hkv, 1, D, n]
  const auto v = values.permute({1, 0, 2}).unsqueeze(1);                        // [Hkv, 1, n, D]
  auto scores = soft_cap(qg.matmul(k).to(wide(q)).mul(o.scale), o.softcap);
  scores = scores.masked_fill(blocked.view({1, 1, R, n}), -std::numeric_limits<double>::infinity());
  return scores.softmax(-1).to(q.scalar_type()).matmul(v).permute({2, 0, 1, 3}).reshape({R, -1});
}

// Consecutive rows of one sequence: same prefix, same own_begin, own_count growing by one.
struct Block {
  std::int64_t begin = 0, rows = 0;
};

std::vector<Block> blocks_of(const kernel::Span* spans, std::int64_t rows) {
  std::vector<Block> blocks;
  for (std::int64_t t = 0; t < rows; ++t) {
    if (!blocks.empty()) {
      const kernel::Span &a = spans[t - 1], &b = spans[t];
      if (a.prefix_begin == b.prefix_begin && a.prefix_count == b.prefix_count &&
          a.own_begin == b.own_begin && a.own_count + 1 == b.own_count) {
        ++blocks.back().rows;
        continue;
      }
    }
    blocks.push_back({t, 1});
  }
  return blocks;
}

at::Tensor block_attention(const at::Tensor& q, const at::Tensor& keys, const at::Tensor& values,
                           const kernel::Span* spans, const Block& block, const AttentionOptions& o) {
  const kernel::Span& last = spans[block.begin + block.rows - 1];
  const auto rows_of = [&](const at::Tensor& x) {
    return at::cat(
        {x.narrow(0, last.prefix_begin, last.prefix_count), x.narrow(0, last.own_begin, last.own_count)});
  };
  const std::int64_t n = last.count();
  const auto options = q.options().dtype(at::kLong);
  const auto key = at::arange(n, options).unsqueeze(0);
  const auto seen = at::arange(n - block.rows + 1, n + 1, options).unsqueeze(1);  // keys that each row sees
  auto blocked = key.ge(seen);
  if (o.window > 0) blocked = blocked.logical_or(key.lt(seen.sub(o.window)));
  return dense_attention(q.narrow(0, block.begin, block.rows), rows_of(keys), rows_of(values), blocked, o);
}

// Every row a sequence of its own (decoding): gather all keys into [T, n_max] and mask.
at::Tensor gathered_attention(const at::Tensor& q, const at::Tensor& keys, const at::Tensor& values,
                              const kernel::Span* spans, const AttentionOptions& o) {
  const std::int64_t T = q.size(0), share = o.shape.q_heads / o.shape.kv_heads;
  std::int64_t n = 0;
  for (std::int64_t t = 0; t < T; ++t) n = std::max<std::int64_t>(n, spans[t].count());
  auto rows = at::full({T, n}, 0, at::kLong), blocked = at::full({T, n}, 1, at::kBool);
  auto* row = rows.data_ptr<std::int64_t>();
  auto* hidden = blocked.data_ptr<bool>();
  for (std::int64_t t = 0; t < T; ++t) {
    const kernel::Span& s = spans[t];
    const std::int64_t first = o.window > 0 ? std::max<std::int64_t>(0, s.count() - o.window) : 0;
    for (std::int64_t j = 0; j < s.count(); ++j) {
      row[t * n + j] = j < s.prefix_count ? s.prefix_begin + j : s.own_begin + j - s.prefix_count;
      hidden[t * n + j] = j < first;
    }
  }
  const auto index = rows.view({-1}).to(q.device());
  const auto gather = [&](const at::Tensor& x) {
    return x.index_select(0, index).view({T, n, o.shape.kv_heads, o.shape.dim}).permute({0, 2, 1, 3});
  };
  const auto qg = q.view({T, o.shape.kv_heads, share, o.shape.dim});
  auto scores = soft_cap(qg.matmul(gather(keys).transpose(-1, -2)).to(wide(q)).mul(o.scale), o.softcap);
  scores =
      scores.masked_fill(blocked.view({T, 1, 1, n}).to(q.device()), -std::numeric_limits<double>::infinity());
  return scores.softmax(-1).to(q.scalar_type()).matmul(gather(values)).reshape({T, -1});
}

}  // namespace

at::Tensor linear(const at::Tensor& x, const at::Tensor& w, const at::Tensor& b) {
  const auto y = x.matmul(w.t());
  return b.defined() ? y.add(b) : y;
}

at::Tensor embed(const at::Tensor& ids, const at::Tensor& w, double scale) {
  const auto rows = w.index_select(0, ids.to(w.device()));
  // The scale itself is rounded to the model's dtype, as transformers does.
  return scale == 1.0 ? rows : rows.mul(at::full({}, scale, rows.options()));
}

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& w, double eps, bool add_one) {
  const auto f = x.to(wide(x));
  const auto n = f.mul(f.pow(2).mean(at::IntArrayRef{-1}, /*keepdim=*/true).add(eps).rsqrt());
  if (add_one) return n.mul(w.to(f.scalar_type()).add(1.0)).to(x.scalar_type());
  return n.to(x.scalar_type()).mul(w);
}

at::Tensor gated(const at::Tensor& gate_up, kernel::Activation activation) {
  const auto f = gate_up.size(1) / 2;
  const auto g = gate_up.narrow(1, 0, f), u = gate_up.narrow(1, f, f);
  if (activation == kernel::Activation::kSilu) return g.mul(g.sigmoid()).mul(u);
  const auto inner = g.add(g.pow(3).mul(0.044715)).mul(std::sqrt(2.0 / 3.14159265358979323846));
  return g.mul(0.5).mul(inner.tanh().add(1.0)).mul(u);
}

at::Tensor prepare_qkv(const at::Tensor& qkv, const kernel::HeadShape& shape, const HeadNorms& norms,
                       const RopeTables& rope, const at::Tensor& positions) {
  const std::int64_t T = qkv.size(0), half = shape.dim / 2;
  const auto x = qkv.view({T, shape.q_heads + 2 * shape.kv_heads, shape.dim});
  const auto at_positions = positions.to(qkv.device());
  const auto cos = rope.cos.index_select(0, at_positions).unsqueeze(1).to(qkv.scalar_type());
  const auto sin = rope.sin.index_select(0, at_positions).unsqueeze(1).to(qkv.scalar_type());
  const auto heads = [&](std::int64_t begin, std::int64_t count, const at::Tensor& norm) {
    auto part = x.narrow(1, begin, count);
    if (norm.defined()) part = rms_norm(part, norm, norms.eps, false);
    const auto a = part.narrow(2, 0, half), b = part.narrow(2, half, half);
    return at::cat({a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin))}, 2);
  };
  return at::cat({heads(0, shape.q_heads, norms.q_D), heads(shape.q_heads, shape.kv_heads, norms.k_D),
                  x.narrow(1, shape.q_heads + shape.kv_heads, shape.kv_heads)},
                 1)
      .view({T, shape.qkv_width()});
}

namespace {

// keys, values [rows, Hkv, D]; q [T, Hq, D].
at::Tensor attention(const at::Tensor& q, const at::Tensor& keys, const at::Tensor& values,
                     const at::Tensor& spans, const AttentionOptions& options) {
  const auto* span = reinterpret_cast<const kernel::Span*>(spans.data_ptr<std::int32_t>());
  const auto blocks = blocks_of(span, q.size(0));
  if (static_cast<std::int64_t>(blocks.size()) == q.size(0))
    return gathered_attention(q, keys, values, span, options);
  std::vector<at::Tensor> parts;
  parts.reserve(blocks.size());
  for (const Block& block : blocks) parts.push_back(block_attention(q, keys, values, span, block, options));
  return at::cat(parts);
}

// The query heads, and key and value heads, of qkv rows.
at::Tensor heads(const at::Tensor& qkv, const kernel::HeadShape& s, std::int64_t begin, std::int64_t count) {
  return qkv.view({qkv.size(0), s.q_heads + 2 * s.kv_heads, s.dim}).narrow(1, begin, count);
}

}  // namespace

at::Tensor packed_attention(const at::Tensor& qkv, const at::Tensor& spans, const AttentionOptions& options) {
  const auto& s = options.shape;
  return attention(heads(qkv, s, 0, s.q_heads).contiguous(), heads(qkv, s, s.q_heads, s.kv_heads),
                   heads(qkv, s, s.q_heads + s.kv_heads, s.kv_heads), spans, options);
}

at::Tensor cached_attention(const at::Tensor& qkv, const at::Tensor& keys, const at::Tensor& values,
                            const at::Tensor& cache_rows, const at::Tensor& spans,
                            const AttentionOptions& options) {
  const auto& s = options.shape;
  const auto rows = cache_rows.to(qkv.device());
  keys.index_copy_(0, rows, heads(qkv, s, s.q_heads, s.kv_heads));
  values.index_copy_(0, rows, heads(qkv, s, s.q_heads + s.kv_heads, s.kv_heads));
  return attention(heads(qkv, s, 0, s.q_heads).contiguous(), keys, values, spans, options);
}

at::Tensor head_logits(const at::Tensor& hidden, const at::Tensor& head, double softcap) {
  return soft_cap(hidden.matmul(head.t()).to(wide(hidden)), softcap);
}

HeadScores score_tokens(const at::Tensor& hidden, const at::Tensor& head, const HeadQuery& query) {
  const auto N = hidden.size(0), V = head.size(0);
  const auto device = hidden.device();
  const auto type = wide(hidden);
  std::vector<at::Tensor> logprobs, entropies;
  for (std::int64_t begin = 0; begin < N; begin += kHeadChunk) {
    const auto n = std::min(kHeadChunk, N - begin);
    auto z = soft_cap(hidden.narrow(0, begin, n).matmul(head.t()).to(type), query.softcap);
    z = z.mul(query.inverse_temperature_N.narrow(0, begin, n).to(device).unsqueeze(1).to(type));
    if (query.kept_offsets.defined()) {
      auto dropped = at::full({n, V}, 0, at::kBool);
      const auto* offsets = query.kept_offsets.data_ptr<std::int64_t>() + begin;
      const auto* ids = query.kept_ids.data_ptr<std::int32_t>();
      for (std::int64_t i = 0; i < n; ++i) {
        if (offsets[i] == offsets[i + 1]) continue;
        bool* row = dropped.data_ptr<bool>() + i * V;
        std::fill(row, row + V, true);
        for (auto j = offsets[i]; j < offsets[i + 1]; ++j) row[ids[j]] = false;
      }
      z = z.masked_fill(dropped.to(device), -1e30);
    }
    const auto log_p = z.log_softmax(-1);
    const auto target = query.targets_N.narrow(0, begin, n).to(device).unsqueeze(1);
    logprobs.push_back(log_p.gather(1, target).squeeze(1));
    entropies.push_back(log_p.exp().mul(log_p).sum(at::IntArrayRef{-1}).neg());
  }
  if (logprobs.empty()) {
    const auto none = at::empty({0}, hidden.options().dtype(type));
    return {none, none};
  }
  return {at::cat(logprobs), at::cat(entropies)};
}

}  // namespace hone::aten
