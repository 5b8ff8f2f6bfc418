#include "hone/tensor/ops.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "hone/base/check.h"
#include "hone/base/threads.h"
#include "hone/tensor/gemm.h"
#include "hone/tensor/ops_aten.h"
#include "hone/tensor/ops_kernels.h"

namespace hone {
namespace {

// One tensor decides: a policy's tensors share device and dtype.
bool native_path(const at::Tensor& t) { return has_kernels(t); }

// The query heads, and key and value heads, of qkv rows.
at::Tensor heads(const at::Tensor& qkv, const kernel::HeadShape& s, std::int64_t begin, std::int64_t count) {
  return qkv.view({qkv.size(0), s.q_heads + 2 * s.kv_heads, s.dim}).narrow(1, begin, count);
}

// Before any thread starts: an exception that left one would end the program.
void check_query(std::int64_t N, std::int64_t V, const HeadQuery& q) {
  HONE_CHECK(q.targets_N.size(0) == N && q.inverse_temperature_N.size(0) == N,
             "{} rows, {} targets, {} temperatures", N, q.targets_N.size(0), q.inverse_temperature_N.size(0));
  const auto* targets = q.targets_N.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < N; ++i) {
    HONE_CHECK(targets[i] >= 0 && targets[i] < V, "target {} is outside the vocabulary of {}", targets[i], V);
  }
  if (!q.kept_offsets.defined()) return;
  HONE_CHECK(q.kept_offsets.size(0) == N + 1, "{} rows, {} offsets", N, q.kept_offsets.size(0));
  const auto* offsets = q.kept_offsets.data_ptr<std::int64_t>();
  const auto* ids = q.kept_ids.data_ptr<std::int32_t>();
  for (std::int64_t i = 0; i < N; ++i) {
    const std::int32_t *begin = ids + offsets[i], *end = ids + offsets[i + 1];
    if (begin == end) continue;
    HONE_CHECK(std::adjacent_find(begin, end, std::greater_equal<>()) == end && *begin >= 0 && end[-1] < V,
               "the kept ids of row {} must ascend within the vocabulary of {}", i, V);
    HONE_CHECK(std::binary_search(begin, end, targets[i]), "target {} of row {} is not among its kept ids",
               targets[i], i);
  }
}

}  // namespace

at::Tensor make_spans(const std::vector<kernel::Span>& spans) {
  static_assert(sizeof(kernel::Span) == 4 * sizeof(std::int32_t));
  auto tensor = at::empty({static_cast<std::int64_t>(spans.size()), 4}, at::kInt);
  std::memcpy(tensor.data_ptr<std::int32_t>(), spans.data(), spans.size() * sizeof(kernel::Span));
  return tensor;
}

at::Tensor linear(const at::Tensor& x, const at::Tensor& w, const at::Tensor& b) {
  return native_path(x) ? native::linear(x, w, b) : aten::linear(x, w, b);
}

at::Tensor embed(const at::Tensor& ids, const at::Tensor& w, double scale) {
  return native_path(w) ? native::embed(ids, w, scale) : aten::embed(ids, w, scale);
}

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& w, double eps, bool add_one) {
  return native_path(x) ? native::rms_norm(x, w, eps, add_one) : aten::rms_norm(x, w, eps, add_one);
}

at::Tensor gated(const at::Tensor& gate_up, kernel::Activation activation) {
  return native_path(gate_up) ? native::gated(gate_up, activation) : aten::gated(gate_up, activation);
}

at::Tensor gather_rows(const at::Tensor& x, const at::Tensor& rows) {
  return native_path(x) ? native::gather_rows(x, rows) : x.index_select(0, rows.to(x.device()));
}

at::Tensor prepare_qkv(const at::Tensor& qkv, const kernel::HeadShape& shape, const HeadNorms& norms,
                       const RopeTables& rope, const at::Tensor& positions) {
  return native_path(qkv) ? native::prepare_qkv(qkv, shape, norms, rope, positions)
                          : aten::prepare_qkv(qkv, shape, norms, rope, positions);
}

at::Tensor packed_attention(const at::Tensor& qkv, const at::Tensor& spans, const AttentionOptions& options) {
  if (native_path(qkv)) return native::packed_attention(qkv, spans, options);
  const auto& s = options.shape;
  return aten::attention(heads(qkv, s, 0, s.q_heads).contiguous(), heads(qkv, s, s.q_heads, s.kv_heads),
                         heads(qkv, s, s.q_heads + s.kv_heads, s.kv_heads), spans, options);
}

at::Tensor cached_attention(const at::Tensor& qkv, const at::Tensor& keys, const at::Tensor& values,
                            const at::Tensor& cache_rows, const at::Tensor& spans,
                            const AttentionOptions& options) {
  if (native_path(qkv)) return native::cached_attention(qkv, keys, values, cache_rows, spans, options);
  const auto& s = options.shape;
  const auto rows = cache_rows.to(qkv.device());
  keys.index_copy_(0, rows, heads(qkv, s, s.q_heads, s.kv_heads));
  values.index_copy_(0, rows, heads(qkv, s, s.q_heads + s.kv_heads, s.kv_heads));
  return aten::attention(heads(qkv, s, 0, s.q_heads).contiguous(), keys, values, spans, options);
}

HeadScores score_tokens(const at::Tensor& hidden, const at::Tensor& head, const HeadQuery& query) {
  check_query(hidden.size(0), head.size(0), query);
  return native_path(hidden) ? native::score_tokens(hidden, head, query)
                             : aten::score_tokens(hidden, head, query);
}

at::Tensor head_logits(const at::Tensor& hidden, const at::Tensor& head, double softcap) {
  if (!native_path(hidden)) return aten::head_logits(hidden, head, softcap);
  const auto N = hidden.size(0), V = head.size(0);
  auto z = at::empty({N, V}, hidden.options());
  gemm_nt(N, V, hidden.size(1), hidden.data_ptr<float>(), head.data_ptr<float>(), z.data_ptr<float>());
  if (softcap > 0) {
    parallel_for(N, 1, [&](std::int64_t b, std::int64_t e) {
      for (std::int64_t i = b; i < e; ++i) {
        kernel::scale_logits(V, static_cast<float>(softcap), 1.0f, z.data_ptr<float>() + i * V);
      }
    });
  }
  return z;
}

}  // namespace hone
