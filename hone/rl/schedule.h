// Learning-rate schedules.
#pragma once

#include <cstdint>

#include "hone/config/options.h"

namespace hone {

// The rate of optimizer step `step` (from 0) of `total`: linear warm-up from 0 (first step: lr/warmup_steps,
// the last one: lr), then constant, linear or half-cosine (Loshchilov & Hutter 2017) to min_lr_ratio ·
// learning_rate, which a step `total` would reach: the last step still learns, as in transformers. Steps past
// `total` stay there. Requires a schedule of "constant", "linear", "cosine"; BrokenInvariant otherwise
// (config checks it first).
double learning_rate_at(const OptimizerOptions& options, std::int64_t step, std::int64_t total);

}  // namespace hone
