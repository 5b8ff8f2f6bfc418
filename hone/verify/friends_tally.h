// The opinions of a step, and what is counted of them. Internal to verify/.
#pragma once

#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/types/train_batch.h"
#include "hone/verify/friends.h"

namespace hone {

struct Voice {
  std::string judge;
  std::vector<std::vector<Opinion>> opinions;  // [questions][voters]
};

// Opinions on one thing, added up.
struct Count {
  double yes = 0;  // their sum
  int held = 0, yes_votes = 0, abstained = 0, timed_out = 0;
  std::string why;  // of the first abstention
  void add(const Opinion& opinion);
  double share() const { return yes / held; }
};

// All opinions on one question.
Count count_of(const std::vector<Voice>& voices, std::size_t question);

// "4 of 5 friends say yes, 1 abstains"; the majority's 1 or 0 where `majority`, else the share.
Verdict verdict_of(const Count& count, bool majority);

// Nobody held an opinion.
Verdict undecided(const Count& count);

// Metrics under `name`, as friends.h lists them.
Metrics opinion_metrics(const std::vector<Voice>& voices, const std::string& name);

// Error when more than `max_abstain` of all opinions are abstentions.
Result<void> check_abstentions(const std::vector<Voice>& voices, std::span<const JudgeQuestion> questions,
                               double max_abstain, const std::string& name);

}  // namespace hone
