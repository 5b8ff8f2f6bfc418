#include "hone/sandbox/sandbox.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <optional>
#include <thread>

#include "sandbox/sandbox_helpers.h"
#include "support/temp_folder.h"

namespace hone {
namespace {

using testing::opened;
using testing::python;
using testing::shell;

SandboxLimits quick() {
  SandboxLimits limits;
  limits.wall_seconds = 5;
  return limits;
}

TEST(Sandbox, GivesOutputErrorAndExitCode) {
  SandboxCommand command = shell("cat; echo oops >&2; exit 3");
  command.stdin_text = "hello\n";
  const SandboxResult r = opened().run(command, quick()).value();
  EXPECT_EQ(r.end, SandboxEnd::kExited);
  EXPECT_EQ(r.exit_code, 3);
  EXPECT_EQ(r.out, "hello\n");
  EXPECT_EQ(r.err, "oops\n");
  EXPECT_FALSE(r.success());
}

TEST(Sandbox, FilesLieInAWritableWorkingFolder) {
  SandboxCommand command = shell("cat a.txt sub/b.txt; echo more > c.txt && cat c.txt; pwd");
  command.files = {{"a.txt", "one\n"}, {"sub/b.txt", std::string("t\0o\n", 4)}};
  command.environment = {{"GREETING", "hi"}};
  const SandboxResult r = opened().run(command, quick()).value();
  EXPECT_EQ(r.out, std::string("one\nt\0o\nmore\n/tmp/box\n", 22)) << r.err;
}

TEST(Sandbox, InputThatIsNotReadDoesNotBlock) {
  SandboxCommand command = shell("exit 0");
  command.stdin_text = std::string(4 << 20, 'x');
  EXPECT_TRUE(opened().run(command, quick()).value().success());
}

TEST(Sandbox, MuchInputAndOutputAtOnce) {
  SandboxCommand command = shell("cat");
  command.stdin_text = std::string(3 << 20, 'y');
  SandboxLimits limits = quick();
  limits.output_bytes = 4 << 20;
  const SandboxResult r = opened().run(command, limits).value();
  EXPECT_EQ(r.out.size(), command.stdin_text.size());
}

TEST(Sandbox, TellsSignals) {
  const SandboxResult r = opened().run(shell("kill -SEGV $$"), quick()).value();
  EXPECT_EQ(r.end, SandboxEnd::kSignalled);
  EXPECT_EQ(r.signal, SIGSEGV);
}

TEST(Sandbox, AProgramThatIsNotThereExitsWith127) {
  SandboxCommand command;
  command.argv = {"no-such-program"};
  EXPECT_EQ(opened().run(command, quick()).value().exit_code, 127);
}

TEST(Sandbox, RefusesBadCommands) {
  SandboxCommand command = shell("true");
  for (const char* name : {"/etc/passwd", "../up", "a/../../b", "", "./a"}) {
    command.files = {{name, "x"}};
    EXPECT_FALSE(opened().run(command, quick()).ok()) << name;
  }
  command.files.clear();
  command.read_only = {"/no/such/folder"};
  const auto missing = opened().run(command, quick());
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().message().find("/no/such/folder"), std::string::npos);
  EXPECT_FALSE(opened().run(SandboxCommand{}, quick()).ok());
}

TEST(Sandbox, ReadOnlyPathsCanBeReadAndNotWritten) {
  const testing::TempFolder folder;
  ::chmod(folder.path().c_str(), 0755);
  std::ofstream(folder / "given.txt") << "given";
  SandboxCommand command =
      shell("cat " + folder.string() + "/given.txt; echo x > " + folder.string() + "/new.txt");
  command.read_only = {folder.path()};
  const SandboxResult r = opened().run(command, quick()).value();
  EXPECT_EQ(r.out, "given");
  EXPECT_NE(r.exit_code, 0);
  EXPECT_FALSE(fs::exists(folder / "new.txt"));
}

TEST(Sandbox, NothingOfTheHostIsThere) {
  const testing::TempFolder folder;
  ::chmod(folder.path().c_str(), 0777);
  std::ofstream(folder / "secret.txt") << "secret";
  ::setenv("HONE_TEST_SECRET", "secret", 1);
  const SandboxResult r =
      opened()
          .run(shell("ls " + folder.string() + "; ls /home /root /etc/shadow; env; ls /proc; id -u"), quick())
          .value();
  EXPECT_EQ(r.out.find("secret"), std::string::npos) << r.out;
  EXPECT_EQ(r.err.find("shadow") == std::string::npos, false);
  EXPECT_NE(r.out.find("\n1000\n"), std::string::npos);
  // Its own processes only.
  EXPECT_EQ(r.out.find("\n" + std::to_string(::getpid()) + "\n"), std::string::npos);
}

TEST(Sandbox, RunsFromSeveralThreadsAtOnce) {
  std::vector<std::thread> threads;
  std::array<std::string, 6> outs;
  for (std::size_t i = 0; i < outs.size(); ++i) {
    threads.emplace_back([&outs, i] {
      outs[i] = opened().run(shell("sleep 0.05; echo " + std::to_string(i)), quick()).value().out;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < outs.size(); ++i) EXPECT_EQ(outs[i], std::to_string(i) + "\n");
}

TEST(SandboxProcess, AnswersLineByLine) {
  auto process = SandboxProcess::start(
                     opened(), python("for l in iter(input, 'end'): print(l[::-1], flush=True)"), quick())
                     .value();
  for (const std::string word : {"abc", "hone", "x"}) {
    ASSERT_TRUE(process.write(word + "\n", 5).ok());
    const auto read = process.read_until("\n", 5);
    ASSERT_EQ(read.end, SandboxProcess::ReadEnd::kMarker);
    EXPECT_EQ(read.text, std::string(word.rbegin(), word.rend()) + "\n");
  }
  EXPECT_TRUE(process.running());
  ASSERT_TRUE(process.write("end\n", 5).ok());
  EXPECT_EQ(process.read_until("\n", 5).end, SandboxProcess::ReadEnd::kClosed);
}

TEST(SandboxProcess, ReadsEndAtTheDeadlineAndGoOn) {
  auto process =
      SandboxProcess::start(opened(),
                            python("import time; print('early', flush=True); time.sleep(0.5); print('late')"),
                            quick())
          .value();
  const auto first = process.read_until("late", 0.25);
  EXPECT_EQ(first.end, SandboxProcess::ReadEnd::kDeadline);
  const auto second = process.read_until("late", 5);
  EXPECT_EQ(second.end, SandboxProcess::ReadEnd::kMarker);
  EXPECT_EQ(first.text + second.text, "early\nlate");
}

TEST(SandboxProcess, ReadsAreCapped) {
  SandboxLimits limits = quick();
  limits.output_bytes = 100'000;
  auto process = SandboxProcess::start(opened(), shell("yes"), limits).value();
  const auto read = process.read_until("never", 5);
  EXPECT_EQ(read.end, SandboxProcess::ReadEnd::kOutput);
  EXPECT_LE(read.text.size(), 200'000u);
}

TEST(SandboxProcess, InputThatIsNotTakenIsAnError) {
  auto process = SandboxProcess::start(opened(), shell("sleep 60"), quick()).value();
  EXPECT_FALSE(process.write(std::string(1 << 20, 'x'), 0.1).ok());
  process.kill();
  EXPECT_FALSE(process.running());
  EXPECT_EQ(process.read_until("x", 1).end, SandboxProcess::ReadEnd::kClosed);
  EXPECT_FALSE(process.write("x", 0.1).ok());
}

TEST(SandboxProcess, OutlivesTheThreadThatStartedIt) {
  std::optional<SandboxProcess> process;
  std::thread([&] { process = SandboxProcess::start(opened(), shell("cat"), quick()).value(); }).join();
  ASSERT_TRUE(process->write("still here\n", 5).ok());
  EXPECT_EQ(process->read_until("\n", 5).text, "still here\n");
}

TEST(SandboxProcess, DestructionLeavesNothing) {
  const std::string mark = testing::unique_argument();
  {
    auto process =
        SandboxProcess::start(opened(), shell("setsid sleep " + mark + " & sleep " + mark), quick()).value();
    ASSERT_TRUE(testing::eventually([&] { return testing::processes_with(mark) >= 2; }));
  }
  EXPECT_TRUE(testing::eventually([&] { return testing::processes_with(mark) == 0; }));
}

}  // namespace
}  // namespace hone
