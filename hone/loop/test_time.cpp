#include "hone/loop/test_time.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <set>
#include <tuple>
#include <utility>

#include "hone/base/check.h"
#include "hone/base/threads.h"
#include "hone/loop/rollouts.h"
#include "hone/loop/test_time_choose.h"
#include "hone/loop/test_time_waves.h"
#include "hone/verify/vote.h"

namespace hone {
namespace {

constexpr std::array<std::pair<Strategy, const char*>, 6> kStrategies = {{{Strategy::kPass, "pass"},
                                                                          {Strategy::kMajority, "maj"},
                                                                          {Strategy::kWeighted, "weighted"},
                                                                          {Strategy::kBest, "bon"},
                                                                          {Strategy::kAdaptive, "adaptive"},
                                                                          {Strategy::kBudget, "budget"}}};

bool asks(const TestTimeOptions& options, Strategy strategy) {
  return std::ranges::find(options.strategies, strategy) != options.strategies.end();
}

double mean_logprob(const Completion& completion) {
  double sum = 0.0;
  for (const float logprob : completion.logprobs) sum += static_cast<double>(logprob);
  return completion.logprobs.empty() ? 0.0 : sum / static_cast<double>(completion.logprobs.size());
}

// What the scorer gave; an undecided verdict ranks below every score.
double score_of(const Rollout& rollout, const std::string& scorer) {
  if (scorer == "logprob") return mean_logprob(rollout.completion);
  for (const RewardPart& part : rollout.reward.parts) {
    if (part.verifier == scorer && part.verdict.decided()) return part.verdict.score;
  }
  return -std::numeric_limits<double>::infinity();
}

SampleSet sample_set(const Group& group, const Verifier* answers, const TestTimeOptions& options) {
  SampleSet set;
  for (const Rollout& rollout : group.rollouts) {
    set.correct.push_back(rollout.reward.correct ? 1 : 0);
    set.weights.push_back(std::exp(mean_logprob(rollout.completion)));
    set.scores.push_back(score_of(rollout, options.scorer));
  }
  if (answers) set.choice = count_votes(*answers, final_answers_of(*answers, group.rollouts)).choice;
  return set;
}

double tokens_of(std::span<const Rollout> rollouts) {
  std::int64_t tokens = 0;
  for (const Rollout& rollout : rollouts) tokens += std::ssize(rollout.completion.ids);
  return static_cast<double>(tokens);
}

// One problem's accuracy and tokens under a strategy of the pool.
std::pair<double, double> answer_with(Strategy strategy, int k, const Group& group, const SampleSet& set,
                                      const RandomKey& key, double confidence) {
  const double each = tokens_of(group.rollouts) / static_cast<double>(group.rollouts.size());
  const double all = k * each;  // the mean over sets of k
  switch (strategy) {
    case Strategy::kPass: {
      const auto right = std::ranges::count(set.correct, 1);
      return {pass_at_k(static_cast<int>(set.correct.size()), static_cast<int>(right), k), all};
    }
    case Strategy::kMajority:
    case Strategy::kWeighted:
      return {vote_at_k(set, k, strategy == Strategy::kWeighted, key), all};
    case Strategy::kBest:
      return {best_at_k(set, k), all};
    case Strategy::kAdaptive: {
      const Adaptive vote = adaptive_vote(set, k, confidence);
      return {vote.correct ? 1.0 : 0.0,
              tokens_of(std::span(group.rollouts).first(static_cast<std::size_t>(vote.drawn)))};
    }
    case Strategy::kBudget:
      break;
  }
  HONE_CHECK(false, "{} has no pool", to_string(strategy));
  return {};
}

class TestTimeRun {
 public:
  TestTimeRun(Generator& generator, const Tokenizer& tokenizer, const Rubric& rubric,
              const TestTimeOptions& options)
      : generator_(generator),
        tokenizer_(tokenizer),
        rubric_(rubric),
        options_(options),
        answers_(rubric.answers()),
        k_(options.k.begin(), options.k.end()),
        samples_(options.samples) {}

