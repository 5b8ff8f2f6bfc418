// The system calls that sandboxed programs may not make.
//
// Allowed is what is not denied. Denied with EPERM: tracing other processes and reading their memory; mounts;
// new namespaces and entering others; keys; bpf, perf, userfaultfd, io_uring; kernel modules, kexec, reboot,
// swap, clocks; sockets other than AF_UNIX; typing into a terminal. clone3 fails with ENOSYS, since a filter
// cannot see its flags and the C library then uses clone.
#pragma once

#include <string>

#include "hone/base/result.h"

namespace hone {

// The filter as the kernel's BPF program (an array of struct sock_filter). Error: libseccomp's.
Result<std::string> seccomp_program();

}  // namespace hone
