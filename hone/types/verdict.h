// What a verifier decided about one completion. "Could not decide" is a status, never a zero.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace hone {

enum class VerdictStatus {
  kCorrect,
  kWrong,
  kUnparsable,  // the completion holds no answer that could be read: decided, worth 0
  kTimeout,     // undecided
  kError,       // undecided: the verifier or the reference failed, not the completion
};
const char* to_string(VerdictStatus status);

struct Verdict {
  VerdictStatus status = VerdictStatus::kError;
  double score =
      0.0;  // in [0, 1] for verifiers of correctness; any finite value for costs; meaningless when undecided
  std::string detail;  // what was compared, or the first failure

  bool decided() const { return status != VerdictStatus::kTimeout && status != VerdictStatus::kError; }
};

// One weighted verifier's part of a reward.
struct RewardPart {
  std::string verifier;
  double weight = 1.0;
  Verdict verdict;
};

struct Reward {
  std::vector<RewardPart> parts;
  std::optional<double> total;  // Σ weight · score; absent when any part with weight ≠ 0 is undecided, and
                                // of rollouts that only vote
  bool correct = false;  // the rubric's accuracy verifiers all said kCorrect
};

}  // namespace hone