  Result<TestTime> run(std::span<const Problem> problems, Environment& environment) {
    const auto budgets = std::ranges::count(options_.strategies, Strategy::kBudget);
    const auto pooled = std::ssize(options_.strategies) - budgets;
    const bool waves = pooled == 1 && asks(options_, Strategy::kAdaptive);
    if (pooled > 0 && !waves) {
      HONE_TRY_VOID(draw_pool(problems, environment));
    } else {
      HONE_TRY(result_.groups, prompt_groups(problems, environment, generator_.context_length(), 0));
      if (waves) HONE_TRY_VOID(draw_waves());
    }
    if (budgets > 0) HONE_TRY_VOID(draw_budgets(pooled == 0));
    for (const Strategy strategy : options_.strategies) {
      if (strategy == Strategy::kBudget) {
        std::move(budget_points_.begin(), budget_points_.end(), std::back_inserter(result_.points));
      } else {
        add_pool_points(strategy);
      }
    }
    add_intervals();
    return std::move(result_);
  }

 private:
  RandomKey key() const { return {.seed = options_.seed, .purpose = Purpose::kEvalSampling}; }

  Result<void> draw_pool(std::span<const Problem> problems, Environment& environment) {
    RolloutRequest request;
    request.samples = samples_;
    request.sampling = options_.sampling;
    request.key = key();
    HONE_TRY(result_.groups, roll_out(problems, request, environment, generator_, rubric_));
    HONE_TRY_VOID(to_void(rubric_.judge_groups(result_.groups, 0)));  // by friends, for the best of them
    for (const Group& group : result_.groups) {
      int right = 0;
      for (const Rollout& rollout : group.rollouts) {
        result_.sampled_tokens += std::ssize(rollout.completion.ids);
        right += rollout.reward.correct ? 1 : 0;
      }
      single_.push_back(static_cast<double>(right) / samples_);
    }
    return {};
  }

  Result<void> draw_waves() {
    std::vector<GenerationRequest> requests;
    for (std::size_t g = 0; g < result_.groups.size(); ++g) {
      requests.push_back({result_.groups[g].prompt_ids, *k_.rbegin(), options_.sampling, key()});
      requests.back().key.problem = g;
    }
    HONE_TRY(auto drawn, sample_in_waves(requests, generator_, *answers_, options_.confidence));
    std::vector<JudgedSample> all;
    for (std::size_t g = 0; g < drawn.size(); ++g) {
      for (Completion& completion : drawn[g]) {
        result_.sampled_tokens += std::ssize(completion.ids);
        all.push_back({&result_.groups[g].problem, {std::move(completion), {}, 0.0}});
      }
    }
    judge_samples(all, rubric_);
    std::size_t next = 0;
    for (std::size_t g = 0; g < drawn.size(); ++g) {
      for (std::size_t i = 0; i < drawn[g].size(); ++i)
        result_.groups[g].rollouts.push_back(std::move(all[next++].rollout));
      // Of those drawn, only the first is a fair sample: when to stop depended on the others.
      single_.push_back(result_.groups[g].rollouts[0].reward.correct ? 1.0 : 0.0);
    }
    return {};
  }

  Result<void> draw_budgets(bool alone) {
    HONE_TRY(ThinkBudgets drawn,
             sample_think_budgets(result_.groups, generator_, tokenizer_, options_.sampling, samples_,
                                  options_.seed, options_.budget));
    std::vector<JudgedSample> all;
    for (auto& answer : drawn.answers)
      all.push_back({&result_.groups[answer.group].problem, {std::move(answer.completion), {}, 0.0}});
    judge_samples(all, rubric_);
    const std::size_t n = result_.groups.size();
    for (std::size_t b = 0; b < drawn.by_budget.size(); ++b) {
      StrategyPoint point{Strategy::kBudget,
                          options_.budget.budgets[b],
                          std::vector<double>(n),
                          std::vector<double>(n),
                          {},
                          0.0,
                          {}};
      for (const std::size_t place : drawn.by_budget[b]) {
        const ThinkBudgets::Answer& answer = drawn.answers[place];
        point.accuracy[answer.group] += all[place].rollout.reward.correct ? 1.0 : 0.0;
        point.tokens[answer.group] += static_cast<double>(answer.tokens);
      }
      for (double& value : point.accuracy) value /= samples_;
      for (double& value : point.tokens) value /= samples_;
      budget_points_.push_back(std::move(point));
    }
    result_.sampled_tokens += drawn.sampled_tokens;
    if (!alone) return {};
    single_ = budget_points_[0].accuracy;
    for (const std::size_t place : drawn.by_budget.back())
      result_.groups[drawn.answers[place].group].rollouts.push_back(all[place].rollout);
    return {};
  }

