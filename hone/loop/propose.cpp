#include "hone/loop/propose.h"

#include <algorithm>
#include <cmath>

#include "hone/base/check.h"
#include "hone/base/suggest.h"
#include "hone/data/prompt.h"
#include "hone/loop/rollouts.h"
#include "hone/rl/advantage.h"
#include "hone/verify/answer.h"

namespace hone {
namespace {

constexpr const char* kPart = "proposal";  // the verdict's name, in the record and in metrics

struct Round {
  std::vector<Problem> problems;               // distinct, in the order in which they were posed
  std::vector<std::optional<std::size_t>> of;  // [P] a proposal's problem; none: it poses none
  std::vector<Verdict> refused;                // [P] why
};

// The content of the last <answer>; empty without one.
std::string proposal_in(const std::string& completion) {
  const auto answer = tagged_answer(completion);
  return answer ? std::string(trimmed(*answer)) : "";
}

double mean_of(double sum, double count) { return count > 0 ? sum / count : 0.0; }

std::optional<double> solve_rate(const Group& group) {
  double right = 0, decided = 0;
  for (const Rollout& r : group.rollouts) {
    if (!r.reward.total) continue;
    ++decided;
    right += r.reward.correct ? 1 : 0;
  }
  return decided > 0 ? std::optional(right / decided) : std::nullopt;
}

}  // namespace

double proposal_reward(ProposeReward kind, double p) {
  switch (kind) {
    case ProposeReward::kLearnability:
      return p > 0.0 && p < 1.0 ? 1.0 - p : 0.0;
    case ProposeReward::kUncertainty:
      return 1.0 - 2.0 * std::abs(p - 0.5);
    case ProposeReward::kConstant:
      return 1.0;
  }
  HONE_CHECK(false, "a reward of another kind");
  return 0.0;
}

Result<Proposer> Proposer::make(const TrainParts& parts) {
  const std::string& name = parts.recipe.propose.language;
  Proposer proposer(parts);
  proposer.language_ = find_proposal_language(name);
  if (proposer.language_ == nullptr) {
    std::vector<std::string> known;
    for (const auto& language : all_proposal_languages()) known.push_back(language->name());
    const std::string near = nearest(name, known);
    return Error{"propose.language", fmt::format("must be one of {}", fmt::join(known, ", ")),
                 near.empty() ? name : fmt::format("{} (did you mean {}?)", name, near)};
  }
  HONE_TRY(const auto steps, parts.store.steps("propose"));
  for (const std::int64_t step : steps) {
    HONE_TRY(const StepRecord record, parts.store.load("propose", step));
    for (const Group& group : record.groups) {
      for (const Rollout& rollout : group.rollouts) {
        if (rollout.reward.parts.empty() || rollout.reward.parts[0].verifier != kPart) continue;
        if (const auto problem = proposer.language_->read(proposal_in(rollout.completion.text)); problem.ok())
          ++proposer.posed_[problem->id];
      }
    }
  }
  return proposer;
}

Result<StepDraft> Proposer::step(std::int64_t step) {
  const Recipe& recipe = p_->recipe;
  const ProposeOptions& o = recipe.propose;
  const auto key = [&](Purpose purpose, std::uint64_t problem) {
    return RandomKey{recipe.seed, purpose, static_cast<std::uint64_t>(step), problem, 0};
  };
  const bool asks = o.source == ProposeSource::kPolicy;

  // Proposals: completions of one prompt, or the language's own draws.
  std::vector<Group> proposed;
  std::vector<std::string> texts;
  if (asks) {
    Problem request;
    request.source = "propose " + language_->name();
    request.messages = {{"user", language_->request()}};
    HONE_TRY(proposed, prompt_groups({&request, 1}, p_->environment, p_->generator.context_length(), 0));
    GenerationRequest generation{proposed[0].prompt_ids, o.proposals, {}, key(Purpose::kProposal, 0), true};
    generation.sampling.max_new_tokens = o.max_proposal_tokens;
    generation.sampling.temperature = o.temperature;
    p_->observer.on_activity("proposing");
    HONE_TRY(auto completions, p_->generator.generate({&generation, 1}));
    for (Completion& completion : completions[0]) {
      texts.push_back(proposal_in(completion.text));
      proposed[0].rollouts.push_back({std::move(completion), {}, 0.0});
    }
  } else {
    for (int i = 0; i < o.proposals; ++i) {
      RandomStream random(key(Purpose::kProposalDraw, static_cast<std::uint64_t>(i)));
      texts.push_back(language_->draw(random));
    }
  }

  Round round;
  std::unordered_map<std::uint64_t, std::size_t> place;
  double valid = 0, fresh = 0;
  std::vector<int> times(texts.size(), 0);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    round.of.emplace_back();
    round.refused.emplace_back();
    auto problem = language_->read(texts[i]);
    if (!problem.ok()) {
      round.refused[i] = {VerdictStatus::kWrong, -1.0, problem.error().message()};
      continue;
    }
    if (is_held_out(*problem, recipe.data.eval_fraction)) {
      round.refused[i] = {VerdictStatus::kError, 0.0, "is one of the held-out problems"};
      continue;
    }
    ++valid;
    times[i] = ++posed_[problem->id];
    if (times[i] == 1) ++fresh;
    const auto [found, is_new] = place.emplace(problem->id, round.problems.size());
    if (is_new) round.problems.push_back(std::move(*problem));
    round.of[i] = found->second;
  }

