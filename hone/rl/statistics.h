// Means and deviations of rewards, as TRL counts them.
#pragma once

#include <span>
#include <vector>

#include "hone/types/rollout.h"

namespace hone {

// The totals of a group's decided rollouts, in order.
std::vector<double> decided_rewards(const Group& group);

// Requires at least one value.
double mean(std::span<const double> values);

// The standard deviation over n − 1; 0 for fewer than two values.
double deviation(std::span<const double> values);

}  // namespace hone
