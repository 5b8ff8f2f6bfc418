#include "hone/sandbox/box.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <span>

namespace hone {
namespace {

constexpr const char* kBoxFolder = "/tmp/box";
constexpr int kBoxUser = 1000;

// /proc files: small, and read whole in one call or a few.
std::string read_proc(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  if (!fd) return text;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::read(fd.get(), buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(n));
  return text;
}

std::int64_t number_at(std::string_view text, std::size_t at) {
  std::int64_t value = 0;
  while (at < text.size() && text[at] == ' ') ++at;
  std::from_chars(text.data() + at, text.data() + text.size(), value);
  return value;
}

std::vector<pid_t> tree_of(pid_t root) {
  std::vector<pid_t> pids{root};
  for (std::size_t i = 0; i < pids.size() && pids.size() < 4096; ++i) {
    const std::string pid = std::to_string(pids[i]);
    const Fd folder(::open(("/proc/" + pid + "/task").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder) continue;
    std::error_code ignored;
    for (fs::directory_iterator it("/proc/" + pid + "/task", ignored), end; !ignored && it != end;
         it.increment(ignored)) {
      const std::string children = read_proc(it->path().string() + "/children");
      for (std::size_t at = 0; at < children.size(); at = children.find(' ', at) + 1) {
        const auto child = static_cast<pid_t>(number_at(children, at));
        if (child > 0) pids.push_back(child);
        if (children.find(' ', at) == std::string::npos) break;
      }
    }
  }
  return pids;
}

TreeUse use_of(std::span<const pid_t> pids) {
  static const double tick = 1.0 / static_cast<double>(::sysconf(_SC_CLK_TCK));
  static const std::int64_t page = ::sysconf(_SC_PAGESIZE);
  TreeUse use;
  for (const pid_t pid : pids) {
    const std::string folder = "/proc/" + std::to_string(pid);
    const std::string stat = read_proc(folder + "/stat");
    std::size_t at = stat.rfind(')');
    if (at == std::string::npos) continue;
    for (int field = 2; field < 14 && at != std::string::npos; ++field) at = stat.find(' ', at + 1);
    // utime, stime, and those of the children that were waited for.
    for (int i = 0; i < 4 && at != std::string::npos; ++i, at = stat.find(' ', at + 1)) {
      use.cpu_seconds += tick * static_cast<double>(number_at(stat, at + 1));
    }
    const std::string statm = read_proc(folder + "/statm");
    if (const std::size_t space = statm.find(' '); space != std::string::npos) {
      use.resident_bytes += page * number_at(statm, space + 1);
    }
    ++use.processes;
  }
  return use;
}

void append(std::vector<std::string>& to, std::initializer_list<std::string> more) {
  to.insert(to.end(), more.begin(), more.end());
}

// The system's folders, as links where the host has links.
void add_system(std::vector<std::string>& argv) {
  append(argv, {"--ro-bind", "/usr", "/usr"});
  for (const char* folder : {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}) {
    std::error_code none;
    if (fs::is_symlink(folder, none)) {
      append(argv, {"--symlink", fs::read_symlink(folder, none).string(), folder});
    } else if (fs::is_directory(folder, none)) {
      append(argv, {"--ro-bind", folder, folder});
    }
  }
  // What programs need of /etc: the links between /usr/bin's alternatives, and where libraries lie.
  for (const char* path : {"/etc/alternatives", "/etc/ld.so.cache", "/etc/localtime"}) {
    append(argv, {"--ro-bind-try", path, path});
  }
  append(argv, {"--dir", "/dev"});
  for (const char* device : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}) {
    append(argv, {"--dev-bind", device, device});
  }
  append(argv, {"--symlink", "/proc/self/fd", "/dev/fd", "--symlink", "/proc/self/fd/0", "/dev/stdin",
                "--symlink", "/proc/self/fd/1", "/dev/stdout", "--symlink", "/proc/self/fd/2", "/dev/stderr",
                "--symlink", "/tmp", "/dev/shm"});
}

bool stays_inside(const std::string& name) {
  const fs::path path(name);
  if (name.empty() || name.size() > 255 || path.is_absolute() || name.find('\0') != std::string::npos)
    return false;
  return std::none_of(path.begin(), path.end(),
                      [](const fs::path& part) { return part == ".." || part == "." || part.empty(); });
}

std::vector<Rlimit> rlimits(const SandboxLimits& limits) {
  const auto bytes = [](std::int64_t n) { return static_cast<std::uint64_t>(std::max<std::int64_t>(n, 0)); };
  std::vector<Rlimit> out = {
      {RLIMIT_CORE, 0},
      {RLIMIT_CPU, static_cast<std::uint64_t>(std::max(1.0, std::ceil(std::min(limits.cpu_seconds, 1e9))))},
      {RLIMIT_FSIZE, bytes(limits.file_bytes)},
      {RLIMIT_STACK, bytes(limits.stack_bytes)},
      {RLIMIT_NOFILE, 256},
      {RLIMIT_MEMLOCK, 65536},
      {RLIMIT_MSGQUEUE, 65536},
  };
  if (limits.address_bytes >= 0) {
    // The loader and bubblewrap themselves need a little.
    const std::int64_t space = limits.address_bytes > 0 ? limits.address_bytes : limits.memory_bytes;
    out.push_back({RLIMIT_AS, bytes(std::max<std::int64_t>(space, 16 << 20))});
  }
  return out;
}

Error bad_command(const std::string& rule, const std::string& got) { return {"sandbox: command", rule, got}; }

Result<void> check_command(const SandboxCommand& command) {
  if (command.argv.empty() || command.argv[0].empty()) return bad_command("must name a program", "nothing");
  for (const std::string& text : command.argv) {
    if (text.find('\0') != std::string::npos) return bad_command("arguments must have no NUL byte", "one");
  }
  for (const auto& [name, content] : command.files) {
    if (!stays_inside(name))
      return bad_command("a file's name must stay inside its folder", "'" + name + "'");
  }
  for (const fs::path& path : command.read_only) {
    std::error_code none;
    if (!path.is_absolute() || !fs::exists(path, none)) {
      return bad_command("read_only must name absolute paths that exist", "'" + path.string() + "'");
    }
  }
  return {};
}

// bwrap says {"child-pid": N, …} once its child exists.
pid_t read_child_pid(int fd) {
  std::string text;
  for (int round = 0; round < 100 && text.find('}') == std::string::npos; ++round) {
    pollfd ready{fd, POLLIN, 0};
    if (::poll(&ready, 1, 2000) <= 0) break;
    char buffer[512];
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n <= 0) break;
    text.append(buffer, static_cast<std::size_t>(n));
  }
  const std::size_t at = text.find("\"child-pid\":");
  return at == std::string::npos ? -1 : static_cast<pid_t>(number_at(text, at + 12));
}

}  // namespace

