#include <algorithm>
#include <map>
#include <string>
#include <string_view>

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

bool all_decided(const Rollout& rollout) {
  return std::all_of(rollout.reward.parts.begin(), rollout.reward.parts.end(),
                     [](const RewardPart& part) { return part.verdict.decided(); });
}

// Whether anything stands between <think> and </think> (a thought that was cut off counts).
bool thinks(const std::string& text) {
  constexpr std::string_view kOpen = "<think>", kClose = "</think>";
  const std::size_t open = text.find(kOpen);
  if (open == std::string::npos) return false;
  const std::string_view thought = std::string_view(text).substr(open + kOpen.size());
  const std::string_view inside = thought.substr(0, thought.find(kClose));
  return inside.find_first_not_of(" \t\r\n") != std::string_view::npos;
}

// Where problems are graded: who thinks, how long and how well, grade by grade.
void add_difficulties(Metrics& metrics, std::span<const Group> groups) {
  struct Grade {
    std::vector<double> thinks, correct, lengths;
  };
  std::map<int, Grade> grades;
  std::vector<double> all;
  for (const Group& group : groups) {
    Grade& grade = grades[group.problem.difficulty];
    for (const Rollout& rollout : group.rollouts) {
      grade.thinks.push_back(thinks(rollout.completion.text) ? 1.0 : 0.0);
      if (all_decided(rollout)) grade.correct.push_back(rollout.reward.correct ? 1.0 : 0.0);
      grade.lengths.push_back(static_cast<double>(rollout.completion.ids.size()));
      all.push_back(grade.thinks.back());
    }
  }
  metrics["think_rate"] = mean(all);
  if (grades.size() < 2) return;
  for (const auto& [difficulty, grade] : grades) {
    if (grade.thinks.empty()) continue;
    const std::string of = "/difficulty_" + std::to_string(difficulty);
    metrics["think_rate" + of] = mean(grade.thinks);
    if (!grade.correct.empty()) metrics["accuracy" + of] = mean(grade.correct);
    metrics["completions/mean_length" + of] = mean(grade.lengths);
  }
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
      for (const RewardPart& part : rollout.reward.parts) add_part(parts, part);
      const bool decided_all = all_decided(rollout);
      if (decided_all) judged += 1.0;
      if (decided_all && rollout.reward.correct) correct += 1.0;
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
  add_difficulties(metrics, groups);
  metrics["num_tokens"] = tokens;
  return metrics;
}

}  // namespace hone
