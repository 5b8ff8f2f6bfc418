#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "hone/base/check.h"
#include "hone/base/clock.h"
#include "hone/sandbox/box.h"
#include "hone/sandbox/drain.h"
#include "hone/sandbox/sandbox.h"

namespace hone {
struct SandboxProcess::State {
  std::optional<Box> box;
  Fd in, out;
  SandboxLimits limits;
  std::string pending;  // read and not given out yet
  bool over_memory = false;

  // One look at the output: false when it is closed. Waits `seconds` at most.
  bool pull(double seconds) {
    if (!out) return false;
    pollfd ready{out.get(), POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(1000 * seconds) + 1) <= 0) return true;
    char buffer[65536];
    const ssize_t n = ::read(out.get(), buffer, sizeof buffer);
    if (n > 0) pending.append(buffer, static_cast<std::size_t>(n));
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) out.reset();
    return bool(out);
  }
  void watch() {
    if (!box) return;
    const TreeUse use = box->use();
    if (!box->over(limits.memory_bytes, use)) return;
    over_memory = true;
    box.reset();
  }
};

Result<SandboxProcess> SandboxProcess::start(const Sandbox& sandbox, const SandboxCommand& command,
                                             const SandboxLimits& limits) {
  HONE_TRY(Pipe in, make_pipe());
  HONE_TRY(Pipe out, make_pipe());
  BoxRequest request;
  request.command = &command;
  request.limits = &limits;
  request.fds = {{in.read.get(), 0}, {out.write.get(), 1}, {out.write.get(), 2}};
  HONE_TRY(Box box, Box::start(sandbox.host_->bubblewrap, sandbox.host_->seccomp_bpf, request));
  auto state = std::make_unique<State>();
  state->box.emplace(std::move(box));
  state->in = std::move(in.write);
  state->out = std::move(out.read);
  state->limits = limits;
  set_nonblocking(state->in.get());
  set_nonblocking(state->out.get());
  SandboxProcess process(std::move(state));
  out.write.reset();
  if (!command.stdin_text.empty()) HONE_TRY_VOID(process.write(command.stdin_text, limits.wall_seconds));
  return process;
}

SandboxProcess::SandboxProcess(std::unique_ptr<State> state) : state_(std::move(state)) {}
SandboxProcess::SandboxProcess(SandboxProcess&&) noexcept = default;
SandboxProcess& SandboxProcess::operator=(SandboxProcess&&) noexcept = default;
SandboxProcess::~SandboxProcess() = default;  // Box kills

SandboxProcess::Read SandboxProcess::read_until(std::string_view marker, double seconds) {
  HONE_CHECK(!marker.empty(), "read_until without a marker");
  State& s = *state_;
  const Clock::time_point end = after(seconds);
  const auto cap = static_cast<std::size_t>(std::max<std::int64_t>(s.limits.output_bytes, 0));
  std::size_t searched = 0;
  const auto all = [&](ReadEnd why) { return Read{why, std::exchange(s.pending, {})}; };
  bool open = true;
  Clock::time_point look = Clock::now() + std::chrono::milliseconds(20);
  for (;;) {
    if (const std::size_t at = s.pending.find(marker, searched); at != std::string::npos) {
      Read read{ReadEnd::kMarker, s.pending.substr(0, at + marker.size())};
      s.pending.erase(0, at + marker.size());
      return read;
    }
    // The marker may have begun at the end of what is here.
    searched = s.pending.size() - std::min(s.pending.size(), marker.size() - 1);
    if (s.pending.size() > cap) return all(ReadEnd::kOutput);
    if (!open) return all(s.over_memory ? ReadEnd::kMemory : ReadEnd::kClosed);
    const double left = seconds_until(end);
    if (left <= 0) return all(ReadEnd::kDeadline);
    open = s.pull(std::min(left, kWatchSeconds));
    if (Clock::now() >= look) {
      s.watch();
      look = Clock::now() + std::chrono::milliseconds(20);
    }
  }
}

Result<void> SandboxProcess::write(std::string_view text, double seconds) {
  State& s = *state_;
  const Clock::time_point end = after(seconds);
  if (!s.in || !s.box) return Error{"sandbox: process", "must be running to be written to", "ended"};
  while (!text.empty()) {
    const double left = seconds_until(end);
    if (left <= 0)
      return Error{"sandbox: process", fmt::format("must take its input within {} s", seconds), ""};
    pollfd ready[2] = {{s.in.get(), POLLOUT, 0}, {s.out ? s.out.get() : -1, POLLIN, 0}};
    ::poll(ready, 2, static_cast<int>(1000 * std::min(left, 1.0)) + 1);
    // A process that answers while it is written to must not wait for us.
    if (ready[1].revents != 0 && s.pending.size() <= static_cast<std::size_t>(s.limits.output_bytes))
      s.pull(0);
    if (ready[0].revents == 0) continue;
    const ssize_t n = quiet_write(s.in.get(), text);
    if (n >= 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno != EAGAIN && errno != EINTR) {
      s.in.reset();
      return Error{"sandbox: process", "must keep its input open", "closed"};
    }
  }
  return {};
}

bool SandboxProcess::running() const {
  if (!state_->box) return false;
  pollfd ended{state_->box->ended_fd(), POLLIN, 0};
  return ::poll(&ended, 1, 0) == 0;
}

void SandboxProcess::kill() { state_->box.reset(); }

}  // namespace hone