Result<Box> Box::start(const std::string& bubblewrap, const std::string& seccomp_bpf,
                       const BoxRequest& request) {
  const SandboxCommand& command = *request.command;
  const SandboxLimits& limits = *request.limits;
  HONE_TRY_VOID(check_command(command));
  std::vector<Fd> kept;  // until the child has its copies
  std::vector<std::pair<int, int>> fds = request.fds;
  int next = 100;  // numbers for what bwrap itself reads
  const auto give = [&](Fd fd) {
    fds.emplace_back(fd.get(), next);
    kept.push_back(std::move(fd));
    return std::to_string(next++);
  };

  std::vector<std::string> argv = {bubblewrap,
                                   "--unshare-all",
                                   "--unshare-user",
                                   "--uid",
                                   std::to_string(kBoxUser),
                                   "--gid",
                                   std::to_string(kBoxUser),
                                   "--hostname",
                                   "box",
                                   "--die-with-parent",
                                   "--new-session",
                                   "--clearenv",
                                   "--proc",
                                   "/proc"};
  append(argv, request.trusted ? std::initializer_list<std::string>{"--cap-add", "ALL"}
                               : std::initializer_list<std::string>{"--cap-drop", "ALL"});
  add_system(argv);
  append(argv, {"--size", std::to_string(std::max<std::int64_t>(limits.file_bytes, 1 << 16)), "--tmpfs",
                "/tmp", "--dir", kBoxFolder});
  for (const auto& [name, content] : command.files) {
    HONE_TRY(Fd file, make_memory_file(content));
    append(argv, {"--file", give(std::move(file)), std::string(kBoxFolder) + "/" + name});
  }
  for (const fs::path& path : command.read_only) append(argv, {"--ro-bind", path.string(), path.string()});
  for (const auto& [host, inside] : request.shown) append(argv, {"--ro-bind", host.string(), inside});
  append(argv, {"--remount-ro", "/", "--chdir", kBoxFolder});
  std::map<std::string, std::string> environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                                                    {"HOME", kBoxFolder},
                                                    {"TMPDIR", "/tmp"},
                                                    {"LANG", "C.UTF-8"}};
  for (const auto& [name, value] : command.environment) environment[name] = value;
  for (const auto& [name, value] : environment) append(argv, {"--setenv", name, value});
  if (!request.trusted) {
    HONE_TRY(Fd filter, make_memory_file(seccomp_bpf));
    append(argv, {"--seccomp", give(std::move(filter))});
  }
  HONE_TRY(Pipe info, make_pipe());
  append(argv, {"--info-fd", give(std::move(info.write))});
  argv.push_back("--");
  if (!request.trusted) {
    // Counted within the container's user namespace (Linux 5.14), once it is there; its process 1 counts too.
    append(argv, {"/usr/bin/prlimit", "--nproc=" + std::to_string(std::max(limits.processes, 1) + 2), "--"});
  }
  argv.insert(argv.end(), command.argv.begin(), command.argv.end());

  SpawnRequest spawned{bubblewrap, std::move(argv), {"PATH=/usr/bin:/bin"}, std::move(fds), {}, true};
  if (!request.trusted) spawned.limits = rlimits(limits);
  Box box;
  HONE_TRY(box.outer_, spawn(spawned));
  kept.clear();  // with our end of the info pipe, so that bwrap's death is seen
  box.inner_ = read_child_pid(info.read.get());
  if (box.inner_ > 0) box.inner_pidfd_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, box.inner_, 0)));
  return box;
}

