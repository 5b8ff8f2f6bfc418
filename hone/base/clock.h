// Seconds on the clock that only goes forward.
#pragma once

#include <algorithm>
#include <chrono>

namespace hone {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}
inline double seconds_until(Clock::time_point end) { return -seconds_since(end); }
// Far ends are cut, so that they can be counted in ticks.
inline Clock::time_point after(double seconds) {
  return Clock::now() +
         std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(std::min(seconds, 1e6)));
}

}  // namespace hone
