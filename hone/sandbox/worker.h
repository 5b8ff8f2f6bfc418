// A warm process that starts sandboxed jobs in a few milliseconds: a Python interpreter in a container of its
// own, which forks for each job.
//
// A job has what a command of Sandbox::run has: its own process, mount and IPC namespaces, a private /tmp, no
// capabilities, the system call filter and the limits. It cannot name, signal or read the worker or another
// job, inherits no descriptor of theirs, and no memory that depends on earlier jobs. All of it ends with its
// first process.
//
// Thread safety: one thread's at a time. Units: seconds, bytes. Errors are the host's or the worker's: it
// should then be replaced (dead()).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hone/base/result.h"
#include "hone/sandbox/sandbox.h"
#include "hone/sandbox/spawn.h"

namespace hone {

struct WorkerJob {
  // Python source, run in the namespace that the prelude made; or argv is run when this is empty.
  std::string program;
  std::vector<std::string> argv;
  std::map<std::string, std::string> files;  // relative name → content, put into the working directory
  std::map<std::string, std::string> environment;
  std::string stdin_text;
  // Descriptors that become its 3, 4 …; ours until run() returns.
  std::vector<int> fds;
  // Closed on our side as soon as the worker has them (they must be among fds too), so that the jobs alone
  // hold the ends of their pipes.
  std::vector<Fd> handed;
  // After argv has ended with 0, this file is copied into fds[0], which the program itself then does not get.
  std::string keep;
};

struct WorkerResult : SandboxResult {
  // At kDeadline: the longest that a process of the job's was ready to run and had to wait for a core.
  double waited_seconds = 0.0;
};

class SandboxWorker {
 public:
  // prelude: trusted Python source, run once. shown: further host folders, and where its jobs see
  // them (not under /tmp, of which each job has its own).
  // Error: no python3 (3.9), the prelude's failure, a folder that is not there.
  static Result<SandboxWorker> start(
      const Sandbox& sandbox, const std::string& prelude,
      const std::vector<std::pair<std::filesystem::path, std::string>>& shown = {});
  SandboxWorker(SandboxWorker&&) noexcept;
  SandboxWorker& operator=(SandboxWorker&&) noexcept;
  ~SandboxWorker();

  // Runs the jobs at the same time under the same deadline and limits, and returns when all have ended, in
  // wall_seconds + 0.5 s at most. memory_bytes and processes hold for all together.
  Result<std::vector<WorkerResult>> run(std::span<WorkerJob> jobs, const SandboxLimits& limits);
  Result<WorkerResult> run(WorkerJob job, const SandboxLimits& limits);

  bool dead() const;

 private:
  struct State;
  explicit SandboxWorker(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace hone
