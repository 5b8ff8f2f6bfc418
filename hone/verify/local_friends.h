// Friends that need no network: the policy and other models on this machine, and a coin.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hone/types/interfaces.h"
#include "hone/verify/friends.h"

namespace hone {

// How probable "yes" is against "no", as the next thing a model says.
class YesNoScorer {
 public:
  virtual ~YesNoScorer() = default;
  // P(yes) / (P(yes) + P(no)) after each prompt; none where both are 0 or the prompt does not fit.
  virtual Result<std::vector<std::optional<double>>> probabilities(
      std::span<const std::vector<std::int32_t>> prompts) = 0;
};

// What was said: of the last <answer>…</answer> the last word yes or no; without such a tag the last of what
// follows the thought, unless the text was cut off. Words stand alone, in any case.
std::optional<bool> read_yes_no(std::string_view text, bool cut_off);

// A model to talk to; all outlive the friend. scorer: needed for probabilities alone.
struct LocalModel {
  Generator* generator = nullptr;
  Environment* environment = nullptr;  // makes the prompt of one user message
  YesNoScorer* scorer = nullptr;
};

struct LocalFriendOptions {
  std::string name = {};
  int copies = 1;
  bool probability = false;
  SamplingParams sampling = {};
  std::uint64_t seed = 0;
  std::uint32_t first_voter = 0;  // tells the random numbers of one friend from another's
};

// Every question of a step goes into one generate() or probabilities(). `model` says who judges at a step.
// A question that does not fit the context is an abstention.
std::unique_ptr<Friend> make_local_friend(LocalFriendOptions options,
                                          std::function<Result<LocalModel>(std::int64_t step)> model);

// The control: yes with probability 1/2.
std::unique_ptr<Friend> make_random_friend(LocalFriendOptions options);

}  // namespace hone
