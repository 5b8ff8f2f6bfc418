// Reads and writes several pipes at once, so that no program can block us by not reading or by not closing.
//
// Thread safety: one thread's at a time. Units: seconds, bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hone/sandbox/spawn.h"

namespace hone {

inline constexpr double kWatchSeconds = 0.02;  // between looks at a running tree

// write() without the SIGPIPE that would end us.
ssize_t quiet_write(int fd, std::string_view bytes);

class Drain {
 public:
  // Writes `text`, which must stay where it is, then closes.
  void feed(Fd pipe, std::string_view text);
  // Keeps at most `cap` bytes of what comes.
  void collect(Fd pipe, std::int64_t cap);

  // Waits until something can be moved, `ended_fd` becomes readable (returns true then) or `seconds` are
  // over. A negative ended_fd is not looked at.
  bool step(int ended_fd, double seconds);
  // Moves what is left once the writers are gone: until every pipe is closed, `seconds` at most. False when a
  // pipe held more than its cap.
  bool finish(double seconds);

  bool over() const { return over_; }  // a pipe has brought more than its cap
  bool closed() const;                 // all collected pipes were closed by their writers
  std::string& text(std::size_t i) { return collected_[i].text; }
  std::string take(std::size_t i) { return std::move(collected_[i].text); }

 private:
  struct In {
    Fd pipe;
    std::string_view left;
  };
  struct Out {
    Fd pipe;
    std::size_t cap;
    std::string text;
  };
  std::vector<In> fed_;
  std::vector<Out> collected_;
  bool over_ = false;
};

}  // namespace hone
