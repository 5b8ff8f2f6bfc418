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

// What main.cpp does with the arguments.
inline int run_main(std::vector<std::string> arguments) {
  CLI::App app{"hone"};
  app.require_subcommand(1);
  CommandRun run;
  for (const auto add : {add_train_command, add_eval_command, add_sample_command, add_chat_command,
                         add_tasks_command, add_replay_command, add_tokenize_command, add_score_command}) {
    add(app, run);
  }
  try {
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    app.parse(arguments);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  const auto result = run();
  if (result.ok()) return *result;
  fmt::print(stderr, "error: {}\n", result.error().message());
  return 2;
}

inline Ran run_command(const std::vector<std::string>& arguments, const std::string& input = "") {
  const TempFolder folder;
  std::istringstream in(input);
  std::streambuf* const terminal = std::cin.rdbuf(in.rdbuf());
  std::cin.clear();
  Ran ran;
  {
    const Redirected out(STDOUT_FILENO, stdout, folder / "out"), err(STDERR_FILENO, stderr, folder / "err");
    ran.exit_code = run_main(arguments);
    std::cout.flush();
  }
  std::cin.rdbuf(terminal);
  ran.out = file_bytes(folder / "out");
  ran.err = file_bytes(folder / "err");
  return ran;
}

}  // namespace hone::testing
