// A count of steps in place of a timer: the same input always stops at the same place, on every machine.
//
// One step is about 50 ns of work on a 2020 core. Thread safety: one thread at a time.
#pragma once

#include <cstdint>

namespace hone {

class Budget {
 public:
  explicit Budget(std::int64_t steps) : left_(steps) {}

  // False when fewer than `steps` were left; from then on it stays false.
  bool spend(std::int64_t steps) {
    left_ = left_ < steps ? -1 : left_ - steps;
    return left_ >= 0;
  }
  bool spent() const { return left_ < 0; }
  std::int64_t left() const { return left_ < 0 ? 0 : left_; }

 private:
  std::int64_t left_;
};

}  // namespace hone
