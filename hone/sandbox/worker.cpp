#include "hone/sandbox/worker.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstring>
#include <optional>

#include "hone/base/check.h"
#include "hone/base/clock.h"
#include "hone/sandbox/box.h"
#include "hone/sandbox/drain.h"
#include "hone/sandbox/worker_script.h"

namespace hone {
namespace {

constexpr double kStartSeconds = 20.0;  // an interpreter's start on a busy machine
constexpr double kKillSeconds = 0.25;   // between ending the jobs and taking the worker down

Error worker_error(const std::string& rule, const std::string& got = "") {
  return {"sandbox: worker", rule, got};
}

void add_entry(std::string& block, char kind, std::string_view name, std::string_view content) {
  block += kind;
  for (const std::size_t size : {name.size(), content.size()}) {
    for (int shift = 0; shift < 64; shift += 8)
      block += static_cast<char>((std::uint64_t{size} >> shift) & 0xFF);
  }
  block += name;
  block += content;
}

std::string block_of(const WorkerJob& job) {
  std::string block;
  for (const auto& [name, content] : job.files) add_entry(block, 'F', name, content);
  for (const std::string& argument : job.argv) add_entry(block, 'A', "", argument);
  for (const auto& [name, value] : job.environment) add_entry(block, 'E', name, value);
  if (!job.keep.empty()) add_entry(block, 'K', "", job.keep);
  if (!job.program.empty()) add_entry(block, 'P', "", job.program);
  return block;
}

Result<void> send_message(int socket, const std::string& text, std::span<const int> fds = {}) {
  HONE_CHECK(fds.size() <= 16, "{} descriptors for one job", fds.size());
  iovec bytes{const_cast<char*>(text.data()), text.size()};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char space[CMSG_SPACE(16 * sizeof(int))] = {};
  if (!fds.empty()) {
    message.msg_control = space;
    message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size() * sizeof(int));
  }
  if (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0) {
    return worker_error("must take requests", std::strerror(errno));
  }
  return {};
}

// One message; empty when the worker has gone or `seconds` are over.
std::string receive_message(int socket, double seconds) {
  pollfd ready{socket, POLLIN, 0};
  if (::poll(&ready, 1, static_cast<int>(1000 * std::max(0.0, seconds))) <= 0) return "";
  char buffer[512];
  const ssize_t n = ::recv(socket, buffer, sizeof buffer, MSG_DONTWAIT);
  return n > 0 ? std::string(buffer, static_cast<std::size_t>(n)) : "";
}

std::string limit_words(const SandboxLimits& limits, std::size_t jobs) {
  const std::int64_t address = limits.address_bytes != 0 ? limits.address_bytes : limits.memory_bytes;
  // The interpreter's own address space is there already. bubblewrap's process and the worker count as well.
  return fmt::format("{} {} {} {} {}",
                     static_cast<std::int64_t>(std::max(1.0, std::ceil(std::min(limits.cpu_seconds, 1e9)))),
                     address < 0 ? -1 : std::max<std::int64_t>(address, 64 << 20),
                     std::max<std::int64_t>(limits.file_bytes, 1 << 16),
                     std::max<std::int64_t>(limits.stack_bytes, 1 << 18),
                     std::max(limits.processes, 1) + 1 + static_cast<int>(jobs));
}

}  // namespace

struct SandboxWorker::State {
  std::shared_ptr<const void> host;
  std::optional<Box> box;
  Fd control;
};

SandboxWorker::SandboxWorker(std::unique_ptr<State> state) : state_(std::move(state)) {}
SandboxWorker::SandboxWorker(SandboxWorker&&) noexcept = default;
SandboxWorker& SandboxWorker::operator=(SandboxWorker&&) noexcept = default;
SandboxWorker::~SandboxWorker() = default;  // Box kills

bool SandboxWorker::dead() const { return !state_ || !state_->box; }

Result<SandboxWorker> SandboxWorker::start(const Sandbox& sandbox, const std::string& prelude,
                                           const std::vector<std::pair<fs::path, std::string>>& shown) {
  HONE_TRY(auto sockets, make_socket_pair());
  HONE_TRY(Pipe log, make_pipe());
  SandboxCommand command;
  command.argv = {"python3", "-s", "worker.py"};
  command.files = {
      {"worker.py", worker_script()}, {"prelude.py", prelude}, {"filter.bpf", sandbox.host_->seccomp_bpf}};
  command.environment = {{"PYTHONHASHSEED", "0"}, {"PYTHONDONTWRITEBYTECODE", "1"}, {"PYTHONUTF8", "1"}};
  const SandboxLimits limits;
  BoxRequest request;
  request.command = &command;
  request.limits = &limits;
  request.trusted = true;
  request.shown = shown;
  request.fds = {{sockets.second.get(), 0}, {log.write.get(), 1}, {log.write.get(), 2}};
  auto state = std::make_unique<State>();
  HONE_TRY(Box box, Box::start(sandbox.host_->bubblewrap, sandbox.host_->seccomp_bpf, request));
  sockets.second.reset();
  log.write.reset();
  const std::string greeting = receive_message(sockets.first.get(), kStartSeconds);
  if (greeting != "ready") {
    box.finish();
    Drain drain;
    drain.collect(std::move(log.read), 4000);
    drain.finish(0.2);
    std::string said = drain.take(0);
    while (!said.empty() && said.back() == '\n') said.pop_back();
    const std::size_t last = said.rfind('\n');
    return worker_error("needs python3 (3.9 or newer): install the package python3",
                        said.empty() ? "no answer" : said.substr(last == std::string::npos ? 0 : last + 1));
  }
  state->host = sandbox.host_;
  state->box.emplace(std::move(box));
  state->control = std::move(sockets.first);
  return SandboxWorker(std::move(state));
}

