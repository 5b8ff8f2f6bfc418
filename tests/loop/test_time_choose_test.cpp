#include "hone/loop/test_time_choose.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>

#include "hone/base/check.h"

namespace hone {
namespace {

using Choice = std::optional<std::size_t>;

// Candidates numbered as they come, some samples unreadable, equal scores among the scores.
SampleSet random_set(std::uint64_t seed, int n, std::uint64_t answers) {
  RandomStream random({.seed = seed});
  SampleSet set;
  std::map<std::uint64_t, std::size_t> number;
  std::vector<char> right(answers);
  for (char& r : right) r = random.uniform() < 0.4 ? 1 : 0;
  for (int i = 0; i < n; ++i) {
    const std::uint64_t answer = random.below(answers);
    const bool readable = random.uniform() < 0.8;
    set.choice.push_back(readable ? Choice(number.emplace(answer, number.size()).first->second)
                                  : std::nullopt);
    set.correct.push_back(readable ? right[answer] : 0);
    set.weights.push_back(random.uniform());
    set.scores.push_back(static_cast<double>(random.below(4)));
  }
  return set;
}

bool vote_of(const SampleSet& set, unsigned chosen, bool weighted) {
  std::map<std::size_t, double> votes;
  for (std::size_t i = 0; i < set.choice.size(); ++i) {
    if ((chosen >> i & 1) != 0 && set.choice[i]) votes[*set.choice[i]] += weighted ? set.weights[i] : 1.0;
  }
  double most = -1;
  for (const auto& [candidate, count] : votes) most = std::max(most, count);
  for (std::size_t i = 0; i < set.choice.size(); ++i) {  // the first who names a leader
    if ((chosen >> i & 1) != 0 && set.choice[i] && votes[*set.choice[i]] == most) return set.correct[i] != 0;
  }
  return false;
}

bool best_of(const SampleSet& set, unsigned chosen) {
  int best = -1;
  for (int i = 0; i < static_cast<int>(set.scores.size()); ++i) {
    const auto at = static_cast<std::size_t>(i);
    if ((chosen >> i & 1) != 0 && (best < 0 || set.scores[at] > set.scores[static_cast<std::size_t>(best)]))
      best = i;
  }
  return set.correct[static_cast<std::size_t>(best)] != 0;
}

template <class Decide>
double over_all_sets(int n, int k, const Decide& decide) {
  int all = 0, right = 0;
  for (unsigned chosen = 0; chosen < (1u << n); ++chosen) {
    if (std::popcount(chosen) != k) continue;
    ++all;
    right += decide(chosen) ? 1 : 0;
  }
  return static_cast<double>(right) / all;
}

TEST(TestTimeChoose, FewSetsAreAllCounted) {
  constexpr int kSamples = 7;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const SampleSet set = random_set(seed, kSamples, 3);
    for (int k = 1; k <= kSamples; ++k) {
      for (const bool weighted : {false, true}) {
        EXPECT_NEAR(vote_at_k(set, k, weighted, {}),
                    over_all_sets(kSamples, k, [&](unsigned c) { return vote_of(set, c, weighted); }), 1e-12)
            << seed << " k " << k << " weighted " << weighted;
      }
      EXPECT_NEAR(best_at_k(set, k), over_all_sets(kSamples, k, [&](unsigned c) { return best_of(set, c); }),
                  1e-12)
          << seed << " k " << k;
    }
  }
}

TEST(TestTimeChoose, ManySetsAreEstimatedWithoutBias) {
  constexpr int kSamples = 14, kProblems = 60;
  double drawn = 0.0, exact = 0.0;
  int differ = 0;
  for (std::uint64_t p = 0; p < kProblems; ++p) {
    const SampleSet set = random_set(p, kSamples, 4);
    const RandomKey key{.seed = 5, .problem = p};
    const double value = vote_at_k(set, 5, false, key);  // 2002 sets
    EXPECT_EQ(value, vote_at_k(set, 5, false, key));
    differ += value != vote_at_k(set, 5, false, {.seed = 6, .problem = p}) ? 1 : 0;
    drawn += value / kProblems;
    exact += over_all_sets(kSamples, 5, [&](unsigned c) { return vote_of(set, c, false); }) / kProblems;
  }
  // A problem's estimate has a standard error below 0.5 / 16.
  EXPECT_NEAR(drawn, exact, 4 * 0.5 / 16 / std::sqrt(kProblems));
  EXPECT_GT(differ, kProblems / 2);
}

TEST(TestTimeChoose, WithKNTheWholeSetDecides) {
  const SampleSet set = random_set(3, 20, 4);
  EXPECT_EQ(vote_at_k(set, 20, false, {}), vote_of(set, (1u << 20) - 1, false) ? 1.0 : 0.0);
  EXPECT_EQ(best_at_k(set, 20), best_of(set, (1u << 20) - 1) ? 1.0 : 0.0);
}

TEST(TestTimeChoose, NobodyIsRightWhereNobodyAnswers) {
  SampleSet set;
  set.correct = {0, 0};
  set.choice = {std::nullopt, std::nullopt};
  EXPECT_EQ(vote_at_k(set, 2, false, {}), 0.0);
  EXPECT_FALSE(adaptive_vote(set, 2, 0.95).correct);
  EXPECT_EQ(adaptive_vote(set, 2, 0.95).drawn, 2);
}

// ∫ x^a (1 − x)^b over (½, 1), over the same on (0, 1): Simpson's rule.
double beta_tail(int a, int b) {
  const auto integral = [&](double from) {
    constexpr int kSteps = 4000;
    double sum = 0.0;
    for (int i = 0; i <= kSteps; ++i) {
      const double x = from + (1.0 - from) * i / kSteps;
      const double weight = i == 0 || i == kSteps ? 1 : i % 2 == 1 ? 4 : 2;
      sum += weight * std::pow(x, a) * std::pow(1 - x, b);
    }
    return sum * (1.0 - from) / kSteps;
  };
  return integral(0.5) / integral(0.0);
}

TEST(AdaptiveVote, TheLeadersChanceIsTheBetaTail) {
  EXPECT_EQ(leader_probability(0, 0), 0.5);
  EXPECT_EQ(leader_probability(1, 0), 0.75);
  EXPECT_EQ(leader_probability(4, 0), 31.0 / 32);
  for (const auto& [a, b] : {std::pair{3, 1}, {7, 3}, {5, 5}, {20, 11}, {40, 2}})
    EXPECT_NEAR(leader_probability(a, b), beta_tail(a, b), 1e-9) << a << " " << b;
  // Beyond where 2^-n underflows: the normal approximation, with the variance of a share.
  EXPECT_NEAR(leader_probability(2040, 1960), 0.5 * std::erfc(-80 / std::sqrt(4001) / std::sqrt(2.0)), 1e-3);
  EXPECT_NEAR(leader_probability(2000, 2000), 0.5, 1e-12);
}

// Whether every way in which the rest could vote leaves the winner as it is.
bool surely(const std::vector<Choice>& votes, std::size_t most) {
  const auto winner = [](const std::vector<Choice>& all) {
    AdaptiveVote count(static_cast<int>(all.size()), 1.0);
    for (const Choice& vote : all) count.add(vote);
    return count.winner();
  };
  const auto now = winner(votes);
  std::size_t candidates = 0;
  for (const Choice& vote : votes) candidates = std::max(candidates, vote ? *vote + 1 : 0);
  std::vector<std::vector<Choice>> open = {votes};
  while (!open.empty()) {
    std::vector<Choice> all = std::move(open.back());
    open.pop_back();
    if (all.size() == most) {
      if (winner(all) != now) return false;
      continue;
    }
    std::size_t named = candidates;
    for (const Choice& vote : all) named = std::max(named, vote ? *vote + 1 : 0);
    for (std::size_t next = 0; next <= std::min(named, candidates); ++next) {
      open.push_back(all);
      open.back().push_back(next);
    }
    open.push_back(all);
    open.back().push_back(std::nullopt);
  }
  return true;
}

TEST(AdaptiveVote, WithConfidenceOneItStopsExactlyWhenNothingCanOvertake) {
  constexpr int kMost = 6;
  int early = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const SampleSet set = random_set(seed, kMost, 3);
    std::size_t sure = 0;
    while (!surely({set.choice.begin(), set.choice.begin() + static_cast<long>(sure)}, kMost)) ++sure;
    const Adaptive vote = adaptive_vote(set, kMost, 1.0);
    EXPECT_EQ(vote.drawn, static_cast<int>(sure)) << seed;
    EXPECT_EQ(vote.correct, vote_of(set, (1u << kMost) - 1, false)) << seed;
    early += vote.drawn < kMost ? 1 : 0;
  }
  EXPECT_GT(early, 10);
}

