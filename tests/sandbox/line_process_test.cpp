// Programs of the user's own: lines out, lines in, and every way in which one can fail to answer.
#include "hone/sandbox/line_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "sandbox/sandbox_helpers.h"
#include "support/temp_folder.h"

namespace hone {
namespace {

using ::testing::EndsWith;
using testing::eventually;
using ::testing::HasSubstr;
using testing::processes_with;
using testing::TempFolder;
using testing::unique_argument;
using End = LineProcess::End;

constexpr double kLong = 30.0;  // seconds in which everything here ends
constexpr std::size_t kCap = 1 << 20;

LineProcess started(const std::vector<std::string>& words) {
  auto process = LineProcess::start(words);
  if (!process.ok()) throw std::runtime_error(process.error().message());
  return std::move(process).value();
}
LineProcess shell_process(const std::string& script) { return started({"sh", "-c", script}); }

TEST(LineProcess, AnswersLineAfterLine) {
  LineProcess cat = started({"cat"});
  for (int i = 0; i < 100; ++i) {
    const std::string line = "line " + std::to_string(i);
    const auto answer = cat.ask(line, kLong, kCap);
    ASSERT_EQ(answer.end, End::kLine);
    EXPECT_EQ(answer.line, line);
  }
  EXPECT_EQ(cat.unasked(), "");
  EXPECT_TRUE(cat.running());
  cat.close_input();
  EXPECT_TRUE(cat.wait(kLong));
  EXPECT_EQ(cat.how_it_ended(0), "exit code 0");
}

TEST(LineProcess, LinesMayBeLargerThanPipesBothWays) {
  LineProcess cat = started({"cat"});
  const std::string line(900'000, 'x');
  EXPECT_EQ(cat.ask(line, kLong, kCap).line, line);
  EXPECT_EQ(cat.ask("next", kLong, kCap).line, "next");
}

TEST(LineProcess, ALineIsEndedByEitherEnd) {
  EXPECT_EQ(shell_process("read x; printf 'a b\\r\\n'; read x").ask("", kLong, kCap).line, "a b");
}

TEST(LineProcess, ALineOverTheCapIsNoLine) {
  const auto answer = started({"cat"}).ask(std::string(2000, 'x'), kLong, 1000);
  EXPECT_EQ(answer.end, End::kTooLong);
  EXPECT_THAT(answer.line, ::testing::StartsWith("xxx"));
  EXPECT_EQ(started({"cat"}).ask(std::string(1000, 'x'), kLong, 1000).end, End::kLine);
  // Never an end of line, nor an end.
  EXPECT_EQ(started({"cat", "/dev/zero"}).ask("", kLong, kCap).end, End::kTooLong);
}

TEST(LineProcess, AnAnswerBeforeTheQuestionIsReadIsNone) {
  // What of the question stayed in the pipe would be taken for the beginning of the next.
  LineProcess early = shell_process("echo early; sleep 100");
  EXPECT_EQ(early.ask(std::string(900'000, 'x'), 0.2, kCap).end, End::kDeadline);
}

TEST(LineProcess, NoAnswerInTime) {
  LineProcess silent = shell_process("read x; printf half; sleep 100");
  const auto answer = silent.ask("x", 0.2, kCap);
  EXPECT_EQ(answer.end, End::kDeadline);
  EXPECT_TRUE(silent.running());
  EXPECT_EQ(silent.how_it_ended(0), "still running");
}

TEST(LineProcess, SaysHowItEnded) {
  LineProcess gone = shell_process("read x; echo 'no model here' >&2; exit 3");
  EXPECT_EQ(gone.ask("x", kLong, kCap).end, End::kClosed);
  EXPECT_EQ(gone.how_it_ended(kLong), "exit code 3; stderr: no model here\n");
  EXPECT_FALSE(gone.running());
  EXPECT_EQ(gone.ask("x", kLong, kCap).end, End::kClosed) << "also when asked again";

  LineProcess killed = shell_process("read x; kill -9 $$");
  EXPECT_EQ(killed.ask("x", kLong, kCap).end, End::kClosed);
  EXPECT_EQ(killed.how_it_ended(kLong), "killed by signal 9");

  LineProcess closed = shell_process("read x; exec >&-; exec sleep 100");
  EXPECT_EQ(closed.ask("x", kLong, kCap).end, End::kClosed);
  EXPECT_EQ(closed.how_it_ended(0), "still running");
}

TEST(LineProcess, AnEndThatOthersHoldOpenIsAnEnd) {
  LineProcess parent = shell_process("read x; sleep 100 & exit 4");
  EXPECT_EQ(parent.ask("x", kLong, kCap).end, End::kClosed);
  EXPECT_EQ(parent.how_it_ended(kLong), "exit code 4");
}

TEST(LineProcess, StderrIsReadAndItsEndKept) {
  LineProcess noisy =
      shell_process("while read x; do head -c 300000 /dev/zero | tr '\\0' e >&2; echo $x >&2; echo ok; done");
  EXPECT_EQ(noisy.ask("first", kLong, kCap).line, "ok");
  EXPECT_EQ(noisy.ask("second", kLong, kCap).line, "ok");
  noisy.close_input();
  const std::string ended = noisy.how_it_ended(kLong);
  EXPECT_THAT(ended, EndsWith("esecond\n"));
  EXPECT_LT(ended.size(), 3000u);
}

TEST(LineProcess, WhatWasNotAskedForIsFound) {
  LineProcess talker = shell_process("echo hello; echo again; cat");
  std::string said;
  EXPECT_TRUE(eventually([&] { return (said += talker.unasked()) == "hello\nagain\n"; })) << said;
  EXPECT_EQ(talker.ask("x", kLong, kCap).line, "x");
}

TEST(LineProcess, ItsWholeGroupDiesWithIt) {
  const std::string seconds = unique_argument();
  {
    LineProcess parent = shell_process("sleep " + seconds + " & read x; echo on; wait");
    EXPECT_EQ(parent.ask("x", kLong, kCap).line, "on");
    EXPECT_GE(processes_with(seconds), 1);
  }
  EXPECT_TRUE(eventually([&] { return processes_with(seconds) == 0; }));
}

TEST(LineProcess, MovingOneOntoAnotherEndsThatOne) {
  LineProcess first = started({"cat"}), second = shell_process("while read x; do echo second; done");
  first = std::move(second);
  EXPECT_EQ(first.ask("x", kLong, kCap).line, "second");
  EXPECT_FALSE(second.running());  // NOLINT(bugprone-use-after-move)
}

TEST(LineProcess, RunsWhereWeAreWithOurEnvironment) {
  ::setenv("HONE_LINE_PROCESS_TEST", "seen", 1);
  LineProcess shell = shell_process("while read x; do eval echo $x; done");
  EXPECT_EQ(shell.ask("$HONE_LINE_PROCESS_TEST", kLong, kCap).line, "seen");
  EXPECT_EQ(shell.ask("$PYTHONUNBUFFERED", kLong, kCap).line, "1");
  EXPECT_EQ(shell.ask("`pwd -P`", kLong, kCap).line, fs::canonical(fs::current_path()).string());
}

TEST(LineProcess, OfARelativePathToo) {
  const TempFolder folder;
  std::ofstream(folder / "echo.sh") << "#!/bin/sh\ncat\n";
  fs::permissions(folder / "echo.sh", fs::perms::owner_all);
  const std::string path = fs::relative(folder / "echo.sh", fs::current_path()).string();
  EXPECT_EQ(started({path}).ask("x", kLong, kCap).line, "x");
}

std::string refusal(const std::vector<std::string>& words) {
  const auto process = LineProcess::start(words);
  return process.ok() ? "" : process.error().message();
}

TEST(LineProcess, WhatCannotBeStartedIsSaid) {
  const TempFolder folder;
  EXPECT_THAT(refusal({"no-such-program-of-hone"}), HasSubstr("got 'no-such-program-of-hone'"));
  EXPECT_THAT(refusal({"no-such-program-of-hone"}), HasSubstr("on PATH (/"));
  EXPECT_THAT(refusal({""}), HasSubstr("got ''"));
  EXPECT_THAT(refusal({(folder / "none").string()}), HasSubstr("must be there"));
  std::ofstream(folder / "plain") << "text";
  EXPECT_THAT(refusal({(folder / "plain").string()}), HasSubstr("must be an executable file"));
  EXPECT_THAT(refusal({folder.string()}), HasSubstr("must be an executable file"));
  std::ofstream(folder / "script") << "#!/no/such/interpreter\n";
  fs::permissions(folder / "script", fs::perms::owner_all);
  EXPECT_THAT(refusal({(folder / "script").string()}), HasSubstr("No such file"));
}

// Run in a program of its own, which ends without any of its destructors.
TEST(LineProcessDeathTest, DiesWhenWeAreKilled) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        // Without reading: the end of its input is not what ends it.
        LineProcess process = shell_process("echo $$; exec sleep 6543.21");
        const auto answer = process.ask("", kLong, kCap);
        std::fprintf(stderr, "started %s\n", answer.line.c_str());
        ::kill(::getpid(), SIGKILL);
      },
      ::testing::KilledBySignal(SIGKILL), "started [0-9]+");
  EXPECT_TRUE(eventually([] { return processes_with(std::string("6543") + ".21") == 0; }));
}

}  // namespace
}  // namespace hone
