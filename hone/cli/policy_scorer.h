// P(yes) against P(no) as a policy's next token.
#pragma once

#include <memory>
#include <string>

#include "hone/base/result.h"
#include "hone/cli/build.h"
#include "hone/verify/local_friends.h"

namespace hone {

// Reads the next token after a prompt and `prefix`: the first token of "yes", "Yes" and "YES", with and
// without a space before, against those of "no". The model outlives it. On the CPU in fp32 a result does not
// depend on the other prompts of the call. Error: yes and no begin with the same tokens.
Result<std::unique_ptr<YesNoScorer>> make_policy_scorer(Model& model, const std::string& prefix);

}  // namespace hone
