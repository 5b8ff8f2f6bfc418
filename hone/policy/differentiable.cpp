#include "hone/policy/differentiable.h"

#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>

#include "hone/tensor/ops_kernels.h"

namespace hone {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

struct Pass : torch::CustomClassHolder {
  Trunk* trunk = nullptr;
  const Decoder* decoder = nullptr;
  at::Tensor ids, positions, spans;
  Activations kept;
  PassRows rows() const {
    return {ids.size(0), ids.data_ptr<std::int64_t>(), positions.data_ptr<std::int64_t>(),
            reinterpret_cast<const kernel::Span*>(spans.data_ptr<std::int32_t>())};
  }
};

struct TrunkFunction : Function<TrunkFunction> {
  // The embedding stands for all weights: the others' gradients are added where they are.
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& /*embedding*/,
                            const c10::intrusive_ptr<Pass>& pass) {
    const PassRows rows = pass->rows();
    auto hidden = at::empty({rows.count, pass->decoder->config.hidden_size}, at::kFloat);
    pass->kept.reserve(*pass->decoder, rows.count, /*every_layer=*/true);
    pass->trunk->forward(rows, {}, pass->kept, 0, hidden.data_ptr<float>());
    ctx->saved_data["pass"] = c10::IValue::make_capsule(pass);
    return hidden;
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto capsule = ctx->saved_data["pass"].toCapsule();
    const auto& pass = static_cast<const Pass&>(*capsule);
    const PassRows rows = pass.rows();
    const auto d_hidden = grads[0].contiguous();
    auto d_x = at::empty(d_hidden.sizes(), at::kFloat);
    pass.trunk->backward(
        rows, {}, [&](std::size_t i) { return pass.kept.layer(i); }, nullptr, d_hidden.data_ptr<float>(),
        d_x.data_ptr<float>());
    if (float* gradient = native::gradient_of(pass.decoder->embedding)) {
      EmbeddingGradient sums;
      sums.add(rows.count, d_x.size(1), rows.ids, d_x.data_ptr<float>(), pass.decoder->embedding_scale());
      sums.fold_into(gradient);
    }
    return {at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor differentiable_forward(Trunk& trunk, const Decoder& decoder, const at::Tensor& ids,
                                  const at::Tensor& positions, const at::Tensor& spans) {
  auto pass = c10::make_intrusive<Pass>();
  pass->trunk = &trunk;
  pass->decoder = &decoder;
  pass->ids = ids, pass->positions = positions, pass->spans = spans;
  return TrunkFunction::apply(decoder.embedding, pass);
}

}  // namespace hone