TEST(AdaptiveVote, WavesDrawNoSampleThatOneByOneWouldSave) {
  int stopped = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const SampleSet set = random_set(seed, 32, 2 + seed % 3);
    AdaptiveVote vote(32, 0.95);
    int waves = 0;
    while (const int wave = vote.wave()) {
      ++waves;
      for (int i = 0; i < wave; ++i) vote.add(set.choice[static_cast<std::size_t>(vote.drawn())]);
    }
    EXPECT_EQ(vote.drawn(), adaptive_vote(set, 32, 0.95).drawn) << seed;
    stopped += vote.drawn() < 32 ? 1 : 0;
    EXPECT_LT(waves, vote.drawn());
  }
  EXPECT_GT(stopped, 50);
  AdaptiveVote fresh(32, 0.95);
  EXPECT_EQ(fresh.wave(), 4);  // 31/32 > 0.95
  EXPECT_EQ(AdaptiveVote(32, 1.0).wave(), 16);
  EXPECT_EQ(AdaptiveVote(3, 0.95).wave(), 2);
}

TEST(TestTimeChoose, RefusesImpossibleNumbers) {
  const SampleSet set = random_set(1, 4, 2);
  EXPECT_THROW((void)vote_at_k(set, 5, false, {}), BrokenInvariant);
  EXPECT_THROW((void)best_at_k(set, 0), BrokenInvariant);
  EXPECT_THROW((void)adaptive_vote(set, 40, 1.0), BrokenInvariant);
  EXPECT_THROW((void)leader_probability(1, 2), BrokenInvariant);
}

}  // namespace
}  // namespace hone
