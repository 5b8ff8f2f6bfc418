#include "hone/loop/evaluate.h"

#include <algorithm>
#include <map>
#include <set>

#include "hone/base/check.h"
#include "hone/loop/judge.h"
#include "hone/rl/advantage.h"
#include "hone/verify/vote.h"

namespace hone {
namespace {

// 1 − C(n−c, k) / C(n, k), as a product that neither overflows nor cancels.
double pass_at_k(int n, int c, int k) {
  if (n - c < k) return 1.0;
  double miss = 1.0;
  for (int i = n - c + 1; i <= n; ++i) miss *= 1.0 - static_cast<double>(k) / i;
  return 1.0 - miss;
}

// Whether the answer with the most votes is right.
bool majority_is_correct(const Group& group, const Verifier& answers) {
  const Votes votes = count_votes(answers, final_answers_of(answers, group.rollouts));
  const auto winner = votes.winner();
  return winner && group.rollouts[votes.candidates[*winner].first].reward.correct;
}

}  // namespace

Result<std::vector<Group>> prompt_groups(std::span<const Problem> problems, Environment& environment,
                                         std::int64_t context_length, std::int64_t max_prompt_tokens) {
  std::vector<Group> groups;
  groups.reserve(problems.size());
  for (const Problem& problem : problems) {
    HONE_TRY(Environment::Prompt prompt, environment.reset(problem));
    const auto tokens = static_cast<std::int64_t>(prompt.ids.size());
    if (tokens >= context_length) {
      return Error{problem.source,
                   fmt::format("the prompt must leave room in the context of {} tokens", context_length),
                   fmt::format("{} tokens", tokens)};
    }
    if (max_prompt_tokens > 0 && tokens > max_prompt_tokens) {
      return Error{
          problem.source,
          fmt::format("the prompt must have at most {} tokens (data.max_prompt_tokens)", max_prompt_tokens),
          fmt::format("{} tokens", tokens)};
    }
    groups.push_back({problem, std::move(prompt.text), std::move(prompt.ids), {}});
  }
  return groups;
}

Result<Evaluation> evaluate(std::span<const Problem> problems, Environment& environment, Generator& generator,
                            const Rubric& rubric, const EvaluateOptions& options) {
  HONE_CHECK(options.samples >= 1, "{} samples", options.samples);
  for (const int k : options.k) HONE_CHECK(k >= 1 && k <= options.samples, "k {} of {}", k, options.samples);
  Evaluation result;
  HONE_TRY(result.groups, prompt_groups(problems, environment, generator.context_length(), 0));
  std::vector<GenerationRequest> requests;
  for (std::size_t i = 0; i < result.groups.size(); ++i) {
    requests.push_back({result.groups[i].prompt_ids,
                        options.samples,
                        options.sampling,
                        {.seed = options.seed, .purpose = Purpose::kEvalSampling, .problem = i}});
  }
  RolloutJudge judge(result.groups, options.samples, rubric);
  HONE_TRY_VOID(generator.generate(
      requests, [&](std::size_t i, std::size_t sample, const Completion& c) { judge.add(i, sample, c); }));
  judge.finish();

  result.metrics = rollout_metrics(result.groups);
  if (result.groups.empty()) return result;
  const auto n = static_cast<double>(result.groups.size());
  const auto answers = rubric.answers();
  double majority = 0.0;
  std::map<int, double> pass;
  const std::set<int> ks(options.k.begin(), options.k.end());
  for (const Group& group : result.groups) {
    const auto correct = static_cast<int>(std::count_if(group.rollouts.begin(), group.rollouts.end(),
                                                        [](const Rollout& r) { return r.reward.correct; }));
    for (const int k : ks) pass[k] += pass_at_k(options.samples, correct, k) / n;
    if (answers && majority_is_correct(group, *answers)) majority += 1.0 / n;
  }
  for (const auto& [k, value] : pass) result.metrics[fmt::format("pass@{}", k)] = value;
  if (options.samples > 1 && answers) result.metrics[fmt::format("maj@{}", options.samples)] = majority;
  return result;
}

}  // namespace hone
