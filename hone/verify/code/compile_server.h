// A C++ compiler that has read the common headers already, and forks for each program.
//
// g++ spends most of a small program's time on loading precompiled headers and on instantiating what they
// hold. Here its compiler proper (cc1plus) does both once: a library loaded into it answers when it opens the
// program's text, by forking for each text that comes; each fork goes on as if that text had been there from
// the start. It compiles and never runs what models wrote, in a sandbox of its own. Where the library cannot
// be made or the compiler opens its files otherwise, nothing comes of it and programs compile the usual way.
//
// Thread safety: a server is one thread's at a time; the pool may be used from several.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/sandbox/sandbox.h"

namespace hone {

// The library's C source.
std::string compile_server_source();

class CompileServers {
 public:
  // flags: g++'s, with the header that is precompiled. library: the compiled source. Both lie in `folder`.
  CompileServers(Sandbox sandbox, std::filesystem::path folder, std::vector<std::string> flags);

  struct Compiled {
    bool ok = false;
    std::string assembly, errors;
  };
  // Error: no answer in `seconds`, or no server; the program should be compiled the usual way.
  Result<Compiled> compile(const std::string& program, double seconds);

 private:
  Result<SandboxProcess> start(double seconds) const;

  Sandbox sandbox_;
  std::filesystem::path folder_;
  std::vector<std::string> flags_;
  std::mutex mutex_;
  std::vector<SandboxProcess> idle_;
  int failures_ = 0;  // to start; after a few it is not tried again
};

}  // namespace hone