Result<WorkerResult> SandboxWorker::run(WorkerJob job, const SandboxLimits& limits) {
  HONE_TRY(std::vector<WorkerResult> results, run(std::span(&job, 1), limits));
  return std::move(results[0]);
}

Result<std::vector<WorkerResult>> SandboxWorker::run(std::span<WorkerJob> jobs, const SandboxLimits& limits) {
  if (dead()) return worker_error("must be alive", "dead");
  State& s = *state_;
  const Clock::time_point start = Clock::now();
  const TreeUse before = s.box->own_use();
  Drain drain;
  std::vector<WorkerResult> results(jobs.size());
  std::vector<bool> done(jobs.size(), false);
  const std::string words = limit_words(limits, jobs.size());
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    HONE_TRY(Fd block, make_memory_file(block_of(jobs[i])));
    HONE_TRY(Pipe in, make_pipe());
    HONE_TRY(Pipe out, make_pipe());
    HONE_TRY(Pipe err, make_pipe());
    std::vector<int> fds = {block.get(), in.read.get(), out.write.get(), err.write.get()};
    fds.insert(fds.end(), jobs[i].fds.begin(), jobs[i].fds.end());
    if (auto sent = send_message(s.control.get(), fmt::format("start {} {}", i, words), fds); !sent.ok()) {
      s.box.reset();
      return sent.error();
    }
    jobs[i].handed.clear();
    drain.feed(std::move(in.write), jobs[i].stdin_text);
    drain.collect(std::move(out.read), limits.output_bytes);
    drain.collect(std::move(err.read), limits.output_bytes);
  }

  std::optional<SandboxEnd> stopped;  // why by us, and when
  Clock::time_point stopped_at, looked = start;
  std::size_t left = jobs.size();
  double waited = 0.0, stopped_cpu = 0.0;
  std::int64_t peak = 0;
  const auto stop = [&](SandboxEnd why) {
    if (stopped) return;
    if (why == SandboxEnd::kDeadline) waited = s.box->longest_wait();
    // Of processes that nobody will wait for, too.
    stopped_cpu = s.box->use().cpu_seconds - before.cpu_seconds;
    stopped = why;
    stopped_at = Clock::now();
    // By ourselves: the worker has to compete with what it started for the cores.
    s.box->kill_children();
  };
  while (left > 0) {
    const double remaining = limits.wall_seconds - seconds_since(start);
    if (remaining <= 0) stop(SandboxEnd::kDeadline);
    if (stopped && seconds_since(stopped_at) > kKillSeconds) {
      s.box->finish(0.05);
      s.box.reset();
      break;
    }
    const bool message =
        drain.step(s.control.get(), std::clamp(stopped ? kWatchSeconds : remaining, 0.0, kWatchSeconds));
    if (drain.over()) stop(SandboxEnd::kOutput);
    if (message) {
      const std::string text = receive_message(s.control.get(), 0);
      std::size_t slot = 0;
      int status = 0, set_up = 0;
      double cpu = 0;
      long long resident = 0;
      if (std::sscanf(text.c_str(), "done %zu %d %d %lf %lld", &slot, &status, &set_up, &cpu, &resident) !=
              5 ||
          slot >= jobs.size() || done[slot]) {
        s.box.reset();
        return worker_error("must go on", "its end");
      }
      WorkerResult& result = results[slot];
      done[slot] = true;
      --left;
      result.wall_seconds = seconds_since(start);
      result.cpu_seconds = cpu;
      result.peak_bytes = resident;
      result.end = SandboxEnd::kExited;
      const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      if (set_up == 0 && !stopped) {
        s.box.reset();
        drain.finish(0.1);
        return worker_error("must be able to set a job up", drain.take(2 * slot + 1));
      }
      const bool signalled = WIFSIGNALED(status) || (jobs[slot].program.empty() && code > 128 && code <= 192);
      if (signalled && stopped) {
        result.end = *stopped;
        result.cpu_seconds = std::max(result.cpu_seconds, stopped_cpu);
      } else if (signalled) {
        result.signal = code - 128;
        const bool by_kernel = result.signal == SIGKILL || result.signal == SIGXCPU;
        result.end =
            by_kernel && cpu >= 0.9 * limits.cpu_seconds ? SandboxEnd::kDeadline : SandboxEnd::kSignalled;
      } else {
        result.exit_code = code;
      }
      continue;
    }
    if (stopped || seconds_since(looked) < kWatchSeconds) continue;
    looked = Clock::now();
    const TreeUse use = s.box->use();
    peak = std::max(peak, use.resident_bytes - before.resident_bytes);
    if (s.box->over(limits.memory_bytes + before.resident_bytes, use)) stop(SandboxEnd::kMemory);
  }
  drain.finish(s.box ? 0.1 : 0.0);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    WorkerResult& result = results[i];
    if (!done[i]) {
      result.end = *stopped;
      result.wall_seconds = seconds_since(start);
      result.cpu_seconds = limits.wall_seconds;  // it kept the worker from running: not an idle one
    }
    result.out = drain.take(2 * i);
    result.err = drain.take(2 * i + 1);
    result.peak_bytes = std::max(result.peak_bytes, peak);
    result.waited_seconds = waited;
  }
  return results;
}

}  // namespace hone
