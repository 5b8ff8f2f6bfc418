#include "hone/loop/test_time_choose.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "hone/base/check.h"

namespace hone {
namespace {

// C(n, k), or `limit` + 1 when it is larger.
int choices(int n, int k, int limit) {
  double count = 1.0;
  for (int i = 1; i <= std::min(k, n - k); ++i) {
    count *= static_cast<double>(n - i + 1) / i;
    if (count > limit) return limit + 1;
  }
  return static_cast<int>(std::lround(count));
}

// The next set in lexicographic order; false after the last.
bool next_subset(std::vector<std::size_t>& subset, std::size_t n) {
  const std::size_t k = subset.size();
  for (std::size_t i = k; i-- > 0;) {
    if (subset[i] == n - k + i) continue;
    ++subset[i];
    for (std::size_t j = i + 1; j < k; ++j) subset[j] = subset[j - 1] + 1;
    return true;
  }
  return false;
}

// Uniform among the sets of k, ascending: the first k of a shuffle.
void draw_subset(std::vector<std::size_t>& all, std::span<std::size_t> subset, RandomStream& random) {
  for (std::size_t i = 0; i < subset.size(); ++i) {
    std::swap(all[i], all[i + random.below(all.size() - i)]);
    subset[i] = all[i];
  }
  std::sort(subset.begin(), subset.end());
}

// Reused for all sets of one problem.
class Ballot {
 public:
  explicit Ballot(const SampleSet& samples) : samples_(samples) {
    for (const auto choice : samples.choice) {
      if (choice && *choice >= votes_.size()) votes_.resize(*choice + 1);
    }
  }

  bool winner_is_correct(std::span<const std::size_t> subset, bool weighted) {
    constexpr std::size_t kNobody = static_cast<std::size_t>(-1);
    std::fill(votes_.begin(), votes_.end(), Candidate{0.0, kNobody});
    for (const std::size_t i : subset) {
      if (!samples_.choice[i]) continue;
      Candidate& candidate = votes_[*samples_.choice[i]];
      candidate.votes += weighted ? samples_.weights[i] : 1.0;
      candidate.first = std::min(candidate.first, i);
    }
    Candidate best{-1.0, kNobody};
    for (const Candidate& candidate : votes_) {
      if (candidate.first == kNobody) continue;
      const bool first_of_equals = candidate.votes == best.votes && candidate.first < best.first;
      if (candidate.votes > best.votes || first_of_equals) best = candidate;
    }
    return best.first != kNobody && samples_.correct[best.first] != 0;
  }

 private:
  struct Candidate {
    double votes = 0.0;
    std::size_t first = 0;  // who named it first
  };
  const SampleSet& samples_;
  std::vector<Candidate> votes_;
};

}  // namespace

double pass_at_k(int n, int c, int k) {
  if (n - c < k) return 1.0;
  double miss = 1.0;
  for (int i = n - c + 1; i <= n; ++i) miss *= 1.0 - static_cast<double>(k) / i;
  return 1.0 - miss;
}

double vote_at_k(const SampleSet& samples, int k, bool weighted, const RandomKey& key) {
  const std::size_t n = samples.correct.size();
  HONE_CHECK(k >= 1 && std::cmp_less_equal(k, n) && samples.choice.size() == n, "k {} of {}", k, n);
  HONE_CHECK(!weighted || samples.weights.size() == n, "{} weights of {}", samples.weights.size(), n);
  Ballot ballot(samples);
  std::vector<std::size_t> subset(static_cast<std::size_t>(k));
  std::iota(subset.begin(), subset.end(), std::size_t{0});
  int right = 0;
  if (const int sets = choices(static_cast<int>(n), k, kSubsets); sets <= kSubsets) {
    do right += ballot.winner_is_correct(subset, weighted) ? 1 : 0;
    while (next_subset(subset, n));
    return static_cast<double>(right) / sets;
  }
  RandomStream random(key);
  std::vector<std::size_t> all(n);
  std::iota(all.begin(), all.end(), std::size_t{0});
  for (int i = 0; i < kSubsets; ++i) {
    draw_subset(all, subset, random);
    right += ballot.winner_is_correct(subset, weighted) ? 1 : 0;
  }
  return static_cast<double>(right) / kSubsets;
}

double best_at_k(const SampleSet& samples, int k) {
  const int n = static_cast<int>(samples.correct.size());
  HONE_CHECK(k >= 1 && k <= n && std::cmp_equal(samples.scores.size(), n), "k {} of {}", k, n);
  std::vector<std::size_t> order(samples.scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return samples.scores[a] > samples.scores[b]; });
  // The sample of rank r is the best of a set when the k − 1 others rank below it: C(n−1−r, k−1) / C(n, k).
  double chance = static_cast<double>(k) / n, sum = 0.0;
  for (int rank = 0; rank <= n - k; ++rank) {
    if (samples.correct[order[static_cast<std::size_t>(rank)]] != 0) sum += chance;
    if (rank < n - k) chance *= static_cast<double>(n - rank - k) / (n - 1 - rank);
  }
  return std::min(sum, 1.0);
}

