// Where a thread's time goes, by parts of the work: for `hone bench`. Off, and free of cost but for a test of
// a flag, unless the thread asks for it.
#pragma once

#include <array>
#include <cstddef>

namespace hone {

enum class TimePart { kOther, kProducts, kAttention, kSoftmax, kRows, kOptimizer };
constexpr std::size_t kTimeParts = 6;
const char* to_string(TimePart part);
using TimeSplit = std::array<double, kTimeParts>;  // seconds by part

// From here on this thread's time is charged to the innermost part that it is in.
void start_time_split();
// What was charged since; ends it.
TimeSplit end_time_split();

class Timed {
 public:
  explicit Timed(TimePart part);
  ~Timed();
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

 private:
  TimePart outer_;
};

}  // namespace hone
