// score_tokens on the CPU in fp32, with autograd.
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "hone/tensor/head.h"
#include "hone/tensor/ops_kernels.h"

namespace hone::native {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

struct ScoreFunction : Function<ScoreFunction> {
  static variable_list forward(AutogradContext* ctx, const at::Tensor& hidden, const at::Tensor& head,
                               const at::Tensor& targets, const at::Tensor& inverse_temperature,
                               const c10::optional<at::Tensor>& maybe_kept_ids,
                               const c10::optional<at::Tensor>& maybe_kept_offsets, double softcap) {
    const HeadQuery query{targets, inverse_temperature, maybe_kept_ids.value_or(at::Tensor()),
                          maybe_kept_offsets.value_or(at::Tensor()), softcap};
    const std::int64_t N = hidden.size(0);
    auto logprobs = at::empty({N}, hidden.options()), entropy = at::empty({N}, hidden.options());
    auto kept_stats = at::empty({N, 3}, hidden.options());
    static_assert(sizeof(kernel::RowStats) == 3 * sizeof(float));
    auto* stats = reinterpret_cast<kernel::RowStats*>(kept_stats.data_ptr<float>());
    HeadTask task = head_task(head, query);
    task.hidden = hidden.data_ptr<float>();
    score_rows(task, logprobs.data_ptr<float>(), stats);
    for (std::int64_t i = 0; i < N; ++i) entropy.data_ptr<float>()[i] = stats[i].entropy;
    if (ctx != nullptr) {
      ctx->save_for_backward(
          {hidden, head, targets, inverse_temperature, query.kept_ids, query.kept_offsets, kept_stats});
      ctx->saved_data["softcap"] = softcap;
    }
    return {logprobs, entropy};
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const auto &hidden = saved[0], &head = saved[1];
    const HeadQuery query{saved[2], saved[3], saved[4], saved[5], ctx->saved_data["softcap"].toDouble()};
    const auto by_logprob = grads[0].defined() ? grads[0].contiguous() : at::Tensor();
    const auto by_entropy = grads[1].defined() ? grads[1].contiguous() : at::Tensor();
    auto d_hidden = at::empty(hidden.sizes(), hidden.options());
    HeadTask task = head_task(head, query);
    task.hidden = hidden.data_ptr<float>();
    score_rows_backward(task, reinterpret_cast<const kernel::RowStats*>(saved[6].data_ptr<float>()),
                        by_logprob.defined() ? by_logprob.data_ptr<float>() : nullptr,
                        by_entropy.defined() ? by_entropy.data_ptr<float>() : nullptr,
                        d_hidden.data_ptr<float>(), gradient_of(head));
    return {d_hidden, {}, {}, {}, {}, {}, {}};
  }
};

}  // namespace

float* gradient_of(const at::Tensor& weight) {
  if (!weight.requires_grad()) return nullptr;
  if (!weight.grad().defined()) weight.mutable_grad() = at::zeros_like(weight);
  return weight.mutable_grad().data_ptr<float>();
}

HeadTask head_task(const at::Tensor& head, const HeadQuery& q) {
  check_query(q.targets_N.size(0), head.size(0), q);
  HeadTask task{q.targets_N.size(0),
                head.size(0),
                head.size(1),
                nullptr,
                head.data_ptr<float>(),
                q.targets_N.data_ptr<std::int64_t>(),
                q.inverse_temperature_N.data_ptr<float>()};
  if (q.kept_offsets.defined()) {
    task.kept_ids = q.kept_ids.data_ptr<std::int32_t>();
    task.kept_offsets = q.kept_offsets.data_ptr<std::int64_t>();
  }
  task.softcap = static_cast<float>(q.softcap);
  return task;
}

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
