// Runs the built program as a user does: arguments and stdin in, stdout, stderr and the exit code out.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "hone/base/json.h"
#include "support/temp_folder.h"

extern char** environ;

namespace hone::testing {

inline void write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

inline std::string file_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Ran {
  int exit_code = -1;  // 128 + the signal's number when one ended it
  std::string out, err;

  // stdout's lines as JSON.
  std::vector<Json> lines() const {
    std::vector<Json> values;
    std::istringstream stream(out);
    for (std::string line; std::getline(stream, line);) values.push_back(Json::parse(line));
    return values;
  }
};

// stdin and the outputs are files: no pipe can fill up.
inline Ran run_program(std::vector<std::string> arguments, const std::string& input = "") {
  const TempFolder folder;
  const std::string in = (folder / "in").string(), out = (folder / "out").string(),
                    err = (folder / "err").string();
  write_file(in, input);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, in.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), O_WRONLY | O_CREAT, 0600);
  arguments.insert(arguments.begin(), HONE_BINARY);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int spawned = posix_spawn(&pid, HONE_BINARY, &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  Ran ran;
  if (spawned != 0) {
    ADD_FAILURE() << "cannot start " << HONE_BINARY;
    return ran;
  }
  int status = 0;
  waitpid(pid, &status, 0);
  ran.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  ran.out = file_bytes(out);
  ran.err = file_bytes(err);
  return ran;
}

// Status 2, and exactly one line on stderr, which holds every one of `parts`.
inline void expect_one_error(const Ran& ran, const std::vector<std::string>& parts) {
  EXPECT_EQ(ran.exit_code, 2) << ran.err;
  EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
  EXPECT_TRUE(ran.err.starts_with("error: [")) << ran.err;
  for (const std::string& part : parts) {
    EXPECT_NE(ran.err.find(part), std::string::npos) << "no \"" << part << "\" in: " << ran.err;
  }
}

inline std::string golden(const std::string& name) {
  return std::string(HONE_SOURCE_DIR) + "/tests/golden/" + name;
}

}  // namespace hone::testing
