// What one rendering may spend, so that a hostile template ends in an error and not in a hang.
#pragma once

#include <cstdint>

#include "hone/base/result.h"

namespace hone::jinja {

// One unit: a node evaluated, an element made, or 32 bytes of text. Real templates spend some thousands.
inline constexpr std::int64_t kStepBudget = 10'000'000;
inline constexpr std::int64_t kBytesPerUnit = 32;

class Budget {
 public:
  Result<void> charge(std::int64_t units) {
    if (units > left_) {
      left_ = 0;
      return Error{"", "rendering must take at most " + std::to_string(kStepBudget) + " steps", ""};
    }
    left_ -= units;
    return {};
  }
  Result<void> charge_bytes(std::size_t bytes) {
    return charge(1 + static_cast<std::int64_t>(bytes / static_cast<std::size_t>(kBytesPerUnit)));
  }

 private:
  std::int64_t left_ = kStepBudget;
};

}  // namespace hone::jinja