  void add_pool_points(Strategy strategy) {
    if (sets_.empty()) {
      for (const Group& group : result_.groups) sets_.push_back(sample_set(group, answers_.get(), options_));
    }
    const std::size_t n = result_.groups.size();
    for (const int k : k_) {
      StrategyPoint point{strategy, k, std::vector<double>(n), std::vector<double>(n), {}, 0.0, {}};
      parallel_for(static_cast<std::int64_t>(n), 8, [&](std::int64_t begin, std::int64_t end) {
        for (auto g = static_cast<std::size_t>(begin); std::cmp_less(g, end); ++g) {
          // The same sets for every strategy.
          const RandomKey key{.seed = options_.seed,
                              .purpose = Purpose::kResampling,
                              .step = ~static_cast<std::uint64_t>(k),
                              .problem = g};
          std::tie(point.accuracy[g], point.tokens[g]) =
              answer_with(strategy, k, result_.groups[g], sets_[g], key, options_.confidence);
        }
      });
      result_.points.push_back(std::move(point));
    }
  }

  void add_intervals() {
    if (result_.groups.empty()) return;
    std::vector<std::vector<double>> rows;
    for (const StrategyPoint& point : result_.points) {
      rows.push_back(point.accuracy);
      std::vector<double>& gain = rows.emplace_back(point.accuracy);
      for (std::size_t g = 0; g < gain.size(); ++g) gain[g] -= single_[g];
    }
    const std::vector<Interval> intervals = bootstrap_means(rows, options_.bootstrap);
    for (std::size_t i = 0; i < result_.points.size(); ++i) {
      StrategyPoint& point = result_.points[i];
      point.mean = intervals[2 * i];
      point.gain = intervals[2 * i + 1];
      for (const double tokens : point.tokens)
        point.mean_tokens += tokens / static_cast<double>(point.tokens.size());
    }
  }

  Generator& generator_;
  const Tokenizer& tokenizer_;
  const Rubric& rubric_;
  const TestTimeOptions& options_;
  const std::shared_ptr<const Verifier> answers_;
  const std::set<int> k_;
  const int samples_;
  TestTime result_;
  std::vector<double> single_;  // [problems] accuracy of one sample
  std::vector<SampleSet> sets_;
  std::vector<StrategyPoint> budget_points_;
};

}  // namespace

const char* to_string(Strategy strategy) {
  return std::ranges::find(kStrategies, strategy, [](const auto& entry) { return entry.first; })->second;
}

std::optional<Strategy> strategy_of(const std::string& name) {
  for (const auto& [strategy, known] : kStrategies) {
    if (name == known) return strategy;
  }
  return std::nullopt;
}

std::vector<std::string> strategy_names() {
  std::vector<std::string> names;
  for (const auto& [strategy, name] : kStrategies) names.push_back(name);
  return names;
}

std::string name_of(const StrategyPoint& point) {
  return fmt::format("{}@{}", to_string(point.strategy), point.at);
}

Result<TestTime> run_test_time(std::span<const Problem> problems, Environment& environment,
                               Generator& generator, const Tokenizer& tokenizer, const Rubric& rubric,
                               const TestTimeOptions& options) {
  HONE_CHECK(!options.strategies.empty() && !options.k.empty() && *std::ranges::min_element(options.k) >= 1 &&
                 *std::ranges::max_element(options.k) <= options.samples,
             "{} strategies, {} k", options.strategies.size(), options.k.size());
  for (const Strategy strategy : {Strategy::kMajority, Strategy::kWeighted, Strategy::kAdaptive}) {
    if (asks(options, strategy) && !rubric.answers()) {
      return Error{"strategy " + std::string(to_string(strategy)),
                   "needs a verifier whose answers can be compared",
                   fmt::format("{}", fmt::join(rubric.names(), ", "))};
    }
  }
  return TestTimeRun(generator, tokenizer, rubric, options).run(problems, environment);
}

}  // namespace hone
