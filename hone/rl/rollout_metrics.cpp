#include <algorithm>
#include <map>
#include <string>

#include "hone/rl/advantage.h"
#include "hone/rl/statistics.h"

namespace hone {
namespace {

void add_lengths(Metrics& metrics, const std::string& name, std::span<const double> lengths) {
  // TRL reports 0 where no completion terminated.
  const bool none = lengths.empty();
  metrics["completions/mean_" + name] = none ? 0.0 : mean(lengths);
  metrics["completions/min_" + name] = none ? 0.0 : *std::min_element(lengths.begin(), lengths.end());
  metrics["completions/max_" + name] = none ? 0.0 : *std::max_element(lengths.begin(), lengths.end());
}

struct Part {
  std::vector<double> scores;  // of decided verdicts
  std::map<std::string, double> statuses;
};

void add_part(std::map<std::string, Part>& parts, const RewardPart& part) {
  Part& seen = parts[part.verifier];
  if (seen.statuses.empty()) {
    for (const VerdictStatus status :
         {VerdictStatus::kCorrect, VerdictStatus::kWrong, VerdictStatus::kUnparsable, VerdictStatus::kTimeout,
          VerdictStatus::kError}) {
      seen.statuses[to_string(status)] = 0.0;
    }
  }
  seen.statuses[to_string(part.verdict.status)] += 1.0;
  if (part.verdict.decided()) seen.scores.push_back(part.verdict.score);
}

}  // namespace

Metrics rollout_metrics(std::span<const Group> groups) {
  Metrics metrics;
  std::vector<double> rewards, deviations, lengths, terminated;
  std::map<std::string, Part> parts;
  double dead = 0.0, correct = 0.0, judged = 0.0, tokens = 0.0;
  for (const Group& group : groups) {
    const std::vector<double> decided = decided_rewards(group);
    rewards.insert(rewards.end(), decided.begin(), decided.end());
    if (!decided.empty()) deviations.push_back(deviation(decided));
    if (!has_signal(group)) dead += 1.0;
    for (const Rollout& rollout : group.rollouts) {
      const auto length = static_cast<double>(rollout.completion.ids.size());
      lengths.push_back(length);
      if (rollout.completion.finish != FinishReason::kLength) terminated.push_back(length);
      tokens += static_cast<double>(group.prompt_ids.size()) + length;
      bool all_decided = true;
      for (const RewardPart& part : rollout.reward.parts) {
        add_part(parts, part);
        all_decided = all_decided && part.verdict.decided();
      }
      if (all_decided) judged += 1.0;
      if (all_decided && rollout.reward.correct) correct += 1.0;
    }
  }
  if (lengths.empty()) return metrics;
  if (!rewards.empty()) metrics["reward"] = mean(rewards);
  if (!deviations.empty()) metrics["reward_std"] = mean(deviations);
  metrics["frac_reward_zero_std"] = dead / static_cast<double>(groups.size());
  if (judged > 0) metrics["accuracy"] = correct / judged;
  for (const auto& [name, part] : parts) {
    if (!part.scores.empty()) {
      metrics["rewards/" + name + "/mean"] = mean(part.scores);
      metrics["rewards/" + name + "/std"] = deviation(part.scores);
    }
    for (const auto& [status, count] : part.statuses) metrics["verdicts/" + name + "/" + status] = count;
  }
  add_lengths(metrics, "length", lengths);
  add_lengths(metrics, "terminated_length", terminated);
  metrics["completions/clipped_ratio"] =
      1.0 - static_cast<double>(terminated.size()) / static_cast<double>(lengths.size());
  metrics["num_tokens"] = tokens;
  return metrics;
}

}  // namespace hone
