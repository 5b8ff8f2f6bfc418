// One client's TCP connection: buffered bytes with deadlines, so that a client that trickles, stalls or hangs
// up costs a bounded time.
//
// Requires a connected, non-blocking socket, which the object owns. Thread safety: one thread, but for
// gone() and stopping(). Units: seconds, bytes.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace hone {

class Connection {
 public:
  // `stopping`: once true, what is still being read has a second more, and waiting for a next request ends.
  Connection(int fd, const std::atomic<bool>& stopping) : fd_(fd), stopping_(stopping) {}
  Connection(Connection&&) = delete;
  Connection& operator=(Connection&&) = delete;
  ~Connection();

  enum class Head {
    kReady,
    kClosed,    // the client left, or nothing came before `idle_seconds`, stopping or crowded()
    kTimeout,   // began, and did not end in `seconds`, of which there is one while crowded()
    kTooLarge,  // more than `limit` bytes
  };
  // Waits for the next request, until its head (to the empty line) is in the buffer. crowded(): whether
  // others wait for the thread that this connection holds; asked some ten times a second.
  Head read_head(double idle_seconds, double seconds, std::size_t limit,
                 const std::function<bool()>& crowded);
  // The head that read_head found; replace_head puts another in its place.
  std::string_view head() const { return std::string_view(in_).substr(at_, head_size_); }
  void replace_head(std::string_view text);

  // From now on at most `seconds` and, of what is not in the buffer yet, `bytes` for reading.
  void allow_read(double seconds, std::size_t bytes);
  bool read_late() const { return Clock::now() >= read_deadline_; }
  // Some bytes, at most n. 0: the client will send no more; -1: out of time or bytes, or broken. What was
  // written is sent first.
  ssize_t read(char* data, std::size_t n);
  // Whether reading stopped because of allow_read's bytes.
  bool over_allowance() const { return over_allowance_; }

  void allow_write(double seconds);
  // n, or -1 when the client does not take it in time. Buffered until flush().
  ssize_t write(const char* data, std::size_t n);
  bool flush();

  // Whether the client has closed its end. Any thread, while the object lives.
  bool gone() const;
  bool stopping() const { return stopping_; }

  // Ends the answer and lets the client read it: closing at once while it still sends would throw the answer
  // away (RFC 9112 §9.6). Takes in what comes, until the client closes, is silent for a moment,
  // or two seconds have passed.
  void linger();

 private:
  using Clock = std::chrono::steady_clock;
  enum class Ready { kYes, kTimeout, kBroken };
  Ready wait(short events, Clock::time_point& deadline, const std::function<bool()>& leave);
  ssize_t fill(const std::function<bool()>& leave = {});
  bool send_all(const char* data, std::size_t n);

  int fd_;
  const std::atomic<bool>& stopping_;
  std::string in_;      // received; [at_, end) not yet read
  std::size_t at_ = 0;  //
  std::size_t head_size_ = 0;
  std::string out_;  // written, not yet sent
  Clock::time_point read_deadline_, write_deadline_;
  std::size_t allowance_ = 0;
  bool over_allowance_ = false;
};

}  // namespace hone
