// One sandbox for all tests, commands in one line, and looks at what is left running.
#pragma once

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>

#include "hone/base/files.h"
#include "hone/sandbox/sandbox.h"

namespace hone::testing {

inline const Sandbox& opened() {
  static const Sandbox sandbox = [] {
    auto made = Sandbox::open();
    if (!made.ok()) throw std::runtime_error(made.error().message());
    return std::move(made).value();
  }();
  return sandbox;
}

inline SandboxCommand shell(std::string script) {
  SandboxCommand command;
  command.argv = {"/bin/sh", "-c", std::move(script)};
  return command;
}

inline SandboxCommand python(std::string program) {
  SandboxCommand command;
  command.argv = {"/usr/bin/python3", "-I", "-S", "-c", std::move(program)};
  return command;
}

// A number of seconds that no other process sleeps for, so that `sleep` can be found by it.
inline std::string unique_argument() {
  static std::atomic<int> count{0};
  return "6" + std::to_string(::getpid()) + "." + std::to_string(100 + ++count);
}

// Processes of the host that have `text` among their arguments.
inline int processes_with(const std::string& text) {
  int found = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    if (entry.path().filename().string().find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file(entry.path() / "cmdline", std::ios::binary);
    const std::string line{std::istreambuf_iterator<char>(file), {}};
    found += line.find(text) != std::string::npos;
  }
  return found;
}

// Asks for two seconds at most.
inline bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 100; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return holds();
}

}  // namespace hone::testing
