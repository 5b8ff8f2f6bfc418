// Rewards → advantages, group by group.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hone/config/options.h"
#include "hone/types/rollout.h"
#include "hone/types/train_batch.h"

namespace hone {

// Sets rollout.advantage in every group, from rollout.reward.total. Undecided rollouts (no total) leave the
// baseline and get 0. A group whose decided rewards are exactly equal gets 0 throughout.
//   group: A = (r − mean) / (std + 1e-4), std over n − 1 (TRL; Shao et al. 2024, §4.1.2)
//   batch: the same numerator over the standard deviation of all rewards of the step
//   none:  A = r − mean (Dr.GRPO, Liu et al. 2025)
//   rloo:  A = r − mean of the others (Ahmadian et al. 2024), whatever the scale
void assign_advantages(std::span<Group> groups, const LossOptions& options);

// Whether a group carries signal: at least two decided rollouts whose rewards differ.
bool has_signal(const Group& group);

// DAPO eq. 13 (Yu et al. 2025): 0 until max_new_tokens − buffer, falling linearly to −penalty at
// max_new_tokens.
double overlong_penalty(std::int64_t length, std::int64_t max_new_tokens, const LossOptions& options);

// The step's batch. Undecided rollouts are left out and count in no denominator. Groups without signal are
// left out too and only counted, unless a KL term or an entropy bonus still has something to say about them.
// Truncated completions (finish kLength) get a zero mask when asked. Requires assign_advantages before.
TrainBatch make_train_batch(std::span<const Group> groups, const LossOptions& options, double temperature,
                            std::int64_t step);

// What the update on that batch clipped, noted at the rollouts that it was made of.
void note_clipped(const TrainBatch& batch, const UpdateReport& report, std::span<Group> groups);

// TRL's metrics of what was sampled: reward, reward_std (mean over groups), frac_reward_zero_std (groups
// without signal), rewards/<v>/{mean,std} of decided scores, completions/{mean,min,max}_length,
// completions/{mean,min,max}_terminated_length (0 when none terminated), completions/clipped_ratio, accuracy
// (of the rollouts whose every verdict is decided), verdicts/<v>/<status> counts of all five statuses,
// think_rate (of completions, those with something between their think tags) and, where problems of several
// grades are among them, think_rate, accuracy and completions/mean_length of each as …/difficulty_<grade>,
// num_tokens of this step (prompt and completion of every rollout). What has no value (no decided reward) is
// absent. Empty without rollouts.
Metrics rollout_metrics(std::span<const Group> groups);

}  // namespace hone