  StepDraft draft;
  std::vector<Group> solved;
  for (Problem& problem : round.problems) dress_prompt(recipe.data, problem);
  if (!round.problems.empty()) {
    RolloutRequest request;
    request.samples = o.solutions;
    request.sampling.max_new_tokens = o.max_new_tokens;
    request.sampling.temperature = o.temperature;
    request.sampling.stop = recipe.grpo.rollout.stop;
    request.key = key(Purpose::kProposalSolving, 0);
    request.keep_activations = true;
    HONE_TRY(solved, roll_out(round.problems, request, p_->environment, p_->generator, p_->rubric,
                              [&](std::size_t done, std::size_t all) {
                                p_->observer.on_activity(fmt::format("solving {}/{}", done, all));
                              }));
    HONE_TRY(draft.metrics, p_->rubric.judge_groups(solved, step));
  }

  double rates = 0, rated = 0, learnable = 0, rewards = 0, rewarded = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    Verdict verdict = round.refused[i];
    if (round.of[i]) {
      const auto rate = solve_rate(solved[*round.of[i]]);
      if (rate) {
        rates += *rate;
        ++rated;
        learnable += *rate > 0 && *rate < 1 ? 1 : 0;
        verdict = {VerdictStatus::kCorrect, proposal_reward(o.reward, *rate) / times[i],
                   fmt::format("{:.0f} % solve it, posed {} times", 100 * *rate, times[i])};
      } else {
        verdict = {VerdictStatus::kError, 0.0, "no solution could be judged"};
      }
    }
    if (!asks) continue;
    Reward& reward = proposed[0].rollouts[i].reward;
    reward.correct = verdict.status == VerdictStatus::kCorrect;
    if (verdict.decided()) {
      reward.total = verdict.score;
      rewards += verdict.score;
      ++rewarded;
    }
    reward.parts.push_back({kPart, 1.0, std::move(verdict)});
  }

  Metrics metrics = rollout_metrics(solved);
  metrics.merge(draft.metrics);
  metrics["propose/valid"] = mean_of(valid, static_cast<double>(texts.size()));
  metrics["propose/unique"] = mean_of(fresh, valid);
  metrics["propose/solve_rate"] = mean_of(rates, rated);
  metrics["propose/learnable"] = mean_of(learnable, rated);
  if (asks) metrics["propose/reward"] = mean_of(rewards, rewarded);
  draft.metrics = std::move(metrics);

  draft.groups = std::move(solved);
  if (asks) draft.groups.insert(draft.groups.begin(), std::move(proposed[0]));
  assign_advantages(draft.groups, recipe.grpo.loss);
  if (asks) {
    for (Rollout& rollout : draft.groups[0].rollouts) rollout.advantage *= o.proposer_weight;
  }
  draft.batch = make_train_batch(draft.groups, recipe.grpo.loss, o.temperature, step);
  return draft;
}

}  // namespace hone
