#include "hone/base/time_split.h"

#include <chrono>

namespace hone {
namespace {

using Clock = std::chrono::steady_clock;

struct State {
  bool on = false;
  TimePart part = TimePart::kOther;
  Clock::time_point since;
  TimeSplit seconds{};

  void charge() {
    const auto now = Clock::now();
    seconds[static_cast<std::size_t>(part)] += std::chrono::duration<double>(now - since).count();
    since = now;
  }
};
thread_local State state;

}  // namespace

const char* to_string(TimePart part) {
  switch (part) {
    case TimePart::kOther:
      return "other";
    case TimePart::kProducts:
      return "products";
    case TimePart::kAttention:
      return "attention";
    case TimePart::kSoftmax:
      return "softmax, sampling";
    case TimePart::kRows:
      return "norms, activations";
    case TimePart::kOptimizer:
      return "optimizer";
  }
  return "";
}

void start_time_split() {
  state = {};
  state.on = true;
  state.since = Clock::now();
}

TimeSplit end_time_split() {
  if (state.on) state.charge();
  state.on = false;
  return state.seconds;
}

Timed::Timed(TimePart part) : outer_(state.part) {
  if (!state.on) return;
  state.charge();
  state.part = part;
}

Timed::~Timed() {
  if (!state.on) return;
  state.charge();
  state.part = outer_;
}

}  // namespace hone
