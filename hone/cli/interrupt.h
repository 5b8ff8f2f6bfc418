// Ctrl-C and SIGTERM: the first asks the loop to finish its step and save, the second ends the process at
// once.
//
//   InterruptGuard guard;
//   while (!interrupted()) …
//
// interrupted() is safe from any thread and from signal handlers. Guards are made and destroyed on one
// thread.
#pragma once

#include <csignal>

namespace hone {

// Whether a SIGINT or SIGTERM has come since the guard was made.
bool interrupted();
// Which one: SIGINT, SIGTERM, or 0.
int interrupt_signal();

// From construction to destruction SIGINT and SIGTERM set the flag; one more of either ends the process with
// status 130, leaving files as an abrupt death does. System calls are restarted (SA_RESTART), so that no
// library sees EINTR. `promise` is told at the first, and must be a literal. The flag is cleared at
// construction and kept after destruction; the handlers from before come back. One guard at a time
// (BrokenInvariant otherwise).
class InterruptGuard {
 public:
  explicit InterruptGuard(const char* promise = "the step is finished and saved first");
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  ~InterruptGuard();

 private:
  struct sigaction before_int_, before_term_;
};

}  // namespace hone
