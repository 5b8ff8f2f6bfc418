#include "hone/rl/statistics.h"

#include <cmath>

namespace hone {

std::vector<double> decided_rewards(const Group& group) {
  std::vector<double> rewards;
  for (const Rollout& rollout : group.rollouts) {
    if (rollout.reward.total) rewards.push_back(*rollout.reward.total);
  }
  return rewards;
}

double mean(std::span<const double> values) {
  double sum = 0.0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

double deviation(std::span<const double> values) {
  if (values.size() < 2) return 0.0;
  const double center = mean(values);
  double squares = 0.0;
  for (const double v : values) squares += (v - center) * (v - center);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

}  // namespace hone
