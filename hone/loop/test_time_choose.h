// What each strategy makes of one problem's samples.
//
// Pure functions. All but best_at_k and pass_at_k read the samples in their order: of answers with equal
// votes the one named first wins, as in count_votes().
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "hone/base/rng.h"

namespace hone {

// [N] of each; what a strategy does not read may be empty.
struct SampleSet {
  std::vector<char> correct;                       // as judged
  std::vector<std::optional<std::size_t>> choice;  // which of the answers (Votes::choice); none: unreadable
  std::vector<double> weights;                     // of weighted votes, ≥ 0
  std::vector<double> scores;                      // of best-of
};

// The chance that one of k samples is right, from n of which c are: 1 − C(n−c, k) / C(n, k) (Chen et al.
// 2021, arXiv 2107.03374, eq. 1), as a product that neither overflows nor cancels.
double pass_at_k(int n, int c, int k);

// Whether the answer with the most votes is right, over all sets of k samples: every one where they are few
// (kSubsets), else the mean over kSubsets that `key` draws. k = N: the whole set.
constexpr int kSubsets = 256;
double vote_at_k(const SampleSet& samples, int k, bool weighted, const RandomKey& key);

// Whether the sample of the highest score is right, the mean over all sets of k (in closed form). Of equal
// scores the first counts.
double best_at_k(const SampleSet& samples, int k);

// P(the leader's share > the runner-up's) under the Beta rule of Adaptive-Consistency (Aggarwal et al. 2023,
// arXiv 2305.11860, §3): the share of `leader` among both is Beta(leader + 1, runner_up + 1).
double leader_probability(int leader, int runner_up);

// Votes that come one after another, at most `most`, until they are decided: no answer can overtake the
// leader any more, or leader_probability > confidence. With confidence 1 the winner is always that of all
// `most`.
class AdaptiveVote {
 public:
  AdaptiveVote(int most, double confidence) : most_(most), confidence_(confidence) {}

  // Requires wave() > 0. Candidates are numbered in the order in which they are first named.
  void add(std::optional<std::size_t> candidate);
  // The fewest further samples that could decide the vote: drawing them at once draws none that one at a time
  // would have saved. 0: it is decided, or all samples are drawn.
  int wave() const;
  int drawn() const { return drawn_; }
  std::optional<std::size_t> winner() const;

 private:
  bool decided_after(int more) const;  // if they all went to the leader
  int most_;
  double confidence_;
  int drawn_ = 0;
  std::vector<int> votes_;
};

// Of the first samples, how many an adaptive vote draws, and whether its answer is right.
struct Adaptive {
  int drawn = 0;
  bool correct = false;
};
Adaptive adaptive_vote(const SampleSet& samples, int most, double confidence);

}  // namespace hone
