// Test-time compute: accuracy against tokens spent, for ways of answering with many samples of a problem.
//
//   problems ──> one pool of N samples each ──> pass, maj, weighted, bon, adaptive at every k ≤ N
//            └─> thoughts ──> cut at each budget ──> budget
//
// Strategies are compared on the same samples. Adaptive alone samples in waves and stops where the vote is
// decided: draws are keyed by the sample's number, so its samples are the first of the pool's.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/loop/think_budget.h"
#include "hone/rl/bootstrap.h"
#include "hone/text/tokenizer.h"
#include "hone/types/interfaces.h"
#include "hone/verify/rubric.h"

namespace hone {

enum class Strategy {
  kPass,      // any of k is right: what a perfect judge would make of them
  kMajority,  // the answer with the most votes (Wang et al. 2023, arXiv 2203.11171)
  kWeighted,  // the same, each vote weighted by exp(mean logprob) of its completion
  kBest,      // the sample that the scorer likes most
  kAdaptive,  // the majority of as many samples as decide it, k at most
  kBudget,    // one sample, whose thought has a budget of tokens
};
const char* to_string(Strategy strategy);
std::optional<Strategy> strategy_of(const std::string& name);
std::vector<std::string> strategy_names();

struct TestTimeOptions {
  std::vector<Strategy> strategies;  // in the order of the result
  SamplingParams sampling;
  std::vector<int> k = {1};  // ≥ 1
  int samples = 1;           // N, at least the largest k; adaptive alone draws that at most
  std::uint64_t seed = 0;
  std::string scorer;          // of best-of: "logprob" (the mean over tokens), or a name of the rubric's
  double confidence = 0.95;    // of adaptive stopping
  ThinkBudgetOptions budget;   // of kBudget, with `samples` of each problem under each
  BootstrapOptions bootstrap;  // of every interval
};

struct StrategyPoint {
  Strategy strategy = Strategy::kPass;
  int at = 0;                    // k, or the budget
  std::vector<double> accuracy;  // [problems] the chance that the strategy's answer is right
  std::vector<double> tokens;    // [problems] spent on it, the mean over samples
  Interval mean;                 // of accuracy
  double mean_tokens = 0.0;
  Interval
      gain;  // over one sample of the same problem: of the pool, or else under the smallest budget; paired
};
std::string name_of(const StrategyPoint& point);  // "maj@16"

struct TestTime {
  // With the rollouts of the pool; with budgets alone, those of the largest budget, whose forced tokens have
  // no logprob (NaN).
  std::vector<Group> groups;
  std::vector<StrategyPoint> points;
  std::int64_t sampled_tokens = 0;  // by the generator in all, so that waves can be compared with a pool
};

// Verdicts that could not be reached count as not right. `tokenizer` is read for budgets alone.
// Errors: votes where the rubric's verifiers compare no answers; those of prompt_groups, of
// sample_think_budgets and of the generator.
Result<TestTime> run_test_time(std::span<const Problem> problems, Environment& environment,
                               Generator& generator, const Tokenizer& tokenizer, const Rubric& rubric,
                               const TestTimeOptions& options);

}  // namespace hone
