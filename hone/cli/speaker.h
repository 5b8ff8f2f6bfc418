// A model of its own to talk to: a judge beside the policy, or another model at evaluation.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "hone/cli/build.h"
#include "hone/config/options.h"
#include "hone/verify/local_friends.h"

namespace hone {

struct Speaker {
  Model model;
  std::unique_ptr<SingleTurn> environment;
  std::unique_ptr<PolicyGenerator> generator;
  std::unique_ptr<YesNoScorer> scorer;  // where probabilities are wanted

  LocalModel parts() const { return {generator.get(), environment.get(), scorer.get()}; }
};

// `asked`: device, dtype, and whether probabilities are wanted. prompt_format: empty: chat where the model
// has a template. Errors: load_model's and make_policy_scorer's.
Result<std::unique_ptr<Speaker>> load_speaker(const std::filesystem::path& folder, const FriendOptions& asked,
                                              const std::string& prompt_format, int max_sequences);

}  // namespace hone
