#include "hone/web/connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace hone {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPiece = 64 << 10;
constexpr double kHurriedSeconds = 1.0;  // for a head, while others wait for a thread
constexpr auto kSlice = 100ms;           // how soon stopping and leave() are noticed

std::chrono::steady_clock::time_point in_seconds(double seconds) {
  return std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                                                std::chrono::duration<double>(std::clamp(seconds, 0.0, 1e6)));
}

}  // namespace

Connection::~Connection() { ::close(fd_); }

Connection::Ready Connection::wait(short events, Clock::time_point& deadline,
                                   const std::function<bool()>& leave) {
  for (;;) {
    const auto now = Clock::now();
    if (stopping_ && events == POLLIN) {
      if (leave && at_ == in_.size()) return Ready::kTimeout;  // between two requests
      deadline = std::min(deadline, now + 1s);
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - now);
    pollfd one{fd_, events, 0};
    const int n = ::poll(&one, 1, static_cast<int>(std::clamp(left, 0ms, 0ms + kSlice).count()));
    if (n > 0) return Ready::kYes;  // an error shows in the next recv or send
    if (n < 0 && errno != EINTR) return Ready::kBroken;
    if (Clock::now() >= deadline || (leave && leave())) return Ready::kTimeout;
  }
}

// Receives some bytes into the buffer. 0: the client's end; -1: no more in time, or broken.
ssize_t Connection::fill(const std::function<bool()>& leave) {
  if (allowance_ == 0) {
    over_allowance_ = true;
    return -1;
  }
  if (at_ > 0) {
    in_.erase(0, at_);
    at_ = 0;
  }
  const std::size_t had = in_.size();
  for (;;) {
    in_.resize(had + std::min(kPiece, allowance_));
    const ssize_t n = ::recv(fd_, in_.data() + had, in_.size() - had, 0);
    const int reason = errno;
    in_.resize(had + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n >= 0) {
      allowance_ -= static_cast<std::size_t>(n);
      return n;
    }
    if (reason == EINTR) continue;
    if (reason != EAGAIN && reason != EWOULDBLOCK) return -1;
    if (wait(POLLIN, read_deadline_, leave) != Ready::kYes) return -1;
  }
}

Connection::Head Connection::read_head(double idle_seconds, double seconds, std::size_t limit,
                                       const std::function<bool()>& crowded) {
  head_size_ = 0;
  if (at_ == in_.size()) {
    Clock::time_point idle = in_seconds(idle_seconds);
    if (wait(POLLIN, idle, crowded) != Ready::kYes) return Head::kClosed;
  }
  allow_read(seconds, limit + kPiece);
  const Clock::time_point patience = in_seconds(kHurriedSeconds);
  const auto hurried = [&] { return Clock::now() >= patience && crowded(); };
  std::size_t searched = at_;
  for (;;) {
    // Empty lines before a request are passed over (RFC 9112 §2.2).
    while (in_.compare(at_, 2, "\r\n") == 0) at_ += 2;
    searched = std::max(searched, at_);
    const std::size_t end = in_.find("\r\n\r\n", searched - std::min<std::size_t>(searched - at_, 3));
    if (end != std::string::npos) {
      head_size_ = end + 4 - at_;
      return head_size_ <= limit ? Head::kReady : Head::kTooLarge;
    }
    if (in_.size() - at_ > limit) return Head::kTooLarge;
    searched = in_.size() - at_;  // fill() moves what is left to the front
    const ssize_t n = fill(hurried);
    if (n > 0) continue;
    if (over_allowance_) return Head::kTooLarge;
    return n < 0 && in_.size() > at_ && !gone() ? Head::kTimeout : Head::kClosed;
  }
}

void Connection::replace_head(std::string_view text) {
  in_.replace(at_, head_size_, text);
  head_size_ = text.size();
}

void Connection::allow_read(double seconds, std::size_t bytes) {
  read_deadline_ = in_seconds(seconds);
  allowance_ = bytes;
  over_allowance_ = false;
}

ssize_t Connection::read(char* data, std::size_t n) {
  if (!out_.empty() && !flush()) return -1;
  if (at_ == in_.size()) {
    if (const ssize_t got = fill(); got <= 0) return got;
  }
  const std::size_t size = std::min(n, in_.size() - at_);
  std::memcpy(data, in_.data() + at_, size);
  at_ += size;
  return static_cast<ssize_t>(size);
}

void Connection::allow_write(double seconds) { write_deadline_ = in_seconds(seconds); }

ssize_t Connection::write(const char* data, std::size_t n) {
  if (out_.size() + n > kPiece) {
    if (!flush() || !send_all(data, n)) return -1;
  } else {
    out_.append(data, n);
  }
  return static_cast<ssize_t>(n);
}

bool Connection::flush() {
  const bool sent = send_all(out_.data(), out_.size());
  out_.clear();
  return sent;
}

bool Connection::send_all(const char* data, std::size_t n) {
  while (n > 0) {
    const ssize_t sent = ::send(fd_, data, n, MSG_NOSIGNAL);
    if (sent > 0) {
      data += sent;
      n -= static_cast<std::size_t>(sent);
    } else if (sent < 0 && errno != EINTR) {
      if (errno != EAGAIN && errno != EWOULDBLOCK) return false;
      if (wait(POLLOUT, write_deadline_, {}) != Ready::kYes) return false;
    }
  }
  return true;
}

bool Connection::gone() const {
  pollfd one{fd_, POLLRDHUP, 0};
  return ::poll(&one, 1, 0) > 0 && (one.revents & (POLLRDHUP | POLLERR | POLLHUP)) != 0;
}

void Connection::linger() {
  if (!flush()) return;
  ::shutdown(fd_, SHUT_WR);
  const Clock::time_point end = in_seconds(2.0);
  in_.resize(kPiece);
  while (Clock::now() < end) {
    Clock::time_point silence = in_seconds(0.2);
    if (wait(POLLIN, silence, {}) != Ready::kYes) break;
    if (const ssize_t n = ::recv(fd_, in_.data(), in_.size(), 0); n == 0 || (n < 0 && errno != EAGAIN)) break;
  }
  in_.clear();
  at_ = 0;
}

}  // namespace hone
