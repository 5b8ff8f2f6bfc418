// What hostile programs try, and what becomes of it.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <fstream>

#include "sandbox/sandbox_helpers.h"
#include "support/patience.h"
#include "support/temp_folder.h"

namespace hone {
namespace {

using testing::eventually;
using testing::opened;
using testing::processes_with;
using testing::python;
using testing::shell;
using testing::unique_argument;

constexpr double kWall = 0.6;

// Runs under a short deadline and expects that it is kept.
SandboxResult attacked(SandboxCommand command, SandboxLimits limits = {}) {
  limits.wall_seconds = kWall;
  const auto start = std::chrono::steady_clock::now();
  auto result = opened().run(command, limits);
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  EXPECT_LT(took, kWall + testing::kPatience);
  if (!result.ok()) throw std::runtime_error(result.error().message());
  return std::move(result).value();
}

// Runs to its end, for attacks that are denied rather than stopped.
SandboxResult denied(SandboxCommand command, SandboxLimits limits = {}) {
  limits.wall_seconds = 20;
  auto result = opened().run(command, limits);
  if (!result.ok()) throw std::runtime_error(result.error().message());
  return std::move(result).value();
}

TEST(SandboxAttack, EndlessLoop) {
  const std::string mark = unique_argument();
  EXPECT_EQ(attacked(shell("x=" + mark + "; while :; do :; done")).end, SandboxEnd::kDeadline);
  EXPECT_TRUE(eventually([&] { return processes_with(mark) == 0; }));
}

TEST(SandboxAttack, CpuSecondsEndALoopBeforeTheDeadline) {
  SandboxLimits limits;
  limits.cpu_seconds = 1;
  limits.wall_seconds = 30;
  const SandboxResult r = opened().run(shell("while :; do :; done"), limits).value();
  EXPECT_EQ(r.end, SandboxEnd::kDeadline);
  EXPECT_LT(r.wall_seconds, 25);
  EXPECT_GT(r.cpu_seconds, 0.5);
}

TEST(SandboxAttack, ForkBomb) {
  const std::string mark = unique_argument();
  SandboxLimits limits;
  limits.processes = 16;
  const SandboxResult r = attacked(
      python("mark='" + mark + "'\nimport os\nwhile True:\n  try: os.fork()\n  except OSError: pass"),
      limits);
  EXPECT_EQ(r.end, SandboxEnd::kDeadline);
  EXPECT_TRUE(eventually([&] { return processes_with(mark) == 0; }));
}

TEST(SandboxAttack, ProcessesAreCounted) {
  SandboxLimits limits;
  limits.processes = 10;
  const SandboxResult r = denied(python(R"(
import os, time
n = 0
try:
    for _ in range(100):
        if os.fork() == 0: time.sleep(30)
        n += 1
except OSError: pass
print(n))"),
                                 limits);
  const int forks = std::atoi(r.out.c_str());
  EXPECT_GE(forks, 7);
  EXPECT_LE(forks, 11);
}

TEST(SandboxAttack, HundredGigabytes) {
  const SandboxResult r = denied(python("x = bytearray(100 << 30)"));
  EXPECT_EQ(r.exit_code, 1);
  EXPECT_NE(r.err.find("MemoryError"), std::string::npos);
}

TEST(SandboxAttack, MemoryOfAllProcessesTogether) {
  SandboxLimits limits;
  limits.memory_bytes = 200 << 20;
  limits.wall_seconds = 20;
  const SandboxResult r = opened()
                              .run(python(R"(
import os, time
for _ in range(6):
    if os.fork() == 0: break
x = bytearray(os.urandom(1)) * (90 << 20)
time.sleep(20))"),
                                   limits)
                              .value();
  EXPECT_EQ(r.end, SandboxEnd::kMemory);
  EXPECT_GT(r.peak_bytes, 200 << 20);
}

TEST(SandboxAttack, PagesSharedByForksCountOnce) {
  SandboxLimits limits;
  limits.memory_bytes = 300 << 20;
  const SandboxResult r = denied(python(R"(
import os, time
x = bytearray(os.urandom(1)) * (100 << 20)
pids = []
for _ in range(8):
    pid = os.fork()
    if pid == 0: time.sleep(0.2); os._exit(0)
    pids.append(pid)
for pid in pids: os.waitpid(pid, 0)
print('fine'))"),
                                 limits);
  EXPECT_EQ(r.out, "fine\n") << to_string(r.end) << r.err;
}

TEST(SandboxAttack, EndlessOutput) {
  SandboxLimits limits;
  limits.output_bytes = 100'000;
  const SandboxResult r = attacked(shell("yes & yes >&2; wait"), limits);
  EXPECT_EQ(r.end, SandboxEnd::kOutput);
  EXPECT_LE(r.out.size(), 100'000u);
  EXPECT_LE(r.err.size(), 100'000u);
}

TEST(SandboxAttack, HugeStack) {
  const SandboxResult r =
      denied(python("import sys\nsys.setrecursionlimit(10**9)\nf = lambda x: repr([f(x)])\nclass A:\n  def "
                    "__repr__(self): return repr(self)\nrepr(A())"));
  EXPECT_FALSE(r.success());
}

TEST(SandboxAttack, ZombiesAndOrphansThatKeepThePipes) {
  const std::string mark = unique_argument();
  const SandboxResult r =
      attacked(shell("for i in 1 2 3; do (setsid sleep " + mark + " &) ; done; echo done"));
  EXPECT_EQ(r.end, SandboxEnd::kExited);
  EXPECT_EQ(r.out, "done\n");
  EXPECT_TRUE(eventually([&] { return processes_with(mark) == 0; }));
}

TEST(SandboxAttack, IgnoringSignals) {
  const std::string mark = unique_argument();
  const SandboxResult r =
      attacked(shell("trap '' TERM INT HUP QUIT PIPE ALRM; (setsid sh -c 'trap \"\" TERM; sleep " + mark +
                     "' &); sleep " + mark));
  EXPECT_EQ(r.end, SandboxEnd::kDeadline);
  EXPECT_TRUE(eventually([&] { return processes_with(mark) == 0; }));
}

TEST(SandboxAttack, ClosedOutputsAndAReaderOfNothing) {
  EXPECT_EQ(attacked(shell("exec >&- 2>&- <&-; sleep 30")).end, SandboxEnd::kDeadline);
}

TEST(SandboxAttack, NoNetwork) {
  const SandboxResult r = denied(python(R"(
import socket
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET):
    try: socket.socket(family, socket.SOCK_STREAM if family in (socket.AF_INET, socket.AF_INET6) else socket.SOCK_RAW)
    except PermissionError: print('denied')
a, b = socket.socketpair()
a.send(b'x')
print('local'))"));
  EXPECT_EQ(r.out, "denied\ndenied\ndenied\ndenied\nlocal\n") << r.err;
}

TEST(SandboxAttack, SystemCallsThatChangeTheWorld) {
  const SandboxResult r = denied(python(R"(
import ctypes, errno, os
c = ctypes.CDLL(None, use_errno=True)
def attempt(name, *args):
    ctypes.set_errno(0)
    r = getattr(c, name)(*args)
    print(name, r, errno.errorcode.get(ctypes.get_errno()))
attempt('ptrace', 16, os.getppid(), 0, 0)
attempt('mount', b'x', b'/tmp', b'tmpfs', 0, None)
attempt('umount2', b'/tmp', 0)
attempt('unshare', 0x10000000)
attempt('unshare', 0x20000)
attempt('setns', 0, 0)
attempt('chroot', b'/tmp')
attempt('pivot_root' if hasattr(c, 'pivot_root') else 'chroot', b'/tmp', b'/tmp')
attempt('process_vm_readv', os.getppid(), None, 0, None, 0, 0)
attempt('reboot', 0)
attempt('syscall', 250, 0, 0, 0, 0, 0)
attempt('syscall', 321, 0, 0, 0)
attempt('syscall', 425, 1, 0)
attempt('syscall', 323, 0)
attempt('syscall', 56, 0x10000011, 0, 0, 0, 0)
)"));
  int lines = 0;
  for (std::size_t at = 0; (at = r.out.find('\n', at)) != std::string::npos; ++at) ++lines;
  int refused = 0;
  for (std::size_t at = 0; (at = r.out.find(" -1 EPERM\n", at)) != std::string::npos; ++at) ++refused;
  EXPECT_EQ(lines, 15) << r.err;
  EXPECT_EQ(refused, 15) << r.out;
}

TEST(SandboxAttack, NoCapabilitiesAndNoNewOnes) {
  const SandboxResult r =
      denied(shell("grep -E 'Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp:' /proc/self/status"));
  EXPECT_NE(r.out.find("CapEff:\t0000000000000000"), std::string::npos) << r.out;
  EXPECT_NE(r.out.find("CapBnd:\t0000000000000000"), std::string::npos) << r.out;
  EXPECT_NE(r.out.find("NoNewPrivs:\t1"), std::string::npos);
  EXPECT_NE(r.out.find("Seccomp:\t2"), std::string::npos);
}

TEST(SandboxAttack, WritingOutsideItsFolder) {
  const testing::TempFolder folder;
  ::chmod(folder.path().c_str(), 0777);
  const std::string target = (folder / "written").string();
  const SandboxResult r =
      denied(shell("echo x > " + target + "; echo x > /usr/x; echo x > /x; echo x > /dev/x; ln -s " + target +
                   " link && echo x > link; echo x > /proc/sys/kernel/hostname; "
                   "echo x > /proc/sysrq-trigger; rm -rf /usr/bin/true; mkdir /etc/x"));
  EXPECT_FALSE(fs::exists(target));
  EXPECT_TRUE(fs::exists("/usr/bin/true"));
  EXPECT_FALSE(r.success());
}

TEST(SandboxAttack, FilesAreLimitedTogether) {
  SandboxLimits limits;
  limits.file_bytes = 1 << 20;
  const SandboxResult r = denied(shell("for i in 1 2 3 4 5 6; do head -c 400000 /dev/zero > /tmp/box/f$i || "
                                       "echo full; done; cat f* | wc -c"),
                                 limits);
  EXPECT_NE(r.out.find("full"), std::string::npos) << r.out << r.err;
  const SandboxResult elsewhere =
      denied(shell("head -c 100000 /dev/zero > /dev/shm/f && rm /dev/shm/f && echo yes"), limits);
  EXPECT_EQ(elsewhere.out, "yes\n");
}

TEST(SandboxAttack, RunsDoNotSeeEachOther) {
  EXPECT_TRUE(denied(shell("echo secret > /tmp/left; echo secret > left")).success());
  EXPECT_EQ(denied(shell("cat /tmp/left left /dev/shm/left 2>/dev/null")).out, "");
  auto other =
      SandboxProcess::start(opened(), shell("echo secret > /tmp/now; echo ready; sleep 20"), {}).value();
  ASSERT_EQ(other.read_until("ready", 5).end, SandboxProcess::ReadEnd::kMarker);
  EXPECT_EQ(denied(shell("cat /tmp/now 2>/dev/null; for p in /proc/[0-9]*; do cat $p/root/tmp/now "
                         "2>/dev/null; done; ls /proc | grep -c '^[0-9]'"))
                .out.find("secret"),
            std::string::npos);
}

TEST(SandboxAttack, ProcTricks) {
  const SandboxResult r =
      denied(shell("kill -9 -1; cat /proc/1/environ /proc/1/mem; ls -l /proc/1/fd /proc/1/root; cat "
                   "/proc/1/root/etc/shadow; "
                   "cat /proc/kcore; echo $PPID; true"));
  EXPECT_EQ(r.out.find("root:"), std::string::npos);
  const SandboxResult parents = denied(shell("ls -d /proc/[0-9]* | wc -l"));
  EXPECT_LE(std::atoi(parents.out.c_str()), 4);
}

}  // namespace
}  // namespace hone
