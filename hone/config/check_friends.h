// What the list `friends` and the verifiers that ask it must hold together. Internal to config/.
#pragma once

#include "hone/base/result.h"
#include "hone/config/check.h"
#include "hone/config/options.h"

namespace hone {

// What metrics call it.
const std::string& friend_name(const FriendOptions& judge);

// Errors: the first contradiction. No error shows what stands where a key might have been pasted.
Result<void> check_friends(const Recipe& recipe, const Locate& locate);

}  // namespace hone
