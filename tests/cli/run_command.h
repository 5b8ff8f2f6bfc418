// Runs a subcommand inside the test program: starting the built one takes half a second (libtorch's own
// start), so that only program_test.cpp does it each time.
#pragma once

#include <unistd.h>

#include <iostream>
#include <sstream>

#include "cli/run_program.h"
#include "hone/cli/command.h"

namespace hone::testing {

// While it lives, what goes to a file descriptor goes to a file.
class Redirected {
 public:
  Redirected(int fd, std::FILE* stream, const std::filesystem::path& file) : fd_(fd), stream_(stream) {
    std::fflush(stream_);
    saved_ = ::dup(fd_);
    const int target = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(target, fd_);
    ::close(target);
  }
  Redirected(const Redirected&) = delete;
  Redirected& operator=(const Redirected&) = delete;
  ~Redirected() {
    std::fflush(stream_);
    ::dup2(saved_, fd_);
    ::close(saved_);
  }

 private:
  int fd_, saved_;
  std::FILE* stream_;
};

inline Ran run_command(const std::vector<std::string>& arguments, const std::string& input = "") {
  const TempFolder folder;
  std::istringstream in(input);
  std::streambuf* const terminal = std::cin.rdbuf(in.rdbuf());
  std::cin.clear();
  Ran ran;
  {
    const Redirected out(STDOUT_FILENO, stdout, folder / "out"), err(STDERR_FILENO, stderr, folder / "err");
    ran.exit_code = run_hone(arguments);
    std::cout.flush();
  }
  std::cin.rdbuf(terminal);
  ran.out = file_bytes(folder / "out");
  ran.err = file_bytes(folder / "err");
  return ran;
}

}  // namespace hone::testing
