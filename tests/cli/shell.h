// Runs a command by the shell, for tests of what other programs make of hone's output.
#pragma once

#include <sys/wait.h>

#include <cstdio>
#include <string>

namespace hone::testing {

struct Shelled {
  int exit_code = -1;
  std::string out;  // stdout and stderr
};

inline Shelled run_shell(const std::string& command) {
  Shelled ran;
  std::FILE* pipe = ::popen(("{ " + command + "\n} 2>&1").c_str(), "r");
  if (pipe == nullptr) return ran;
  char buffer[4096];
  for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) ran.out.append(buffer, n);
  const int status = ::pclose(pipe);
  ran.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  return ran;
}

inline bool has_program(const std::string& name) {
  return run_shell("command -v " + name + " >/dev/null").exit_code == 0;
}

}  // namespace hone::testing
