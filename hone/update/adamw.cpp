#include "hone/update/adamw.h"

#include <cmath>

#include "hone/base/check.h"
#include "hone/base/threads.h"

namespace hone {
namespace {

constexpr std::int64_t kBlock =
    4096;  // elements summed by one thread at once: the order never depends on threads

double squared_norm(const float* g, std::int64_t n) {
  std::vector<double> blocks(static_cast<std::size_t>((n + kBlock - 1) / kBlock), 0.0);
  parallel_for(static_cast<std::int64_t>(blocks.size()), 8, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) {
      double sum = 0.0;
      for (std::int64_t i = b * kBlock; i < std::min(n, (b + 1) * kBlock); ++i)
        sum += static_cast<double>(g[i]) * g[i];
      blocks[static_cast<std::size_t>(b)] = sum;
    }
  });
  double total = 0.0;
  for (const double b : blocks) total += b;
  return total;
}

// What one update needs, folded to a few floats. rest = 1 − beta, rounded once (1.0f − 0.999f is 1e-5 off).
struct Rates {
  float beta1, rest1, beta2, rest2, decay, step_size, correction, epsilon, scale;
};

void update_elements(const Rates& r, std::int64_t n, const float* g, float* p, float* m, float* v) {
  parallel_for(n, 16384, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const float grad = g[i] * r.scale;
      m[i] = r.beta1 * m[i] + r.rest1 * grad;
      v[i] = r.beta2 * v[i] + r.rest2 * grad * grad;
      p[i] = p[i] * r.decay - r.step_size * m[i] / (std::sqrt(v[i]) * r.correction + r.epsilon);
    }
  });
}

}  // namespace

AdamW::AdamW(std::vector<Parameter>& parameters, const OptimizerOptions& options)
    : parameters_(parameters), options_(options) {
  const at::NoGradGuard no_grad;
  for (const Parameter& p : parameters_) {
    const bool shared = p.value.scalar_type() == at::kFloat;
    state_.masters.push_back(shared ? p.value.detach() : p.value.detach().to(at::kFloat));
  }
  state_.first = zeros_together(state_.masters);
  state_.second = zeros_together(state_.masters);
}

void AdamW::zero_gradients() {
  const at::NoGradGuard no_grad;
  std::vector<Parameter*> without;
  std::vector<at::Tensor> values;
  for (Parameter& p : parameters_) {
    if (p.value.grad().defined()) {
      p.value.mutable_grad().zero_();
    } else {
      without.push_back(&p);
      values.push_back(p.value.detach());
    }
  }
  const auto zeros = zeros_together(values);
  for (std::size_t i = 0; i < without.size(); ++i) without[i]->value.mutable_grad() = zeros[i];
}

double AdamW::gradient_norm() const {
  double total = 0.0;
  for (const Parameter& p : parameters_) {
    const at::Tensor& g = p.value.grad();
    if (!g.defined()) continue;
    if (has_kernels(g)) {
      total += squared_norm(g.data_ptr<float>(), g.numel());
    } else {
      total += g.to(at::kDouble).pow(2).sum().item().toDouble();
    }
  }
  return std::sqrt(total);
}

void AdamW::step(double rate, double scale) {
  const at::NoGradGuard no_grad;
  ++state_.steps;
  const auto t = static_cast<double>(state_.steps);
  const double bias1 = 1.0 - std::pow(options_.beta1, t), bias2 = 1.0 - std::pow(options_.beta2, t);
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const at::Tensor& g = parameters_[i].value.grad();
    if (!g.defined()) continue;
    at::Tensor &p = state_.masters[i], &m = state_.first[i], &v = state_.second[i];
    const double decay = p.dim() >= 2 ? 1.0 - rate * options_.weight_decay : 1.0;
    if (has_kernels(g)) {
      const Rates rates{static_cast<float>(options_.beta1),
                        static_cast<float>(1.0 - options_.beta1),
                        static_cast<float>(options_.beta2),
                        static_cast<float>(1.0 - options_.beta2),
                        static_cast<float>(decay),
                        static_cast<float>(rate / bias1),
                        static_cast<float>(1.0 / std::sqrt(bias2)),
                        static_cast<float>(options_.epsilon),
                        static_cast<float>(scale)};
      update_elements(rates, g.numel(), g.data_ptr<float>(), p.data_ptr<float>(), m.data_ptr<float>(),
                      v.data_ptr<float>());
    } else {
      const auto grad = g.to(at::kFloat).mul(scale);
      m.mul_(options_.beta1).add_(grad, 1.0 - options_.beta1);
      v.mul_(options_.beta2).addcmul_(grad, grad, 1.0 - options_.beta2);
      p.mul_(decay).addcdiv_(m, v.sqrt().div_(std::sqrt(bias2)).add_(options_.epsilon), -rate / bias1);
      publish(i);
    }
  }
}

void AdamW::publish(std::size_t i) {
  at::Tensor& value = parameters_[i].value;
  if (value.scalar_type() != at::kFloat) value.detach().copy_(state_.masters[i]);
}

AdamW::State AdamW::copy_state() const {
  const at::NoGradGuard no_grad;
  State copy = state_;
  for (auto* list : {&copy.masters, &copy.first, &copy.second}) {
    for (at::Tensor& t : *list) t = t.clone();
  }
  return copy;
}

void AdamW::set_state(const State& state) {
  const at::NoGradGuard no_grad;
  HONE_CHECK(state.masters.size() == state_.masters.size(), "{} tensors, {} parameters", state.masters.size(),
             state_.masters.size());
  for (std::size_t i = 0; i < state_.masters.size(); ++i) {
    state_.masters[i].copy_(state.masters[i]);
    state_.first[i].copy_(state.first[i]);
    state_.second[i].copy_(state.second[i]);
    publish(i);
  }
  state_.steps = state.steps;
}

}  // namespace hone
