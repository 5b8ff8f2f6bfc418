#include "hone/cli/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "hone/base/check.h"

namespace hone {
namespace {

std::atomic<int> first_signal{0};
// A handler may touch only lock-free atomics ([support.signal]).
static_assert(std::atomic<int>::is_always_lock_free);
static_assert(std::atomic<const char*>::is_always_lock_free);
std::atomic<const char*> promised{""};
bool guarded = false;

void write_all(const char* text) {
  std::size_t size = std::strlen(text);  // async-signal-safe as well
  while (size > 0) {
    const ssize_t n = ::write(STDERR_FILENO, text, size);
    if (n <= 0) return;  // nowhere to say it
    text += n;
    size -= static_cast<std::size_t>(n);
  }
}

// Only async-signal-safe calls: write and _exit (signal-safety(7)).
extern "C" void hone_on_interrupt(int signal) {
  const int saved = errno;
  int none = 0;
  if (!first_signal.compare_exchange_strong(none, signal)) ::_exit(130);
  write_all("\nstopping: ");
  write_all(promised.load());
  write_all("; once more ends at once\n");
  errno = saved;
}

}  // namespace

bool interrupted() { return first_signal.load() != 0; }
int interrupt_signal() { return first_signal.load(); }

InterruptGuard::InterruptGuard(const char* promise) {
  HONE_CHECK(!guarded, "one InterruptGuard at a time");
  promised.store(promise);
  guarded = true;
  first_signal.store(0);
  struct sigaction action {};
  action.sa_handler = hone_on_interrupt;
  action.sa_flags = SA_RESTART;
  // While one is handled the other waits.
  sigemptyset(&action.sa_mask);
  sigaddset(&action.sa_mask, SIGINT);
  sigaddset(&action.sa_mask, SIGTERM);
  HONE_CHECK(::sigaction(SIGINT, &action, &before_int_) == 0, "sigaction(SIGINT)");
  HONE_CHECK(::sigaction(SIGTERM, &action, &before_term_) == 0, "sigaction(SIGTERM)");
}

InterruptGuard::~InterruptGuard() {
  ::sigaction(SIGINT, &before_int_, nullptr);
  ::sigaction(SIGTERM, &before_term_, nullptr);
  guarded = false;
}

}  // namespace hone
