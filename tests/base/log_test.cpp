#include "hone/base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

namespace hone {
namespace {

using ::testing::AllOf;
using ::testing::ExitedWithCode;
using ::testing::HasSubstr;
using ::testing::Not;

// In a process of its own: the level is read once.
void log_all(const char* level) {
  level != nullptr ? setenv("HONE_LOG", level, 1) : unsetenv("HONE_LOG");
  log_debug("a {}", "detail");
  log_info("the {} and {{braces}}", "news");
  log_warn("a warning");
  log_line(LogLevel::kError, "an error {}");
  _exit(0);
}

TEST(LogDeathTest, ByDefaultDetailsAreLeftOut) {
  EXPECT_EXIT(log_all(nullptr), ExitedWithCode(0),
              AllOf(HasSubstr("info: the news and {braces}\n"), HasSubstr("warning: a warning\n"),
                    HasSubstr("error: an error {}\n"), Not(HasSubstr("detail"))));
}

TEST(LogDeathTest, TheLevelIsSetByTheVariable) {
  EXPECT_EXIT(log_all("debug"), ExitedWithCode(0), HasSubstr("debug: a detail\n"));
  EXPECT_EXIT(log_all("warn"), ExitedWithCode(0), AllOf(Not(HasSubstr("news")), HasSubstr("a warning")));
  EXPECT_EXIT(log_all("error"), ExitedWithCode(0), AllOf(Not(HasSubstr("warning")), HasSubstr("an error")));
}

TEST(LogDeathTest, AnUnknownLevelIsSaidAndSilencesNothing) {
  EXPECT_EXIT(log_all("loud"), ExitedWithCode(0),
              AllOf(HasSubstr("HONE_LOG"), HasSubstr("\"loud\""), HasSubstr("news")));
  EXPECT_EXIT(log_all("off"), ExitedWithCode(0), Not(HasSubstr("news")));
}

}  // namespace
}  // namespace hone
