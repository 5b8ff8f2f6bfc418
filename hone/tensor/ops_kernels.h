// The CPU fp32 side of ops.h.
#pragma once

#include "hone/tensor/head.h"
#include "hone/tensor/ops.h"

namespace hone::native {

// The query's rows, without their hidden states. Checks them as score_tokens promises.
HeadTask head_task(const at::Tensor& head, const HeadQuery& query);
HeadScores score_tokens(const at::Tensor& hidden, const at::Tensor& head, const HeadQuery& query);

// A weight's gradient buffer, made of zeros when there is none yet; null when the weight is frozen.
float* gradient_of(const at::Tensor& weight);

}  // namespace hone::native
