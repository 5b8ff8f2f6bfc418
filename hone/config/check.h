// What a recipe's keys must hold together.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "hone/base/result.h"
#include "hone/config/options.h"

namespace hone {

// Names the place of the first of these keys that was given, for errors; of the first key when none was.
using Locate = std::function<std::string(std::span<const char* const> keys)>;

// Errors: the first contradiction among keys that are each in range.
Result<void> check_recipe(const Recipe& recipe, const Locate& locate);

}  // namespace hone
