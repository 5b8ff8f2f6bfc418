// The rubric: weighted verifiers, each with its verdict kept.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/config/options.h"
#include "hone/types/interfaces.h"
#include "hone/verify/friends.h"

namespace hone {

// The names of what judges one completion by itself, for messages and help. What each does: verifiers.h.
// `reward` may also hold what judges a group: "vote" (vote.h) and "friends" (friends.h).
std::vector<std::string> known_verifiers();

// seed: for the random control, whose score is keyed by (seed, problem, the completion's ids).
// Error: unknown verifier (naming the nearest), an impossible option (length without a positive scale).
Result<std::unique_ptr<Verifier>> make_verifier(const VerifierOptions& options, std::uint64_t seed);

// What reads and compares the answers of these completions: the first of the rubric that does (of votes and
// friends: what reads theirs); nullptr: none does. Starts no program, whatever else the rubric names.
std::shared_ptr<const Verifier> make_answer_verifier(const RewardOptions& options);

// The verifier's verdict, whatever it throws: its own failure is no fault of the completion. What it throws,
// and a score that is not finite, becomes a verdict of status error; only BrokenInvariant passes.
Verdict guarded_verdict(const Verifier& verifier, const Problem& problem, const Completion& completion);

// Thread safety: judge may be called from several threads at once.
class Rubric {
 public:
  struct Weighted {
    double weight = 1.0;
    std::shared_ptr<const Verifier> verifier;
    std::string name = {};                      // in rewards and metrics; empty: the verifier's
    std::shared_ptr<GroupVerifier> group = {};  // in place of `verifier`
  };

  // `friends`: whom "friends" asks; filled in before the first judge_groups(). Absent: there are none.
  // Error: those of make_verifier, no verifier, a name used twice, a weight that is not finite.
  static Result<Rubric> make(const RewardOptions& options, std::uint64_t seed,
                             std::shared_ptr<const Friends> friends = {});
  // The same of verifiers made elsewhere.
  static Result<Rubric> of(std::vector<Weighted> weighted);

  // Every verifier's guarded verdict in order, those of groups left out. `correct` needs at least one
  // verifier that judges correctness, of any weight. The total is absent when one of weight judges groups.
  Reward judge(const Problem& problem, const Completion& completion) const;
  // The rest, once judge() has given every rollout its reward: the verdicts of groups, in their places, and
  // the totals. From one thread. Returns their metrics, those of a verifier with a name of its own under that
  // name, and <name>/reward_accuracy: how often the verdict is what the problem's label says, where there is
  // one; reward_accuracy counts those of any weight together. `step`: updates done before they were sampled.
  Result<Metrics> judge_groups(std::span<Group> groups, std::int64_t step) const;
  // Whether `correct` says anything: correctness was judged, and decided.
  bool labelled(const Reward& reward) const;
  std::vector<std::string> names() const;
  bool judges_correctness() const;  // whether any of its verifiers does
  // The first that reads and compares answers, for votes; nullptr: none does.
  std::shared_ptr<const Verifier> answers() const;
  int concurrency() const;  // the sum of theirs: calls that may wait for other processes at once

 private:
  std::vector<Weighted> entries_;
};

}  // namespace hone
