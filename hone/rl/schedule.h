// Learning-rate schedules.
#pragma once

#include <cstdint>

#include "hone/config/options.h"

namespace hone {

// The rate of optimizer step `step` (from 0) of `total`: linear warm-up from 0 (first step: lr/warmup_steps), then
// constant, linear or half-cosine to min_lr_ratio · learning_rate.
double learning_rate_at(const OptimizerOptions& options, std::int64_t step, std::int64_t total);

}  // namespace hone
