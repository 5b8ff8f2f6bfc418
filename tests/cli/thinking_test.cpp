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

TEST(TerminalStream, SaysTheSameInPieces) {
  for (const char* text :
       {"<think>a\nb</think>\nc", " <thinking>", "<thi", "no tags", "<think>never ends", ""}) {
    std::string all;
    TerminalStream stream(false, false);
    for (const char* at = text; *at != '\0'; ++at) all += stream.push(std::string_view(at, 1), false);
    EXPECT_EQ(all + stream.push("", true), terminal_text(text, false, false));
  }
  TerminalStream stream(false, true);
  EXPECT_EQ(stream.push("<thi", false), "");
  EXPECT_EQ(stream.push("nk>a", false), "\x1b[2m<think>a\x1b[22m");
  EXPECT_EQ(stream.push("</think>b", false), "\x1b[2m</think>\x1b[22mb");
  EXPECT_EQ(stream.push("c\x1b", true).find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace hone
