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

}  // namespace

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

at::Tensor make_spans(const std::vector<kernel::Span>& spans) {
  static_assert(sizeof(kernel::Span) == 4 * sizeof(std::int32_t));
  auto tensor = at::empty({static_cast<std::int64_t>(spans.size()), 4}, at::kInt);
  std::memcpy(tensor.data_ptr<std::int32_t>(), spans.data(), spans.size() * sizeof(kernel::Span));
  return tensor;
}

at::Tensor gather_rows(const at::Tensor& x, const at::Tensor& rows) {
  return x.index_select(0, rows.to(x.device()));
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
