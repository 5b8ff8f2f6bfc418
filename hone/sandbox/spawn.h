// Starting programs from a process of many threads and much memory.
//
// Every program is started by one thread that lives as long as this process: a child that asks to die with
// its parent (PR_SET_PDEATHSIG) dies with the *thread* that made it. Memory is lent, not copied (vfork), so
// that the cost does not grow with the model's weights. Inherited descriptors are exactly those named.
//
// Thread safety: any function from any thread. Errors: the system's reason.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "hone/base/result.h"

namespace hone {

// A file descriptor with one owner.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Fd() { reset(); }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_ = -1;
};

struct Pipe {
  Fd read, write;
};
Result<Pipe> make_pipe();
Result<std::pair<Fd, Fd>> make_socket_pair();  // AF_UNIX, SOCK_SEQPACKET
void set_nonblocking(int fd);

// An anonymous file that holds `bytes`, read from its beginning and, from here on, changed by nobody.
Result<Fd> make_memory_file(std::string_view bytes);
Result<Fd> make_empty_memory_file();
// Makes an anonymous file unchangeable, for all who hold it.
Result<void> seal(int memory_file);

struct Rlimit {
  int resource;         // RLIMIT_…
  std::uint64_t value;  // soft and hard; cut to the hard limit in force
};

struct SpawnRequest {
  std::string program;                         // an absolute path
  std::vector<std::string> argv, environment;  // environment: "NAME=value"
  std::vector<std::pair<int, int>> fds;        // ours → the child's number; all others are closed
  std::vector<Rlimit> limits;
  bool drop_root = false;     // become the user nobody when we are root
  bool own_session = false;   // out of the terminal's reach, and first of a process group of its own
  bool dies_with_us = false;  // however we end
  std::string folder = "/";   // where it starts
};

struct Child {
  pid_t pid = -1;  // -1: none, or waited for
  Fd pidfd;        // readable once it has ended

  Child() = default;
  Child(Child&& other) noexcept : pid(std::exchange(other.pid, -1)), pidfd(std::move(other.pidfd)) {}
  Child& operator=(Child&& other) noexcept {
    pid = std::exchange(other.pid, -1);
    pidfd = std::move(other.pidfd);
    return *this;
  }
};
// Error: no process can be made, or the program cannot be run (not there, not executable, no such folder).
Result<Child> spawn(const SpawnRequest& request);

// SIGKILL, then wait; what it cost is added up by the caller. Harmless when it has already been waited for.
struct ChildEnd {
  int status = 0;  // as waitpid gives it
  double cpu_seconds = 0.0;
  std::int64_t peak_bytes = 0;
};
void kill_child(const Child& child);
ChildEnd wait_child(Child& child);

}  // namespace hone
