// One bubblewrap container: how it is made, watched and taken down. Used by everything in this folder.
//
// Thread safety: one thread's at a time. Units: seconds, bytes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "hone/base/files.h"
#include "hone/sandbox/sandbox.h"
#include "hone/sandbox/spawn.h"

namespace hone {

// What every container of this process shares.
struct Sandbox::Host {
  std::string bubblewrap;   // path of bwrap
  std::string seccomp_bpf;  // seccomp_filter.h
  Fd seccomp_file;          // the same, for processes that install it themselves
};

struct BoxRequest {
  const SandboxCommand* command = nullptr;
  const SandboxLimits* limits = nullptr;
  std::vector<std::pair<int, int>> fds;  // ours → the program's; 0, 1 and 2 must be among them
  // For this folder's own worker alone: the program keeps its capabilities within the container, is not
  // filtered and has no limits, so that it can put both on its children.
  bool trusted = false;
  std::vector<std::pair<fs::path, std::string>>
      shown;  // host folders → where the program sees them, read-only
};

// What a tree of processes uses now.
struct TreeUse {
  std::int64_t resident_bytes = 0;  // pages shared by several processes counted once for each
  double cpu_seconds = 0.0;
  int processes = 0;
};

class Box {
 public:
  // Errors: those of Sandbox::run.
  static Result<Box> start(const std::string& bubblewrap, const std::string& seccomp_bpf,
                           const BoxRequest& request);
  Box(Box&&) noexcept = default;
  Box& operator=(Box&&) = delete;
  ~Box();  // finish(0.05)

  int ended_fd() const { return outer_.pidfd.get(); }  // readable once the program has ended

  TreeUse use() const;
  TreeUse own_use() const;  // without the children that the program has made
  // The longest that one of the program's children was ready to run and waited for a core.
  double longest_wait() const;
  // Whether all processes together hold more than `bytes`, shared pages counted once.
  bool over(std::int64_t bytes, const TreeUse& use) const;

  // SIGKILL to the program's direct children, which takes their namespaces down.
  void kill_children() const;

  // Ends everything and waits until all of it is gone (`seconds` at most: the kernel does the rest). Returns
  // how the program ended by itself, as bubblewrap tells it: 128 + the signal, when there was one.
  int finish(double seconds = 0.2);

 private:
  Box() = default;
  Child outer_;       // bubblewrap itself
  pid_t inner_ = -1;  // its process 1 within the container
  Fd inner_pidfd_;
};

// Total of `resident_bytes` of these processes with shared pages divided among those that share them.
std::int64_t proportional_bytes(const std::vector<pid_t>& pids);

}  // namespace hone
