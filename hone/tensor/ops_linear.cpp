// Products, embedding and row gathering: CPU fp32, with autograd.
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cstring>

#include "hone/base/check.h"
#include "hone/base/threads.h"
#include "hone/tensor/gemm.h"
#include "hone/tensor/ops_kernels.h"

namespace hone::native {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

at::Tensor multiply(const at::Tensor& x, const at::Tensor& w, const at::Tensor& b) {
  const auto T = x.size(0), I = x.size(1), O = w.size(0);
  HONE_CHECK(w.size(1) == I, "x has {} columns, w {}", I, w.size(1));
  auto y = at::empty({T, O}, x.options());
  gemm_nt(T, O, I, x.data_ptr<float>(), w.data_ptr<float>(), y.data_ptr<float>());
  if (b.defined()) {
    const float* bias = b.data_ptr<float>();
    float* out = y.data_ptr<float>();
    for (std::int64_t t = 0; t < T; ++t) {
      for (std::int64_t o = 0; o < O; ++o) out[t * O + o] += bias[o];
    }
  }
  return y;
}

struct LinearFunction : Function<LinearFunction> {
  // Inputs that may be undefined travel as optionals: autograd wants every tensor input defined.
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& w,
                            const c10::optional<at::Tensor>& bias) {
    const auto b = bias.value_or(at::Tensor());
    ctx->save_for_backward({x, w, b});
    return multiply(x, w, b);
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const auto &x = saved[0], &w = saved[1], &b = saved[2];
    const auto dy = grads[0].contiguous();
    const auto T = x.size(0), I = x.size(1), O = w.size(0);
    const float* d = dy.data_ptr<float>();
    if (float* dw = gradient_of(w)) gemm_tn(O, I, T, d, x.data_ptr<float>(), dw);
    if (float* db = b.defined() ? gradient_of(b) : nullptr) {
      for (std::int64_t t = 0; t < T; ++t) {
        for (std::int64_t o = 0; o < O; ++o) db[o] += d[t * O + o];
      }
    }
    at::Tensor dx;
    if (ctx->needs_input_grad(0)) {
      dx = at::empty({T, I}, x.options());
      gemm_nn(T, I, O, d, w.data_ptr<float>(), dx.data_ptr<float>(), false);
    }
    return {dx, at::Tensor(), at::Tensor()};
  }
};

at::Tensor look_up(const at::Tensor& ids, const at::Tensor& w, double scale) {
  const auto T = ids.size(0), H = w.size(1);
  auto y = at::empty({T, H}, w.options());
  const auto* id = ids.data_ptr<std::int64_t>();
  const float* table = w.data_ptr<float>();
  float* out = y.data_ptr<float>();
  const auto s = static_cast<float>(scale);
  for (std::int64_t t = 0; t < T; ++t) {
    HONE_CHECK(id[t] >= 0 && id[t] < w.size(0), "token id {} is outside the vocabulary of {}", id[t],
               w.size(0));
    for (std::int64_t h = 0; h < H; ++h) out[t * H + h] = table[id[t] * H + h] * s;
  }
  return y;
}

struct EmbedFunction : Function<EmbedFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& w, const at::Tensor& ids, double scale) {
    ctx->save_for_backward({w, ids});
    ctx->saved_data["scale"] = scale;
    return look_up(ids, w, scale);
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const auto &w = saved[0], &ids = saved[1];
    if (float* dw = gradient_of(w)) {
      const auto dy = grads[0].contiguous();
      const auto T = ids.size(0), H = w.size(1);
      const auto* id = ids.data_ptr<std::int64_t>();
      const float* d = dy.data_ptr<float>();
      const auto s = static_cast<float>(ctx->saved_data["scale"].toDouble());
      parallel_for(H, 64,
                   [&](std::int64_t begin, std::int64_t end) {  // columns: row order whatever the threads
                     for (std::int64_t t = 0; t < T; ++t) {
                       for (std::int64_t h = begin; h < end; ++h) dw[id[t] * H + h] += s * d[t * H + h];
                     }
                   });
    }
    return {at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

at::Tensor take(const at::Tensor& x, const at::Tensor& rows) {
  const auto N = rows.size(0), H = x.size(1);
  auto y = at::empty({N, H}, x.options());
  const auto* row = rows.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < N; ++i) {
    std::memcpy(y.data_ptr<float>() + i * H, x.data_ptr<float>() + row[i] * H,
                static_cast<std::size_t>(H) * sizeof(float));
  }
  return y;
}

struct TakeFunction : Function<TakeFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& rows) {
    ctx->save_for_backward({rows});
    ctx->saved_data["T"] = x.size(0);
    return take(x, rows);
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto rows = ctx->get_saved_variables()[0];
    const auto dy = grads[0].contiguous();
    const auto N = dy.size(0), H = dy.size(1);
    auto dx = at::zeros({ctx->saved_data["T"].toInt(), H}, dy.options());
    const auto* row = rows.data_ptr<std::int64_t>();
    const float* d = dy.data_ptr<float>();
    float* out = dx.data_ptr<float>();
    for (std::int64_t i = 0; i < N; ++i) {
      for (std::int64_t h = 0; h < H; ++h) out[row[i] * H + h] += d[i * H + h];
    }
    return {dx, at::Tensor()};
  }
};

}  // namespace

float* gradient_of(const at::Tensor& weight) {
  if (!weight.requires_grad()) return nullptr;
  if (!weight.grad().defined()) weight.mutable_grad() = at::zeros_like(weight);
  return weight.mutable_grad().data_ptr<float>();
}

at::Tensor linear(const at::Tensor& x, const at::Tensor& w, const at::Tensor& b) {
  if (!at::GradMode::is_enabled()) return multiply(x, w, b);
  return LinearFunction::apply(x, w, c10::optional<at::Tensor>(b));
}

at::Tensor embed(const at::Tensor& ids, const at::Tensor& w, double scale) {
  if (!at::GradMode::is_enabled()) return look_up(ids, w, scale);
  return EmbedFunction::apply(w, ids, scale);
}

at::Tensor gather_rows(const at::Tensor& x, const at::Tensor& rows) {
  if (!at::GradMode::is_enabled()) return take(x, rows);
  return TakeFunction::apply(x, rows);
}

}  // namespace hone::native
