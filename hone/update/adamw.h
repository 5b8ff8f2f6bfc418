// AdamW (Loshchilov & Hutter 2019) with fp32 masters and moments, as torch.optim.AdamW computes it. Weight
// decay spares vectors (norms and biases), as transformers' Trainer does.
#pragma once

#include <cstdint>
#include <vector>

#include "hone/config/options.h"
#include "hone/policy/policy.h"

namespace hone {

class AdamW {
 public:
  // One entry per parameter, in the policy's order. `masters` are the parameters themselves when those are
  // fp32.
  struct State {
    std::vector<at::Tensor> masters, first, second;
    std::int64_t steps = 0;
  };

  AdamW(std::vector<Parameter>& parameters, const OptimizerOptions& options);

  // Every parameter has a gradient afterwards, so that a step that nothing reaches is a step all the same.
  void zero_gradients();
  // The Euclidean norm of all gradients, summed in double in one fixed order. Not finite when any gradient is
  // not.
  double gradient_norm() const;
  // One update from the gradients times `scale`, at learning rate `rate`.
  void step(double rate, double scale);

  const State& state() const { return state_; }
  // Copies a state of the same shapes in; the parameters follow their masters.
  void set_state(const State& state);
  State copy_state() const;

 private:
  void publish(std::size_t i);  // master → parameter, where they differ in dtype
  std::vector<Parameter>& parameters_;
  OptimizerOptions options_;
  State state_;
};

}  // namespace hone
