#include "hone/rl/advantage.h"

#include <algorithm>

#include "hone/base/check.h"
#include "hone/rl/statistics.h"

namespace hone {
namespace {

constexpr double kStdFloor = 1e-4;  // TRL's, added to the standard deviation

// What the numerator r − baseline is divided by.
double divisor(const LossOptions& options, std::span<const double> group, double batch_deviation) {
  if (options.type == LossType::kRloo) return 1.0;
  switch (options.advantage_scale) {
    case AdvantageScale::kGroup:
      return deviation(group) + kStdFloor;
    case AdvantageScale::kBatch:
      return batch_deviation + kStdFloor;
    case AdvantageScale::kNone:
      return 1.0;
  }
  return 1.0;
}

}  // namespace

bool has_signal(const Group& group) {
  // Exact equality: float noise must not decide whether a group is trained on.
  const std::vector<double> rewards = decided_rewards(group);
  return std::any_of(rewards.begin(), rewards.end(), [&](double r) { return r != rewards.front(); });
}

void assign_advantages(std::span<Group> groups, const LossOptions& options) {
  std::vector<double> all;
  for (const Group& group : groups) {
    const std::vector<double> rewards = decided_rewards(group);
    all.insert(all.end(), rewards.begin(), rewards.end());
  }
  const double batch_deviation = deviation(all);
  for (Group& group : groups) {
    const std::vector<double> rewards = decided_rewards(group);
    const bool signal = has_signal(group);
    const double center = signal ? mean(rewards) : 0.0;
    const double scale = divisor(options, rewards, batch_deviation);
    const auto n = static_cast<double>(rewards.size());
    for (Rollout& rollout : group.rollouts) {
      rollout.advantage = 0.0;
      if (!signal || !rollout.reward.total) continue;
      double difference = *rollout.reward.total - center;
      // r − (n·mean − r)/(n − 1) = (r − mean)·n/(n − 1)
      if (options.type == LossType::kRloo) difference *= n / (n - 1.0);
      rollout.advantage = difference / scale;
    }
  }
}

double overlong_penalty(std::int64_t length, std::int64_t max_new_tokens, const LossOptions& options) {
  if (options.overlong_buffer <= 0) return 0.0;
  const std::int64_t over = length - (max_new_tokens - options.overlong_buffer);
  if (over <= 0) return 0.0;
  return -options.overlong_penalty * std::min(1.0, static_cast<double>(over) / options.overlong_buffer);
}

TrainBatch make_train_batch(std::span<const Group> groups, const LossOptions& options, double temperature,
                            std::int64_t step) {
  TrainBatch batch;
  batch.step = step;
  const bool advantage_only = options.beta == 0.0 && options.entropy_bonus == 0.0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const Group& group = groups[g];
    const bool silent = advantage_only && !has_signal(group);
    TrainGroup train;
    train.place = g;
    train.prompt = group.prompt_ids;
    for (std::size_t r = 0; r < group.rollouts.size(); ++r) {
      const Rollout& rollout = group.rollouts[r];
      const Completion& completion = rollout.completion;
      HONE_CHECK(completion.ids.size() == completion.logprobs.size(), "{}: {} ids, {} logprobs",
                 group.problem.source, completion.ids.size(), completion.logprobs.size());
      if (!rollout.reward.total || completion.ids.empty()) continue;
      const bool masked = options.mask_truncated && completion.finish == FinishReason::kLength;
      if (silent) {
        ++batch.silent_sequences;
        batch.silent_tokens += masked ? 0 : static_cast<std::int64_t>(completion.ids.size());
        continue;
      }
      TrainSequence sequence;
      sequence.place = r;
      sequence.completion = completion.ids;
      sequence.loss_mask.assign(completion.ids.size(), masked ? 0 : 1);
      sequence.old_logprobs = completion.logprobs;
      sequence.kept = completion.kept;
      sequence.temperature = temperature;
      sequence.advantage = rollout.advantage;
      sequence.activations = completion.activations;
      train.sequences.push_back(std::move(sequence));
    }
    if (!train.sequences.empty()) batch.groups.push_back(std::move(train));
  }
  return batch;
}

void note_clipped(const TrainBatch& batch, const UpdateReport& report, std::span<Group> groups) {
  for (const UpdateReport::Clipped& clipped : report.clipped) {
    const TrainGroup& group = batch.groups[clipped.group];
    Rollout& rollout = groups[group.place].rollouts[group.sequences[clipped.sequence].place];
    HONE_CHECK(clipped.passes.size() == rollout.completion.ids.size(), "{} of {} tokens are marked",
               clipped.passes.size(), rollout.completion.ids.size());
    rollout.clipped = clipped.passes;
  }
}

}  // namespace hone
