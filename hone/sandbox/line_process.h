// A program of the user's own that answers lines with lines, kept running between them.
//
// NOT isolated: it has our rights, environment, working directory and network. For programs that the user
// trusts; nothing that a model wrote may be started so. It leads a session and process group of its own, is
// killed with all of that group, and is killed when we end, however we do.
//
// Thread safety: a process is one thread's at a time. Units: seconds, bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/result.h"
#include "hone/sandbox/spawn.h"

namespace hone {

// The file that `name` starts: one with a slash as it is, against the working directory; else the first
// executable of that name on PATH. Error: none, saying what was looked for and where.
Result<std::string> find_program(const std::string& name);

class LineProcess {
 public:
  // words: the program (find_program) and its arguments, at least one. PYTHONUNBUFFERED=1 is added to our
  // environment, without which a Python program's answers would wait in its buffer.
  // Error: there is no such program, or it cannot be run.
  static Result<LineProcess> start(const std::vector<std::string>& words);
  LineProcess(LineProcess&&) noexcept = default;
  LineProcess& operator=(LineProcess&& other) noexcept;
  ~LineProcess() { kill(); }

  enum class End {
    kLine,
    kDeadline,
    kClosed,   // it ended, or closed its output
    kTooLong,  // no line within the cap
  };
  struct Answer {
    End end = End::kClosed;
    std::string line;  // without its end; what came instead where there is none
  };
  // Writes `line` and an end of line, and reads one line of at most `cap` bytes, both within `seconds`. Reads
  // also while it writes, so that no size of either makes the two wait for each other.
  Answer ask(std::string_view line, double seconds, std::size_t cap);

  // What stands in its output without having been asked for, 64 KiB at most; taken out of it.
  std::string unasked();

  bool running() const;
  bool has_answered() const { return answered_; }  // any question so far
  // "exit code 1", "killed by signal 9" or "still running", after waiting `seconds` for its end at most, and
  // the last of what it wrote to stderr, if anything.
  std::string how_it_ended(double seconds);
  // Whether it has ended with exit code 0, after waiting `seconds` for that at most.
  bool ended_well(double seconds);

  // The end of its input: a request to end.
  void close_input() { in_.reset(); }
  bool wait(double seconds);
  // Now, with its whole process group.
  void kill();

 private:
  LineProcess() = default;
  // Waits for anything to read, for room to write when `writing`, or for the end; false: nothing in
  // `seconds`.
  bool step(double seconds, std::string_view* writing);
  void read_errors();
  bool read_output();  // false: closed

  Child child_;
  Fd in_, out_, err_;
  std::string pending_;  // read and not given out yet
  std::string errors_;   // the last of its stderr
  bool answered_ = false;
  int status_ = -1;  // as waitpid gives it, once it has been waited for
};

}  // namespace hone
