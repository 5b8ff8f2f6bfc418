#include "hone/cli/thinking.h"

#include <gtest/gtest.h>

namespace hone {
namespace {

std::string cut(std::string_view text, bool opened = false) {
  const ThinkingText parts = split_thinking(text, opened);
  return std::string(parts.thought) + "|" + std::string(parts.rest);
}

TEST(Thinking, IsCutAfterItsClosingTag) {
  EXPECT_EQ(cut("<think>a</think>b"), "<think>a</think>|b");
  EXPECT_EQ(cut("\n <think>a</think>b</think>"), "\n <think>a</think>|b</think>");
  EXPECT_EQ(cut("<think>never ends"), "<think>never ends|");
  EXPECT_EQ(cut("b <think>a</think>"), "|b <think>a</think>");
  EXPECT_EQ(cut("no tags"), "|no tags");
  EXPECT_EQ(cut(""), "|");
}

TEST(Thinking, MayHaveBeenOpenedByThePrompt) {
  EXPECT_EQ(cut("a</think>b", true), "a</think>|b");
  EXPECT_EQ(cut("a", true), "a|");
  EXPECT_TRUE(opens_thought("<|im_start|>assistant\n<think>\n"));
  EXPECT_TRUE(opens_thought("<think>"));
  EXPECT_FALSE(opens_thought("<think>\n\n</think>\n\n"));
  EXPECT_FALSE(opens_thought(""));
}

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
