#include "hone/text/thought.h"

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

std::string streamed(std::string_view text, std::size_t piece, bool opened = false) {
  ThoughtStream stream(opened);
  std::string thought, rest;
  const auto add = [&](const ThoughtStream::Pieces& pieces) {
    EXPECT_TRUE(rest.empty() || pieces.thought.empty()) << "a thought after the rest";
    thought += pieces.thought;
    rest += pieces.rest;
  };
  for (std::size_t at = 0; at < text.size(); at += piece) add(stream.push(text.substr(at, piece)));
  add(stream.finish());
  return thought + "|" + rest;
}

TEST(ThoughtStream, CutsTheSameWhateverThePieces) {
  for (std::size_t piece = 1; piece < 12; ++piece) {
    SCOPED_TRACE(piece);
    EXPECT_EQ(streamed("<think>\na b\n</think>\n\n<answer>4</answer>\n", piece), "a b|<answer>4</answer>\n");
    EXPECT_EQ(streamed(" \n<think>a</think>b</think>", piece), "a|b</think>");
    EXPECT_EQ(streamed("a </thin </think", piece, true), "a </thin </think|");
    EXPECT_EQ(streamed("a</think> b", piece, true), "a|b");
    EXPECT_EQ(streamed("<think>never  ends ", piece), "never  ends|");
    EXPECT_EQ(streamed(" <thinking>", piece), "| <thinking>");
    EXPECT_EQ(streamed("<thi", piece), "|<thi");
    EXPECT_EQ(streamed("no tags <think>a</think>", piece), "|no tags <think>a</think>");
    EXPECT_EQ(streamed("<think></think>b", piece), "|b");
    EXPECT_EQ(streamed("<think> \n</think>  ", piece), "|");
    EXPECT_EQ(streamed("", piece), "|");
  }
}

TEST(ThoughtStream, GivesOutWhatIsSettledAtOnce) {
  ThoughtStream stream(false);
  EXPECT_EQ(stream.push("<think>one ").thought, "one");
  EXPECT_EQ(stream.push("two<").thought, " two");
  EXPECT_EQ(stream.push("3</think>").thought, "<3");
  EXPECT_EQ(stream.push("\n4").rest, "4");
  EXPECT_EQ(stream.push(" 5 ").rest, " 5 ");
}

}  // namespace
}  // namespace hone
