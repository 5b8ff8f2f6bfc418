#include "hone/sandbox/seccomp_filter.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>

#include "hone/sandbox/spawn.h"

namespace hone {
namespace {

// By name, so that calls which this machine's headers do not know yet are denied where the library knows
// them.
constexpr const char* kDenied[] = {
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "pidfd_getfd",
    "kcmp",
    "process_madvise",
    "mount",
    "umount",
    "umount2",
    "pivot_root",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    "chroot",
    "unshare",
    "setns",
    "keyctl",
    "add_key",
    "request_key",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "fanotify_init",
    "name_to_handle_at",
    "open_by_handle_at",
    "quotactl",
    "quotactl_fd",
    "acct",
    "kexec_load",
    "kexec_file_load",
    "init_module",
    "finit_module",
    "delete_module",
    "create_module",
    "reboot",
    "swapon",
    "swapoff",
    "syslog",
    "settimeofday",
    "stime",
    "clock_settime",
    "clock_settime64",
    "clock_adjtime",
    "clock_adjtime64",
    "adjtimex",
    "sethostname",
    "setdomainname",
    "iopl",
    "ioperm",
    "modify_ldt",
    "vhangup",
    "uselib",
    "_sysctl",
    "sysfs",
    "nfsservctl",
    "lookup_dcookie",
    "vm86",
    "vm86old",
    "mbind",
    "migrate_pages",
    "move_pages",
    "set_mempolicy",
    "landlock_create_ruleset",
};

constexpr std::uint64_t kNamespaces[] = {CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,   CLONE_NEWNET,
                                         CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP};

struct Release {
  void operator()(void* context) const { seccomp_release(context); }
};

}  // namespace

Result<std::string> seccomp_program() {
  const std::unique_ptr<void, Release> context(seccomp_init(SCMP_ACT_ALLOW));
  if (!context) return Error{"sandbox: seccomp", "must be able to make a filter", ""};
  int failed = 0;
  const auto deny = [&](int call, int with, std::initializer_list<scmp_arg_cmp> when) {
    const int rc = seccomp_rule_add_array(context.get(), SCMP_ACT_ERRNO(static_cast<unsigned>(with)), call,
                                          static_cast<unsigned>(when.size()), when.begin());
    if (rc != 0 && failed == 0) failed = -rc;
  };
  for (const char* name : kDenied) {
    const int call = seccomp_syscall_resolve_name(name);
    if (call == __NR_SCMP_ERROR || call < 0) continue;  // not of this architecture
    deny(call, EPERM, {});
  }
  for (const std::uint64_t flag : kNamespaces) {
    deny(SCMP_SYS(clone), EPERM, {SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag)});
  }
  if (const int clone3 = seccomp_syscall_resolve_name("clone3"); clone3 >= 0) deny(clone3, ENOSYS, {});
  deny(SCMP_SYS(socket), EPERM, {SCMP_A0(SCMP_CMP_NE, AF_UNIX)});
  deny(SCMP_SYS(socketpair), EPERM, {SCMP_A0(SCMP_CMP_NE, AF_UNIX)});
  deny(SCMP_SYS(ioctl), EPERM, {SCMP_A1(SCMP_CMP_MASKED_EQ, 0xFFFFFFFFU, TIOCSTI)});
  deny(SCMP_SYS(ioctl), EPERM, {SCMP_A1(SCMP_CMP_MASKED_EQ, 0xFFFFFFFFU, 0x541CU)});  // TIOCLINUX
  if (failed != 0) return Error{"sandbox: seccomp", "must be able to add a rule", std::strerror(failed)};

  HONE_TRY(const Fd file, make_empty_memory_file());
  if (const int rc = seccomp_export_bpf(context.get(), file.get()); rc != 0) {
    return Error{"sandbox: seccomp", "must be able to export the filter", std::strerror(-rc)};
  }
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  std::string program(static_cast<std::size_t>(size), '\0');
  if (::pread(file.get(), program.data(), program.size(), 0) != size || size == 0) {
    return Error{"sandbox: seccomp", "must be able to read the filter back", std::strerror(errno)};
  }
  return program;
}

}  // namespace hone
