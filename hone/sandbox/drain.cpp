#include "hone/sandbox/drain.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>

namespace hone {

// SIGPIPE is blocked in this thread, and taken back when it was raised.
ssize_t quiet_write(int fd, std::string_view bytes) {
  sigset_t pipe_signal, before, pending;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  sigpending(&pending);
  const bool was_pending = sigismember(&pending, SIGPIPE) == 1;
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  const ssize_t n = ::write(fd, bytes.data(), bytes.size());
  const int reason = errno;
  if (n < 0 && reason == EPIPE && !was_pending) {
    const timespec now{};
    while (sigtimedwait(&pipe_signal, nullptr, &now) < 0 && errno == EINTR) {
    }
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = reason;
  return n;
}

void Drain::feed(Fd pipe, std::string_view text) {
  if (text.empty()) return;  // closing it is the end of input
  set_nonblocking(pipe.get());
  fed_.push_back({std::move(pipe), text});
}

void Drain::collect(Fd pipe, std::int64_t cap) {
  set_nonblocking(pipe.get());
  collected_.push_back({std::move(pipe), static_cast<std::size_t>(std::max<std::int64_t>(cap, 0)), {}});
}

bool Drain::closed() const {
  return std::none_of(collected_.begin(), collected_.end(), [](const Out& out) { return bool(out.pipe); });
}

bool Drain::step(int ended_fd, double seconds) {
  std::vector<pollfd> fds;
  for (const In& in : fed_) fds.push_back({in.pipe.get(), POLLOUT, 0});
  for (const Out& out : collected_) fds.push_back({out.pipe ? out.pipe.get() : -1, POLLIN, 0});
  fds.push_back({ended_fd, POLLIN, 0});
  const int wait = static_cast<int>(std::ceil(1000 * std::clamp(seconds, 0.0, 1000.0)));
  if (::poll(fds.data(), fds.size(), wait) <= 0) return false;
  const std::size_t writers = fed_.size();
  for (std::size_t i = 0; i < collected_.size(); ++i) {
    Out& out = collected_[i];
    if (fds[writers + i].revents == 0 || !out.pipe) continue;
    char buffer[65536];
    const ssize_t n = ::read(out.pipe.get(), buffer, sizeof buffer);
    if (n > 0) {
      const std::size_t room = out.cap - out.text.size();
      out.text.append(buffer, std::min(room, static_cast<std::size_t>(n)));
      if (static_cast<std::size_t>(n) > room) over_ = true;
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
      out.pipe.reset();
    }
  }
  for (std::size_t i = writers; i-- > 0;) {
    if (fds[i].revents == 0) continue;
    In& in = fed_[i];
    const ssize_t n = quiet_write(in.pipe.get(), in.left);
    if (n > 0) in.left.remove_prefix(static_cast<std::size_t>(n));
    const bool failed = n < 0 && errno != EAGAIN && errno != EINTR;
    if (failed || in.left.empty()) fed_.erase(fed_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return fds.back().revents != 0;
}

bool Drain::finish(double seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  fed_.clear();
  while (!closed() && !over_) {
    const double left = std::chrono::duration<double>(end - std::chrono::steady_clock::now()).count();
    if (left <= 0) break;
    step(-1, left);
  }
  return !over_;
}

}  // namespace hone