double leader_probability(int leader, int runner_up) {
  HONE_CHECK(leader >= runner_up && runner_up >= 0, "{} and {} votes", leader, runner_up);
  // For whole numbers the Beta's tail beyond ½ is a sum of binomial terms:
  // P(Beta(a + 1, b + 1) > ½) = P(Binomial(a + b + 1, ½) ≤ a). The rest is summed, so that 1 stays exact.
  const int n = leader + runner_up + 1;
  double term = 1.0, rest = 0.0;  // in units of 2^exponent; from P(Binomial = n) downwards
  int exponent = -n;
  for (int i = n; i > leader; --i) {
    rest += term;
    term *= static_cast<double>(i) / (n - i + 1);
    if (term > 0x1p500) term *= 0x1p-500, rest *= 0x1p-500, exponent += 500;
  }
  return 1.0 - std::ldexp(rest, exponent);
}

void AdaptiveVote::add(std::optional<std::size_t> candidate) {
  HONE_CHECK(drawn_ < most_, "all {} samples are drawn", most_);
  ++drawn_;
  if (!candidate) return;
  HONE_CHECK(*candidate <= votes_.size(), "candidate {} of {}", *candidate, votes_.size());
  if (*candidate == votes_.size()) votes_.push_back(0);
  ++votes_[*candidate];
}

std::optional<std::size_t> AdaptiveVote::winner() const {
  if (votes_.empty()) return std::nullopt;
  return static_cast<std::size_t>(std::max_element(votes_.begin(), votes_.end()) - votes_.begin());
}

bool AdaptiveVote::decided_after(int more) const {
  const int left = most_ - drawn_ - more;
  if (left == 0) return true;
  const auto leading = winner();
  const std::size_t leader = leading.value_or(0);
  const int votes = (leading ? votes_[leader] : 0) + more;
  int runner_up = 0;
  bool settled = votes >= left;  // against an answer that nobody has named yet
  for (std::size_t i = 0; i < votes_.size(); ++i) {
    if (i == leader) continue;
    runner_up = std::max(runner_up, votes_[i]);
    // Of equals the one named first wins.
    settled = settled && (i < leader ? votes_[i] + left < votes : votes_[i] + left <= votes);
  }
  return settled || (votes > 0 && leader_probability(votes, runner_up) > confidence_);
}

int AdaptiveVote::wave() const {
  int more = 0;
  while (!decided_after(more)) ++more;
  return more;
}

Adaptive adaptive_vote(const SampleSet& samples, int most, double confidence) {
  HONE_CHECK(most >= 1 && samples.choice.size() == samples.correct.size(), "{} of {} samples", most,
             samples.correct.size());
  AdaptiveVote vote(most, confidence);
  std::vector<std::size_t> first;  // who named a candidate first
  while (vote.wave() > 0) {
    const auto i = static_cast<std::size_t>(vote.drawn());
    HONE_CHECK(i < samples.choice.size(), "{} samples do not decide the vote", i);
    if (const auto choice = samples.choice[i]; choice && *choice == first.size()) first.push_back(i);
    vote.add(samples.choice[i]);
  }
  const auto winner = vote.winner();
  return {vote.drawn(), winner && samples.correct[first[*winner]] != 0};
}

}  // namespace hone
