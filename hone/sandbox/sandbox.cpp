#include "hone/sandbox/sandbox.h"

#include <unistd.h>

#include <array>
#include <chrono>

#include "hone/base/clock.h"
#include "hone/sandbox/box.h"
#include "hone/sandbox/drain.h"
#include "hone/sandbox/seccomp_filter.h"

namespace hone {
namespace {

Error cannot_open(const std::string& got) {
  return {
      "sandbox",
      "programs can be isolated only with bubblewrap and user namespaces: install the package bubblewrap "
      "(0.7 or "
      "newer); switch user namespaces on where they are off (sysctl kernel.unprivileged_userns_clone=1, "
      "user.max_user_namespaces=10000; in a container: run it with --privileged or allow unshare and mount)",
      got};
}

std::string find_bubblewrap() {
  for (const char* path : {"/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"}) {
    if (::access(path, X_OK) == 0) return path;
  }
  return "";
}

}  // namespace

const char* to_string(SandboxEnd end) {
  static constexpr std::array<const char*, 5> kNames = {"exited", "signalled", "deadline", "memory",
                                                        "output"};
  return kNames[static_cast<std::size_t>(end)];
}

Sandbox::Sandbox(std::shared_ptr<const Host> host) : host_(std::move(host)) {}

Result<Sandbox> Sandbox::open() {
  auto host = std::make_shared<Host>();
  host->bubblewrap = find_bubblewrap();
  if (host->bubblewrap.empty()) return cannot_open("no bwrap");
  HONE_TRY(host->seccomp_bpf, seccomp_program());
  HONE_TRY(host->seccomp_file, make_memory_file(host->seccomp_bpf));
  Sandbox sandbox(std::move(host));
  SandboxCommand nothing;
  nothing.argv = {"/bin/sh", "-c", "exit 0"};
  HONE_TRY(const SandboxResult tried, sandbox.run(nothing, SandboxLimits{}));
  if (!tried.success()) {
    return cannot_open(tried.err.empty() ? fmt::format("exit code {}", tried.exit_code)
                                         : tried.err.substr(0, tried.err.find('\n')));
  }
  return sandbox;
}

Result<SandboxResult> Sandbox::run(const SandboxCommand& command, const SandboxLimits& limits) const {
  const Clock::time_point start = Clock::now();
  HONE_TRY(Pipe in, make_pipe());
  HONE_TRY(Pipe out, make_pipe());
  HONE_TRY(Pipe err, make_pipe());
  BoxRequest request;
  request.command = &command;
  request.limits = &limits;
  request.fds = {{in.read.get(), 0}, {out.write.get(), 1}, {err.write.get(), 2}};
  HONE_TRY(Box box, Box::start(host_->bubblewrap, host_->seccomp_bpf, request));
  in.read.reset();
  out.write.reset();
  err.write.reset();

  Drain drain;
  drain.feed(std::move(in.write), command.stdin_text);
  drain.collect(std::move(out.read), limits.output_bytes);
  drain.collect(std::move(err.read), limits.output_bytes);
  SandboxResult result;
  bool stopped = true;  // by us
  Clock::time_point looked = start;
  for (;;) {
    const double left = limits.wall_seconds - seconds_since(start);
    if (left <= 0) {
      result.end = SandboxEnd::kDeadline;
      break;
    }
    const bool ended = drain.step(box.ended_fd(), std::min(left, kWatchSeconds));
    if (drain.over()) {
      result.end = SandboxEnd::kOutput;
      break;
    }
    if (ended) {
      stopped = false;
      break;
    }
    if (seconds_since(looked) < kWatchSeconds) continue;
    looked = Clock::now();
    const TreeUse use = box.use();
    result.peak_bytes = std::max(result.peak_bytes, use.resident_bytes);
    result.cpu_seconds = std::max(result.cpu_seconds, use.cpu_seconds);
    if (box.over(limits.memory_bytes, use)) {
      result.end = SandboxEnd::kMemory;
      break;
    }
  }
  const int code = box.finish();
  if (!drain.finish(0.1) && !stopped) {
    stopped = true;
    result.end = SandboxEnd::kOutput;
  }
  result.wall_seconds = seconds_since(start);
  result.out = drain.take(0);
  result.err = drain.take(1);
  if (stopped) return result;
  if (code > 128 && code <= 128 + 64) {  // as bubblewrap and shells tell a signal
    result.signal = code - 128;
    // The kernel's own kill at RLIMIT_CPU.
    const bool cpu = result.signal == 9 && result.wall_seconds >= 0.9 * limits.cpu_seconds;
    result.end = cpu ? SandboxEnd::kDeadline : SandboxEnd::kSignalled;
  } else {
    result.exit_code = code;
  }
  return result;
}

}  // namespace hone
