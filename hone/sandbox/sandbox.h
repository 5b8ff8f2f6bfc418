// Programs that nobody trusts, run in a namespace of their own with limits that hold.
//
// A command sees: the system's folders read-only, a private /proc, /tmp and /dev, its own files in a writable
// folder that is its working directory, and nothing else: no network, no other process, no file of the host.
// System calls that change namespaces, trace, load programs into the kernel or open sockets other than local
// ones fail with EPERM. As root, the command runs as the user nobody, so that what it needs must be readable
// by everyone.
//
// Whatever the command does (ignores signals, forks, leaves children with the pipes open), run() returns
// within wall_seconds + 0.5 s and nothing of it is left running. It dies with the calling process as well.
// A command that misbehaves is a result, not an error: errors are those of the host (no bubblewrap, no file
// descriptors left, a program that is not there).
//
// Thread safety: Sandbox is immutable and may be used from several threads at once. A SandboxProcess is one
// thread's at a time. Units: seconds, bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/result.h"

namespace hone {

struct SandboxLimits {
  double wall_seconds = 10.0;             // of a SandboxProcess: no limit but those of its reads and writes
  double cpu_seconds = 10.0;              // of each process; rounded up to whole seconds
  std::int64_t memory_bytes = 512 << 20;  // resident, of all processes together; looked at every 20 ms
  // Address space of each process: allocation beyond it fails at once. 0: memory_bytes; negative: no limit
  // (for programs that reserve much more than they use, such as node).
  std::int64_t address_bytes = 0;
  std::int64_t output_bytes = 1 << 20;  // of stdout and of stderr each; of a SandboxProcess: of one read
  std::int64_t file_bytes = 64 << 20;   // of all files that it writes together
  std::int64_t stack_bytes = 64 << 20;
  int processes = 32;  // and threads, at one time
};

struct SandboxCommand {
  std::vector<std::string> argv;  // argv[0]: an absolute path, or a name looked up on the sandbox's PATH
  std::map<std::string, std::string> files;      // relative name → content, put into the working directory
  std::string stdin_text;                        // of run(); then the end of input
  std::vector<std::filesystem::path> read_only;  // further absolute host paths, visible where they are
  std::map<std::string, std::string> environment;  // besides PATH, HOME, LANG=C.UTF-8 and TMPDIR
};

enum class SandboxEnd {
  kExited,     // by itself, with exit_code
  kSignalled,  // by `signal`
  kDeadline,   // killed at wall_seconds, or by the kernel at cpu_seconds
  kMemory,     // killed for memory_bytes
  kOutput,     // killed for output_bytes; out or err is cut there
};
const char* to_string(SandboxEnd end);

struct SandboxResult {
  SandboxEnd end = SandboxEnd::kExited;
  int exit_code = 0;
  int signal = 0;
  std::string out, err;  // at most output_bytes each
  double wall_seconds = 0.0;
  double cpu_seconds = 0.0;     // user and system, of the tree as far as it was waited for
  std::int64_t peak_bytes = 0;  // largest resident size seen, of the tree or of one process

  bool success() const { return end == SandboxEnd::kExited && exit_code == 0; }
};

class Sandbox {
 public:
  // Tries a command that does nothing. Error: what is missing and what to install or switch on (bubblewrap,
  // user namespaces).
  static Result<Sandbox> open();

  // Errors: an empty argv, a file name that leaves the folder, a read_only path that is not there, the host
  // out of processes or descriptors. A program that is not there exits with 127.
  Result<SandboxResult> run(const SandboxCommand& command, const SandboxLimits& limits) const;

 private:
  friend class SandboxProcess;
  friend class SandboxWorker;
  struct Host;
  explicit Sandbox(std::shared_ptr<const Host> host);
  std::shared_ptr<const Host> host_;
};

// A command that stays, spoken to over its stdin and stdout. stderr is joined to stdout.
class SandboxProcess {
 public:
  // Errors: those of Sandbox::run. stdin_text is written first.
  static Result<SandboxProcess> start(const Sandbox& sandbox, const SandboxCommand& command,
                                      const SandboxLimits& limits);
  SandboxProcess(SandboxProcess&&) noexcept;
  SandboxProcess& operator=(SandboxProcess&&) noexcept;
  ~SandboxProcess();  // kills the whole tree

  enum class ReadEnd {
    kMarker,    // text ends with the marker
    kDeadline,  // not within the time given; the process goes on and may be read again
    kClosed,    // the process ended or closed its output
    kOutput,    // more than output_bytes without the marker
    kMemory,    // killed for memory_bytes
  };
  struct Read {
    ReadEnd end = ReadEnd::kMarker;
    std::string text;  // all that came since the last read, up to and with the marker
  };
  // Requires a marker that is not empty.
  Read read_until(std::string_view marker, double seconds);

  // Error: not taken within `seconds`, or the process has closed its input.
  Result<void> write(std::string_view text, double seconds);

  bool running() const;
  void kill();  // the whole tree, at once; later reads give what was still in the pipe

 private:
  struct State;
  explicit SandboxProcess(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace hone
