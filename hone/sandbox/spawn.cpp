#include "hone/sandbox/spawn.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <future>
#include <mutex>
#include <queue>
#include <thread>

namespace hone {
namespace {

constexpr uid_t kNobody = 65534;

Error system_error(const std::string& what) { return {"sandbox", what, std::strerror(errno)}; }

// Everything that the child needs, laid out before vfork: it may neither allocate nor lock.
struct Plan {
  const char* program;
  const char* folder;
  std::vector<char*> argv, environment;
  std::vector<std::pair<int, int>> fds;  // ours → the child's
  std::vector<Rlimit> limits;
  bool become_nobody, own_session, dies_with_us;
  pid_t parent;
  int first_free;  // above every number that is in use
  // Written by the child, whose memory is ours until it has become the program: why it could not.
  volatile int failure;
};

// Runs in the child, on the parent's memory: system calls only. Raw ones for the identity, since the C
// library's would change it in all of the parent's threads.
[[noreturn]] void become_program(Plan& plan) {
  for (int number = 1; number < NSIG; ++number) {
    if (number != SIGKILL && number != SIGSTOP) ::signal(number, SIG_DFL);
  }
  // First out of the way of each other, then to their places.
  for (std::size_t i = 0; i < plan.fds.size(); ++i) {
    if (::dup2(plan.fds[i].first, plan.first_free + static_cast<int>(i)) < 0) ::_exit(126);
  }
  unsigned next = 0;
  for (std::size_t i = 0; i < plan.fds.size(); ++i) {
    if (::dup2(plan.first_free + static_cast<int>(i), plan.fds[i].second) < 0) ::_exit(126);
    next = std::max(next, static_cast<unsigned>(plan.fds[i].second) + 1);
  }
  if (::syscall(SYS_close_range, next, ~0U, 0U) != 0) {
    for (unsigned fd = next; fd < 4096; ++fd) ::close(static_cast<int>(fd));
  }
  for (const Rlimit& limit : plan.limits) {
    rlimit now{};
    ::getrlimit(static_cast<__rlimit_resource>(limit.resource), &now);
    const rlim_t value = std::min<rlim_t>(limit.value, now.rlim_max);
    const rlimit wanted{value, value};
    if (::setrlimit(static_cast<__rlimit_resource>(limit.resource), &wanted) != 0) ::_exit(126);
  }
  if (plan.become_nobody) {
    if (::syscall(SYS_setgroups, 0, nullptr) != 0 ||
        ::syscall(SYS_setresgid, kNobody, kNobody, kNobody) != 0 ||
        ::syscall(SYS_setresuid, kNobody, kNobody, kNobody) != 0) {
      ::_exit(126);
    }
  }
  if (plan.own_session) ::setsid();
  // After the identity has changed, which takes it back; the parent may have ended before it was asked for.
  if (plan.dies_with_us && (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != plan.parent)) {
    ::_exit(126);
  }
  if (::chdir(plan.folder) == 0) ::execve(plan.program, plan.argv.data(), plan.environment.data());
  plan.failure = errno;
  ::_exit(127);
}

Result<Child> spawn_here(const SpawnRequest& request) {
  Plan plan{};
  plan.program = request.program.c_str();
  plan.folder = request.folder.c_str();
  for (const std::string& text : request.argv) plan.argv.push_back(const_cast<char*>(text.c_str()));
  for (const std::string& text : request.environment)
    plan.environment.push_back(const_cast<char*>(text.c_str()));
  plan.argv.push_back(nullptr);
  plan.environment.push_back(nullptr);
  plan.limits = request.limits;
  plan.fds = request.fds;
  plan.become_nobody = request.drop_root && ::geteuid() == 0;
  plan.own_session = request.own_session;
  plan.dies_with_us = request.dies_with_us;
  plan.parent = ::getpid();
  plan.first_free = 64;
  for (const auto& [from, to] : plan.fds) plan.first_free = std::max({plan.first_free, from + 1, to + 1});

  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // no handler of ours may run in the child
  sigset_t none;
  sigemptyset(&none);
  const pid_t pid = ::vfork();
  if (pid == 0) {
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    become_program(plan);
  }
  const int reason = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = reason;
  if (pid < 0) return system_error("must be able to start a process");
  if (plan.failure != 0) {
    ::waitpid(pid, nullptr, 0);
    return Error{"sandbox", fmt::format("must be able to run {} in {}", request.program, request.folder),
                 std::strerror(plan.failure)};
  }
  Child child;
  child.pid = pid;
  child.pidfd = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!child.pidfd) {
    Error error = system_error("must be able to open a process (Linux 5.3)");
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return error;
  }
  return child;
}

class Spawner {
 public:
  static Spawner& instance() {
    static Spawner* spawner = new Spawner;  // never destroyed: its children would die with its thread
    return *spawner;
  }
  Result<Child> run(const SpawnRequest& request) {
    std::packaged_task<Result<Child>()> task([&request] { return spawn_here(request); });
    std::future<Result<Child>> done = task.get_future();
    {
      const std::lock_guard lock(mutex_);
      queue_.push(std::move(task));
    }
    ready_.notify_one();
    return done.get();
  }

 private:
  Spawner() {
    std::thread([this] { loop(); }).detach();
  }
  [[noreturn]] void loop() {
    for (;;) {
      std::unique_lock lock(mutex_);
      ready_.wait(lock, [this] { return !queue_.empty(); });
      std::packaged_task<Result<Child>()> task = std::move(queue_.front());
      queue_.pop();
      lock.unlock();
      task();
    }
  }
  std::mutex mutex_;
  std::condition_variable ready_;
  std::queue<std::packaged_task<Result<Child>()>> queue_;
};

}  // namespace

void Fd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("must be able to make a pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

Result<std::pair<Fd, Fd>> make_socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return system_error("must be able to make a socket pair");
  }
  return std::pair<Fd, Fd>{Fd(ends[0]), Fd(ends[1])};
}

void set_nonblocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

Result<Fd> make_empty_memory_file() {
  Fd fd(::memfd_create("hone", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return system_error("must be able to make an anonymous file");
  return fd;
}

Result<void> seal(int memory_file) {
  if (::fcntl(memory_file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return system_error("must be able to seal an anonymous file");
  }
  return {};
}

Result<Fd> make_memory_file(std::string_view bytes) {
  HONE_TRY(Fd fd, make_empty_memory_file());
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd.get(), bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return system_error("must be able to fill an anonymous file");
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  HONE_TRY_VOID(seal(fd.get()));
  ::lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

Result<Child> spawn(const SpawnRequest& request) { return Spawner::instance().run(request); }

void kill_child(const Child& child) {
  if (child.pidfd) ::syscall(SYS_pidfd_send_signal, child.pidfd.get(), SIGKILL, nullptr, 0);
}

ChildEnd wait_child(Child& child) {
  ChildEnd end;
  if (child.pid <= 0) return end;
  rusage usage{};
  while (::wait4(child.pid, &end.status, 0, &usage) < 0 && errno == EINTR) {
  }
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  end.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  end.peak_bytes = static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
  child.pid = -1;
  child.pidfd.reset();
  return end;
}

}  // namespace hone
