#include "hone/loop/test_time.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "hone/loop/evaluate.h"
#include "loop/loop_fakes.h"
#include "loop/think_fakes.h"

namespace hone {
namespace {

using testing::FakeDataset;
using testing::FakeEnvironment;
using testing::FakeVerifier;
using testing::World;

// A sample depends on its key alone: answers "0" to "3", the hardest problems seldom "1".
class KeyedGenerator : public Generator {
 public:
  Result<std::vector<std::vector<Completion>>> generate(std::span<const GenerationRequest> requests,
                                                        const OnFinished& on_finished) override {
    ++calls;
    std::vector<std::vector<Completion>> all;
    for (std::size_t r = 0; r < requests.size(); ++r) {
      all.emplace_back();
      for (int i = 0; i < requests[r].n; ++i) {
        RandomKey key = requests[r].key;
        key.rollout += static_cast<std::uint32_t>(i);
        EXPECT_TRUE(drawn.emplace(key.problem, key.rollout).second) << "sampled twice";
        if (requests[r].sampling.temperature == 0) key.rollout = 0;
        all.back().push_back(sample(key));
        tokens += std::ssize(all.back().back().ids);
        if (on_finished) on_finished(r, static_cast<std::size_t>(i), all.back().back());
      }
    }
    return all;
  }
  std::int64_t context_length() const override { return 64; }

  int calls = 0;
  std::int64_t tokens = 0;
  std::set<std::pair<std::uint64_t, std::uint32_t>> drawn;

 private:
  static Completion sample(const RandomKey& key) {
    RandomStream random(key);
    Completion c;
    const double right = 0.2 + 0.6 * static_cast<double>(key.problem % 10) / 10;
    const std::uint64_t wrong = random.below(4);
    c.text = random.uniform() < right ? "1" : wrong == 1 ? "" : std::to_string(wrong);
    for (std::uint64_t t = 0, n = 1 + random.below(20); t < n; ++t) {
      c.ids.push_back(static_cast<std::int32_t>(t));
      c.logprobs.push_back(static_cast<float>(-random.uniform()));
    }
    return c;
  }
};

// Scores the first token's logprob, which says nothing of right and wrong.
class FirstLogprob : public Verifier {
 public:
  std::string name() const override { return "first"; }
  bool judges_correctness() const override { return false; }
  Verdict verify(const Problem&, const Completion& c) const override {
    if (c.ids.size() == 1) return {VerdictStatus::kTimeout, 5.0, ""};
    return {VerdictStatus::kCorrect, static_cast<double>(c.logprobs[0]), ""};
  }
};

class TestTimeRuns : public ::testing::Test {
 protected:
  Result<TestTime> run(const TestTimeOptions& options, Generator& generator) {
    auto rubric = Rubric::of({{1.0, verifier_}, {0.0, std::make_shared<FirstLogprob>()}});
    EXPECT_TRUE(rubric.ok());
    FakeEnvironment environment(world_);
    static const Tokenizer tokenizer = testing::think_tokenizer();
    return run_test_time(problems(), environment, generator, tokenizer, *rubric, options);
  }
  std::vector<Problem> problems() const {
    const FakeDataset dataset(world_);
    std::vector<Problem> asked;
    for (std::int64_t i = 0; i < 40; ++i) asked.push_back(dataset.eval(i));
    return asked;
  }
  static TestTimeOptions of(std::vector<Strategy> strategies, std::vector<int> k) {
    TestTimeOptions options;
    options.strategies = std::move(strategies);
    options.samples = *std::ranges::max_element(k);
    options.k = std::move(k);
    options.scorer = "first";
    options.bootstrap.resamples = 500;
    return options;
  }
  static const StrategyPoint& at(const TestTime& result, const std::string& name) {
    const auto found = std::ranges::find(result.points, name, name_of);
    if (found == result.points.end()) throw std::runtime_error("no " + name);
    return *found;
  }

