// The trunk's forward pass as a function that autograd knows.
#pragma once

#include "hone/policy/trunk.h"

namespace hone {

// As Trunk::forward over a pack whose spans name its own rows; its backward pass adds to the gradients of
// weights that require them. Trunk and decoder outlive the result's graph, and the trunk is used by nobody
// else meanwhile.
at::Tensor differentiable_forward(Trunk& trunk, const Decoder& decoder, const at::Tensor& ids_T,
                                  const at::Tensor& positions_T, const at::Tensor& spans_T4);

}  // namespace hone
