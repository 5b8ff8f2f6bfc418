// Log-probabilities and entropies of tokens, in chunks of logits: CPU fp32, with autograd.
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#include "hone/base/threads.h"
#include "hone/tensor/gemm.h"
#include "hone/tensor/ops_kernels.h"

namespace hone::native {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// Rows of logits at once: about 32 MiB of them, in whole row blocks of the product.
std::int64_t chunk_rows(std::int64_t V) {
  return std::clamp<std::int64_t>((8 << 20) / V / 256 * 256, 256, 8192);
}

struct Query {
  const std::int64_t* targets;
  const float* inverse_temperature;
  const std::int32_t* kept_ids = nullptr;
  const std::int64_t* kept_offsets = nullptr;
  float softcap;
  std::int64_t kept_count(std::int64_t row) const {
    return kept_offsets == nullptr ? 0 : kept_offsets[row + 1] - kept_offsets[row];
  }
  const std::int32_t* kept(std::int64_t row) const { return kept_ids + kept_offsets[row]; }
};

Query query_of(const at::Tensor& targets, const at::Tensor& inverse_temperature, const at::Tensor& kept_ids,
               const at::Tensor& kept_offsets, double softcap) {
  Query q{targets.data_ptr<std::int64_t>(), inverse_temperature.data_ptr<float>(), nullptr, nullptr,
          static_cast<float>(softcap)};
  if (kept_offsets.defined()) {
    q.kept_ids = kept_ids.data_ptr<std::int32_t>();
    q.kept_offsets = kept_offsets.data_ptr<std::int64_t>();
  }
  return q;
}

// Calls body(row, z) for every row, z being its scaled logits [V]; `after` sees each chunk (first row, rows,
// z) whole.
template <class Body, class After>
void each_logit_row(const at::Tensor& hidden, const at::Tensor& head, const Query& q, const Body& body,
                    const After& after) {
  const std::int64_t N = hidden.size(0), H = hidden.size(1), V = head.size(0);
  const std::int64_t chunk = std::min(chunk_rows(V), N);
  std::vector<float> logits(static_cast<std::size_t>(chunk * V));
  for (std::int64_t begin = 0; begin < N; begin += chunk) {
    const std::int64_t n = std::min(chunk, N - begin);
    gemm_nt(n, V, H, hidden.data_ptr<float>() + begin * H, head.data_ptr<float>(), logits.data());
    parallel_for(n, std::max<std::int64_t>(1, 4096 / V), [&](std::int64_t b, std::int64_t e) {
      for (std::int64_t i = b; i < e; ++i) {
        float* z = logits.data() + i * V;
        kernel::scale_logits(V, q.softcap, q.inverse_temperature[begin + i], z);
        body(begin + i, z);
      }
    });
    after(begin, n, logits.data());
  }
}

struct ScoreFunction : Function<ScoreFunction> {
  static variable_list forward(AutogradContext* ctx, const at::Tensor& hidden, const at::Tensor& head,
                               const at::Tensor& targets, const at::Tensor& inverse_temperature,
                               const c10::optional<at::Tensor>& maybe_kept_ids,
                               const c10::optional<at::Tensor>& maybe_kept_offsets, double softcap) {
    const auto kept_ids = maybe_kept_ids.value_or(at::Tensor());
    const auto kept_offsets = maybe_kept_offsets.value_or(at::Tensor());
    const std::int64_t N = hidden.size(0), V = head.size(0);
    auto logprobs = at::empty({N}, hidden.options()), entropy = at::empty({N}, hidden.options());
    auto max_lse = at::empty({N, 2}, hidden.options());
    float *lp = logprobs.data_ptr<float>(), *h = entropy.data_ptr<float>(), *ml = max_lse.data_ptr<float>();
    const Query q = query_of(targets, inverse_temperature, kept_ids, kept_offsets, softcap);
    each_logit_row(
        hidden, head, q,
        [&](std::int64_t row, float* z) {
          const auto target = q.targets[row];
          const auto kept = q.kept_count(row);
          const auto stats =
              kept > 0 ? kernel::row_stats_kept(z, q.kept(row), kept) : kernel::row_stats(V, z);
          lp[row] = z[target] - stats.lse;
          h[row] = stats.entropy;
          ml[2 * row] = stats.max;
          ml[2 * row + 1] = stats.lse;
        },
        [](std::int64_t, std::int64_t, float*) {});
    if (ctx != nullptr) {
      ctx->save_for_backward(
          {hidden, head, targets, inverse_temperature, kept_ids, kept_offsets, entropy, max_lse});
      ctx->saved_data["softcap"] = softcap;
    }
    return {logprobs, entropy};
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const auto &hidden = saved[0], &head = saved[1];
    const std::int64_t N = hidden.size(0), H = hidden.size(1), V = head.size(0);
    const auto softcap = ctx->saved_data["softcap"].toDouble();
    const Query q = query_of(saved[2], saved[3], saved[4], saved[5], softcap);
    const auto g_logprob = grads[0].defined() ? grads[0].contiguous() : at::Tensor();
    const auto g_entropy = grads[1].defined() ? grads[1].contiguous() : at::Tensor();
    const float* gl = g_logprob.defined() ? g_logprob.data_ptr<float>() : nullptr;
    const float* ge = g_entropy.defined() ? g_entropy.data_ptr<float>() : nullptr;
    const float *h = saved[6].data_ptr<float>(), *ml = saved[7].data_ptr<float>();
    auto dx = at::empty({N, H}, hidden.options());
    float* dw = gradient_of(head);
    each_logit_row(
        hidden, head, q,
        [&](std::int64_t row, float* z) {
          const float a = gl != nullptr ? gl[row] : 0.0f, b = ge != nullptr ? ge[row] : 0.0f;
          const kernel::RowStats stats{ml[2 * row], ml[2 * row + 1], h[row]};
          const auto kept = q.kept_count(row);
          if (kept > 0) {
            kernel::row_backward_kept(V, q.kept(row), kept, stats, q.targets[row], a, b, q.softcap,
                                      q.inverse_temperature[row], z);
          } else {
            kernel::row_backward(V, stats, q.targets[row], a, b, q.softcap, q.inverse_temperature[row], z);
          }
        },
        [&](std::int64_t begin, std::int64_t n, float* dz) {
          gemm_nn(n, H, V, dz, head.data_ptr<float>(), dx.data_ptr<float>() + begin * H, false);
          if (dw != nullptr) gemm_tn(V, H, n, dz, hidden.data_ptr<float>() + begin * H, dw);
        });
    return {dx, {}, {}, {}, {}, {}, {}};
  }
};

}  // namespace

HeadScores score_tokens(const at::Tensor& hidden, const at::Tensor& head, const HeadQuery& q) {
  const c10::optional<at::Tensor> ids(q.kept_ids),
      offsets(q.kept_offsets);  // may be undefined, which plain inputs may not
  const auto scores =
      at::GradMode::is_enabled()
          ? ScoreFunction::apply(hidden, head, q.targets_N, q.inverse_temperature_N, ids, offsets, q.softcap)
          : ScoreFunction::forward(nullptr, hidden, head, q.targets_N, q.inverse_temperature_N, ids, offsets,
                                   q.softcap);
  return {scores[0], scores[1]};
}

}  // namespace hone::native