  World world_;
  std::shared_ptr<const Verifier> verifier_ = std::make_shared<FakeVerifier>();
  KeyedGenerator generator_;
};

constexpr auto kPool = {Strategy::kPass, Strategy::kMajority, Strategy::kWeighted, Strategy::kBest,
                        Strategy::kAdaptive};

TEST_F(TestTimeRuns, OnePoolServesAllAndIsTheEvaluations) {
  const auto result = run(of(kPool, {16, 1, 4}), generator_);
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_EQ(generator_.calls, 1);
  EXPECT_EQ(result->points.size(), 15u);
  EXPECT_EQ(name_of(result->points[0]), "pass@1") << "k ascends";
  EXPECT_EQ(result->sampled_tokens, generator_.tokens);

  KeyedGenerator again;
  FakeEnvironment environment(world_);
  EvaluateOptions options;
  options.samples = 16;
  options.k = {1, 4, 16};
  const auto plain = evaluate(problems(), environment, again, *Rubric::of({{1.0, verifier_}}), options);
  ASSERT_TRUE(plain.ok());
  for (const char* name : {"pass@1", "pass@4", "pass@16", "maj@16"})
    EXPECT_NEAR(at(*result, name).mean.mean, plain->metrics.at(name), 1e-12) << name;
  // Of one sample every strategy makes the same.
  for (const char* name : {"maj@1", "weighted@1", "bon@1"})
    EXPECT_NEAR(at(*result, name).mean.mean, at(*result, "pass@1").mean.mean, 1e-12) << name;
  EXPECT_GT(at(*result, "maj@16").mean.mean, at(*result, "maj@1").mean.mean);
  EXPECT_GE(at(*result, "pass@16").mean.mean, at(*result, "maj@16").mean.mean);
  EXPECT_NEAR(at(*result, "maj@4").mean_tokens, static_cast<double>(generator_.tokens) / 40 / 4, 1e-9);
}

TEST_F(TestTimeRuns, WeightedVotesAndTheBestAreWhatTheirDefinitionsSay) {
  const auto result = run(of({Strategy::kWeighted, Strategy::kBest}, {8}), generator_);
  ASSERT_TRUE(result.ok());
  int undecided = 0, uneven = 0;
  for (std::size_t g = 0; g < result->groups.size(); ++g) {
    std::map<std::string, double> votes;
    double best = -INFINITY;
    std::size_t best_at = 0;
    const auto& rollouts = result->groups[g].rollouts;
    ASSERT_EQ(rollouts.size(), 8u);
    for (std::size_t i = 0; i < rollouts.size(); ++i) {
      const Completion& c = rollouts[i].completion;
      double sum = 0.0;
      for (const float logprob : c.logprobs) sum += static_cast<double>(logprob);
      if (!c.text.empty()) votes[c.text] += std::exp(sum / static_cast<double>(c.ids.size()));
      undecided += c.ids.size() == 1 ? 1 : 0;
      if (c.ids.size() > 1 && static_cast<double>(c.logprobs[0]) > best)
        best = static_cast<double>(c.logprobs[0]), best_at = i;
    }
    const auto winner = std::ranges::max_element(votes, {}, [](const auto& v) { return v.second; });
    EXPECT_EQ(result->points[0].accuracy[g], winner->first == "1" ? 1.0 : 0.0) << g;
    EXPECT_EQ(result->points[1].accuracy[g], rollouts[best_at].reward.correct ? 1.0 : 0.0) << g;
    uneven += result->points[0].accuracy[g] != result->points[1].accuracy[g] ? 1 : 0;
  }
  EXPECT_GT(undecided, 0);
  EXPECT_GT(uneven, 3);
}

TEST_F(TestTimeRuns, WavesDrawTheFirstSamplesOfThePoolAndNoMore) {
  const auto pool = run(of({Strategy::kAdaptive, Strategy::kPass}, {4, 32}), generator_);
  KeyedGenerator lazy;
  const auto waves = run(of({Strategy::kAdaptive}, {4, 32}), lazy);
  ASSERT_TRUE(pool.ok() && waves.ok());
  for (const char* name : {"adaptive@4", "adaptive@32"}) {
    EXPECT_EQ(at(*waves, name).accuracy, at(*pool, name).accuracy) << name;
    EXPECT_EQ(at(*waves, name).tokens, at(*pool, name).tokens) << name;
  }
  EXPECT_EQ(waves->sampled_tokens, lazy.tokens);
  EXPECT_NEAR(at(*waves, "adaptive@32").mean_tokens * 40, static_cast<double>(lazy.tokens), 1e-6);
  EXPECT_LT(static_cast<double>(lazy.tokens), 0.7 * static_cast<double>(generator_.tokens));
  for (std::size_t g = 0; g < 40; ++g) {
    const auto& few = waves->groups[g].rollouts;
    const auto& all = pool->groups[g].rollouts;
    ASSERT_LE(few.size(), all.size());
    for (std::size_t i = 0; i < few.size(); ++i) {
      EXPECT_EQ(few[i].completion.logprobs, all[i].completion.logprobs);
      EXPECT_EQ(few[i].reward.correct, all[i].reward.correct);
    }
  }
}

TEST_F(TestTimeRuns, WithConfidenceOneAdaptiveIsLossless) {
  auto options = of({Strategy::kAdaptive, Strategy::kMajority}, {16});
  options.confidence = 1.0;
  const auto result = run(options, generator_);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(at(*result, "adaptive@16").accuracy, at(*result, "maj@16").accuracy);
  EXPECT_LT(at(*result, "adaptive@16").mean_tokens, at(*result, "maj@16").mean_tokens);
}

TEST_F(TestTimeRuns, EqualCompletionsGainNothing) {
  auto options = of(kPool, {1, 8});
  options.sampling.temperature = 0;
  const auto result = run(options, generator_);
  ASSERT_TRUE(result.ok());
  for (const StrategyPoint& point : result->points) {
    for (std::size_t g = 0; g < 40; ++g)
      EXPECT_NEAR(point.accuracy[g], at(*result, "pass@1").accuracy[g], 1e-12) << name_of(point);
    EXPECT_NEAR(point.gain.high, 0.0, 1e-12) << name_of(point);
  }
}

TEST_F(TestTimeRuns, GainsArePairedWithOneSampleOfTheSameProblem) {
  const auto result = run(of({Strategy::kPass, Strategy::kMajority}, {1, 16}), generator_);
  ASSERT_TRUE(result.ok());
  const StrategyPoint &one = at(*result, "pass@1"), &vote = at(*result, "maj@16");
  const Interval expected = bootstrap_difference(vote.accuracy, one.accuracy, {.resamples = 500});
  EXPECT_NEAR(vote.gain.mean, expected.mean, 1e-12);
  EXPECT_NEAR(vote.gain.low, expected.low, 1e-12);
  EXPECT_NEAR(vote.gain.high, expected.high, 1e-12);
  EXPECT_LT(vote.gain.high - vote.gain.low, vote.mean.high - vote.mean.low) << "pairing narrows it";
}

class Unreadable : public FakeVerifier {
  bool compares_answers() const override { return false; }
};

TEST_F(TestTimeRuns, VotesNeedAnswersThatCanBeCompared) {
  verifier_ = std::make_shared<Unreadable>();
  for (const Strategy strategy : {Strategy::kMajority, Strategy::kWeighted, Strategy::kAdaptive}) {
    const auto result = run(of({strategy}, {2}), generator_);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().where, std::string("strategy ") + to_string(strategy));
  }
  EXPECT_EQ(generator_.calls, 0);
  EXPECT_TRUE(run(of({Strategy::kPass, Strategy::kBest}, {2}), generator_).ok());
}

TEST_F(TestTimeRuns, BudgetsAreMeasuredBesideThePool) {
  testing::ThinkingGenerator thinking;
  auto options = of({Strategy::kBudget, Strategy::kPass}, {2});
  options.budget.budgets = {0, 2, 50};
  const auto result = run(options, thinking);
  ASSERT_TRUE(result.ok()) << result.error().message();
  ASSERT_EQ(result->points.size(), 4u);
  EXPECT_EQ(name_of(result->points[1]), "budget@2");
  EXPECT_LT(at(*result, "budget@0").mean_tokens, at(*result, "budget@2").mean_tokens);
  EXPECT_LT(at(*result, "budget@2").mean_tokens, at(*result, "budget@50").mean_tokens);
  EXPECT_EQ(result->groups[0].rollouts.size(), 2u) << "the pool's";
  EXPECT_EQ(result->sampled_tokens, thinking.tokens);
}

TEST(Strategies, HaveNames) {
  for (const std::string& name : strategy_names()) EXPECT_EQ(to_string(*strategy_of(name)), name);
  EXPECT_FALSE(strategy_of("majority"));
}

}  // namespace
}  // namespace hone
