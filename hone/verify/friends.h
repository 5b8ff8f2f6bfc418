// Friends: several judges see question and answer and say yes or no; their opinions are the reward.
//
//   groups ──> questions, equal ones once ──> each Friend ──> opinions ──> a verdict for each rollout
//
// A judge sees what its prompt holds and nothing else of a problem: no label, no solution. Whoever times out,
// can't be reached or says neither abstains; an abstention is counted, and is never a no.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hone/config/options.h"
#include "hone/types/interfaces.h"

namespace hone {

struct Opinion {
  std::optional<double> yes;  // in [0, 1]: said (0 or 1), or how probable it is; absent: an abstention
  bool timed_out = false;     // of an abstention
  std::string why;            // what was said, in short; of an abstention the reason
};

struct JudgeQuestion {
  std::string text;       // all that the judge sees
  std::uint64_t key = 0;  // of random numbers: the text's hash
};

// Not thread safe.
class Friend {
 public:
  virtual ~Friend() = default;
  virtual std::string name() const = 0;             // in metrics
  virtual std::size_t voters() const { return 1; }  // opinions on each question
  // [questions][voters]. What keeps it from an opinion is an abstention; an error is what no later step can
  // mend. `step` keys random numbers.
  virtual Result<std::vector<std::vector<Opinion>>> ask(std::span<const JudgeQuestion> questions,
                                                        std::int64_t step) = 0;
  // The step did not count: what kept it from opinions there is not to be repeated when the step is.
  virtual Result<void> withdraw(std::int64_t) { return {}; }
};
using Friends = std::vector<std::unique_ptr<Friend>>;

// Asks those of `friends` whom options.judges names (all when it is empty) as options.prompt says; the list
// may be filled after this call, before the first verify(). `answers` reads {answer}.
//
// Verdicts: the score is the mean yes of all opinions held (share), or 1 when most of them say yes
// (majority); correct when more than half of it is yes, else wrong. Pairwise: the share of comparisons won
// against others of the group, each shown in both orders, so that liking the first costs nobody anything.
// unparsable 0: there is no answer to show. timeout or error: everybody abstained.
// Metrics, under options.name or "friends": <name>/agreement (of pairs of opinions on a question),
// /yes_rate, /abstain_rate, and the last two of each judge as <name>/<judge>/….
// Error: more than options.max_abstain of the opinions were abstentions; it names a judge, the count and an
// example.
std::unique_ptr<GroupVerifier> make_friends_verifier(const VerifierOptions& options,
                                                     std::shared_ptr<const Verifier> answers,
                                                     std::shared_ptr<const Friends> friends);

}  // namespace hone
