#include "hone/engine/stop_finder.h"

#include <gtest/gtest.h>

#include "engine/engine_helpers.h"

namespace hone {
namespace {

// Pushes each byte as a token of its own; how many were pushed when a stop string was found, or −1.
int push_bytes(StopFinder& finder, const Tokenizer& tokenizer, std::string_view text) {
  int pushed = 0;
  for (const std::int32_t id : testing::byte_ids(tokenizer, text)) {
    ++pushed;
    if (finder.push(id)) return pushed;
  }
  return -1;
}

class StopFinderTest : public ::testing::Test {
 protected:
  Tokenizer tokenizer_ = testing::small_tokenizer();
};

TEST_F(StopFinderTest, FindsAStringAcrossTokens) {
  const std::vector<std::string> stops = {"</answer>"};
  StopFinder finder(tokenizer_, stops);
  EXPECT_EQ(push_bytes(finder, tokenizer_, "a < b </answer> c"), 15);
  EXPECT_EQ(finder.text(), "a < b ");
}

TEST_F(StopFinderTest, OfSeveralTheFirstInTheTextCuts) {
  const std::vector<std::string> stops = {"cd", "bcd", "xyz"};
  StopFinder finder(tokenizer_, stops);
  EXPECT_EQ(push_bytes(finder, tokenizer_, "abcd"), 4);
  EXPECT_EQ(finder.text(), "a");
}

TEST_F(StopFinderTest, OneTokenMayHoldMoreThanTheString) {
  const std::vector<std::string> stops = {"he"};
  StopFinder finder(tokenizer_, stops);
  const auto ids = tokenizer_.encode(" the");
  ASSERT_LT(ids.size(), 4u) << "the tokenizer joins these bytes";
  bool found = false;
  for (const std::int32_t id : ids) found = found || finder.push(id);
  EXPECT_TRUE(found);
  EXPECT_EQ(finder.text(), " t");
}

TEST_F(StopFinderTest, WholeCharactersOnly) {
  const std::vector<std::string> stops = {"é"};
  StopFinder finder(tokenizer_, stops);
  EXPECT_EQ(push_bytes(finder, tokenizer_, "caf\xC3\xA9!"), 5);  // at its second byte
  EXPECT_EQ(finder.text(), "caf");
  StopFinder none(tokenizer_, stops);
  EXPECT_EQ(push_bytes(none, tokenizer_, "cafe\xC3\xA8"), -1);
  EXPECT_EQ(none.text(), "cafe\xC3\xA8");
}

TEST_F(StopFinderTest, SpecialTokensHaveNoText) {
  const std::vector<std::string> stops = {"<|im_end|>", "ab"};
  StopFinder finder(tokenizer_, stops);
  EXPECT_EQ(push_bytes(finder, tokenizer_, "a"), -1);
  EXPECT_FALSE(finder.push(*tokenizer_.id_of("<|im_end|>")));
  EXPECT_EQ(push_bytes(finder, tokenizer_, "b"), 1) << "the text goes on over it";
  EXPECT_EQ(finder.text(), "");
}

}  // namespace
}  // namespace hone