Box::~Box() {
  if (outer_.pid > 0) finish(0.05);
}

TreeUse Box::use() const { return inner_ > 0 ? use_of(tree_of(inner_)) : TreeUse{}; }

TreeUse Box::own_use() const {
  if (inner_ <= 0) return {};
  const std::vector<pid_t> pids = tree_of(inner_);
  const std::size_t own = std::min<std::size_t>(pids.size(), 2);  // bubblewrap's process 1, the program
  return use_of({pids.data(), own});
}

double Box::longest_wait() const {
  double longest = 0.0;
  if (inner_ <= 0) return longest;
  const std::vector<pid_t> pids = tree_of(inner_);
  for (std::size_t i = 2; i < pids.size(); ++i) {
    const std::string stat = read_proc("/proc/" + std::to_string(pids[i]) + "/schedstat");
    const std::size_t space = stat.find(' ');
    if (space == std::string::npos) continue;
    longest = std::max(longest, 1e-9 * static_cast<double>(number_at(stat, space + 1)));
  }
  return longest;
}

bool Box::over(std::int64_t bytes, const TreeUse& use) const {
  if (use.resident_bytes <= bytes || inner_ <= 0) return false;
  return use.processes <= 2 || proportional_bytes(tree_of(inner_)) > bytes;
}

void Box::kill_children() const {
  if (inner_ <= 0) return;
  const std::vector<pid_t> pids = tree_of(inner_);
  if (pids.size() < 2) return;
  const pid_t program = pids[1];
  for (std::size_t i = 2; i < pids.size(); ++i) {
    const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pids[i], 0)));
    // Looked at once it is held, since a number may have passed on to another process.
    const std::string stat = read_proc("/proc/" + std::to_string(pids[i]) + "/stat");
    const std::size_t at = stat.rfind(')');
    if (!pidfd || at == std::string::npos || number_at(stat, at + 3) != program) continue;
    ::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
  }
}

int Box::finish(double seconds) {
  // Process 1 first: with it the kernel ends the whole namespace, whatever hides in there.
  if (inner_pidfd_) ::syscall(SYS_pidfd_send_signal, inner_pidfd_.get(), SIGKILL, nullptr, 0);
  kill_child(outer_);
  const ChildEnd end = wait_child(outer_);
  if (inner_pidfd_) {
    pollfd gone{inner_pidfd_.get(), POLLIN, 0};
    ::poll(&gone, 1, static_cast<int>(1000 * seconds));
  }
  inner_ = -1;
  inner_pidfd_.reset();
  return WIFEXITED(end.status) ? WEXITSTATUS(end.status) : 128 + WTERMSIG(end.status);
}

std::int64_t proportional_bytes(const std::vector<pid_t>& pids) {
  std::int64_t total = 0;
  for (const pid_t pid : pids) {
    const std::string rollup = read_proc("/proc/" + std::to_string(pid) + "/smaps_rollup");
    if (const std::size_t at = rollup.find("\nPss:"); at != std::string::npos)
      total += 1024 * number_at(rollup, at + 5);
  }
  return total;
}

}  // namespace hone
