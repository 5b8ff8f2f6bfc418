// The rubric: weighted verifiers, each with its verdict kept.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/config/options.h"
#include "hone/types/interfaces.h"

namespace hone {

// The names that `reward` may hold, for messages and help.
std::vector<std::string> known_verifiers();

// seed: for the random control, whose score is keyed by (seed, problem, the completion's ids).
// Error: unknown verifier (naming the nearest), an impossible option.
Result<std::unique_ptr<Verifier>> make_verifier(const VerifierOptions& options, std::uint64_t seed);

class Rubric {
 public:
  static Result<Rubric> make(const RewardOptions& options, std::uint64_t seed);
  Reward judge(const Problem& problem, const Completion& completion) const;
  std::vector<std::string> names() const;

 private:
  struct Entry {
    double weight;
    std::shared_ptr<const Verifier> verifier;
  };
  std::vector<Entry> entries_;
};

}  // namespace hone
