#include "hone/cli/interrupt.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "hone/base/check.h"

namespace hone {
namespace {

TEST(Interrupt, TheFirstSignalSetsTheFlagAndReturns) {
  for (const int signal : {SIGINT, SIGTERM}) {
    InterruptGuard guard;
    EXPECT_FALSE(interrupted());
    EXPECT_EQ(interrupt_signal(), 0);
    ::testing::internal::CaptureStderr();
    errno = 7;
    ASSERT_EQ(std::raise(signal), 0);
    EXPECT_EQ(errno, 7);
    EXPECT_NE(::testing::internal::GetCapturedStderr().find("stopping"), std::string::npos);
    EXPECT_TRUE(interrupted());
    EXPECT_EQ(interrupt_signal(), signal);
  }
}

TEST(InterruptDeathTest, TheSecondSignalEndsAtOnce) {
  const auto twice = [](int first, int second) {
    InterruptGuard guard;
    std::raise(first);
    std::raise(second);
    _exit(0);  // not reached
  };
  EXPECT_EXIT(twice(SIGINT, SIGINT), ::testing::ExitedWithCode(130), "once more ends at once");
  EXPECT_EXIT(twice(SIGINT, SIGTERM), ::testing::ExitedWithCode(130), "");
  EXPECT_EXIT(twice(SIGTERM, SIGINT), ::testing::ExitedWithCode(130), "");
}

TEST(InterruptDeathTest, WithoutAGuardASignalKillsAsBefore) {
  const auto after_guard = [] {
    { InterruptGuard guard; }
    std::raise(SIGTERM);
    _exit(0);  // not reached
  };
  EXPECT_EXIT(after_guard(), ::testing::KilledBySignal(SIGTERM), "");
}

TEST(Interrupt, HandlersFromBeforeComeBack) {
  struct sigaction ignore {
  }, original{}, found{};
  ignore.sa_handler = SIG_IGN;
  ASSERT_EQ(sigaction(SIGINT, &ignore, &original), 0);
  { InterruptGuard guard; }
  ASSERT_EQ(sigaction(SIGINT, &original, &found), 0);
  EXPECT_EQ(found.sa_handler, SIG_IGN);
}

TEST(Interrupt, OneGuardAtATime) {
  InterruptGuard guard;
  EXPECT_THROW(InterruptGuard(), BrokenInvariant);
}

}  // namespace
}  // namespace hone
