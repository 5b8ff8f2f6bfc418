#include "hone/rl/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "hone/base/check.h"

namespace hone {

double learning_rate_at(const OptimizerOptions& options, std::int64_t step, std::int64_t total) {
  HONE_CHECK(step >= 0 && total >= 0, "step {} of {}", step, total);
  // transformers' get_warmup_steps: a share is rounded up.
  const double wanted =
      options.warmup < 1.0 ? std::ceil(options.warmup * static_cast<double>(total)) : options.warmup;
  const auto warmup = static_cast<std::int64_t>(wanted);
  if (step < warmup) {
    return options.learning_rate * static_cast<double>(step + 1) / static_cast<double>(warmup);
  }
  const double span = static_cast<double>(std::max<std::int64_t>(total - warmup, 1));
  const double progress = std::min(static_cast<double>(step - warmup) / span, 1.0);
  double share = 1.0;  // of the way from the floor to the peak
  if (options.schedule == "linear") {
    share = 1.0 - progress;
  } else if (options.schedule == "cosine") {
    share = 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
  } else {
    HONE_CHECK(options.schedule == "constant", "schedule '{}'", options.schedule);
  }
  return options.learning_rate * (options.min_lr_ratio + (1.0 - options.min_lr_ratio) * share);
}

}  // namespace hone
