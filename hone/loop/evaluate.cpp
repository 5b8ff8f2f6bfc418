#include "hone/loop/evaluate.h"

#include <algorithm>
#include <map>
#include <set>

#include "hone/base/check.h"
#include "hone/loop/test_time_choose.h"
#include "hone/rl/advantage.h"
#include "hone/verify/vote.h"

namespace hone {
namespace {

// Whether the answer with the most votes is right.
bool majority_is_correct(const Group& group, const Verifier& answers) {
  const Votes votes = count_votes(answers, final_answers_of(answers, group.rollouts));
  const auto winner = votes.winner();
  return winner && group.rollouts[votes.candidates[*winner].first].reward.correct;
}

}  // namespace

Result<Evaluation> evaluate(std::span<const Problem> problems, Environment& environment, Generator& generator,
                            const Rubric& rubric, const EvaluateOptions& options) {
  HONE_CHECK(options.samples >= 1, "{} samples", options.samples);
  for (const int k : options.k) HONE_CHECK(k >= 1 && k <= options.samples, "k {} of {}", k, options.samples);
  Evaluation result;
  RolloutRequest request;
  request.samples = options.samples;
  request.sampling = options.sampling;
  request.key = {.seed = options.seed, .purpose = Purpose::kEvalSampling};
  request.prefix = options.prefix;
  HONE_TRY(result.groups, roll_out(problems, request, environment, generator, rubric));

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
