// The program of a SandboxWorker's first process, in Python 3.9 or newer.
//
// It reads requests from the socket at descriptor 0 and starts each job in a child with namespaces, limits
// and a system call filter of its own. It never reads what a job is: that lies in an anonymous file which
// only the child opens, so that what one job was given can never be found in the memory that the next one
// inherits.
#pragma once

#include <string>

namespace hone {

// Python source. Files beside it: prelude.py, run once before the first job; filter.bpf.
std::string worker_script();

}  // namespace hone
