#include "hone/cli/thinking.h"

#include <gtest/gtest.h>

namespace hone {
namespace {

TEST(Thinking, IsDimmedAndCannotWriteEscapes) {
  EXPECT_EQ(terminal_text("<think>a\nb</think>\nc", false, true), "\x1b[2m<think>a\nb</think>\x1b[22m\nc");
  EXPECT_EQ(terminal_text("<think>a</think>c", false, false), "<think>a</think>c");
  EXPECT_EQ(terminal_text("plain", false, true), "plain");
  const std::string hostile = terminal_text("<think>\x1b[2J</think>\x1b]0;x\x07", false, false);
  EXPECT_EQ(hostile.find('\x1b'), std::string::npos) << hostile;
  EXPECT_EQ(hostile.find('\x07'), std::string::npos);
}

}  // namespace
}  // namespace hone
