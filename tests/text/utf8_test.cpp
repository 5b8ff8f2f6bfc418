#include "hone/text/utf8.h"

#include <gtest/gtest.h>

#include "hone/base/rng.h"
#include "hone/text/byte_level.h"

namespace hone {
namespace {

std::string lossy(std::string_view text) {
  std::string out;
  append_lossy_utf8(text, out);
  return out;
}

#define REPLACED "\xEF\xBF\xBD"

TEST(Utf8, ReplacesEachMaximalInvalidSubpartOnce) {
  EXPECT_EQ(lossy("a\x80z"), "a" REPLACED "z");
  EXPECT_EQ(lossy("\xE6\xBC"), REPLACED);  // a character cut off
  EXPECT_EQ(lossy("\xE6\xBCz"), REPLACED "z");
  EXPECT_EQ(lossy("\xF0\x9F\x91\xF0\x9F\x91\x8D"), REPLACED "\xF0\x9F\x91\x8D");
  EXPECT_EQ(lossy("\xC0\xAF"), REPLACED REPLACED);                            // overlong
  EXPECT_EQ(lossy("\xED\xA0\x80"), REPLACED REPLACED REPLACED);               // a surrogate
  EXPECT_EQ(lossy("\xF4\x90\x80\x80"), REPLACED REPLACED REPLACED REPLACED);  // above U+10FFFF
  EXPECT_EQ(lossy("\xE0\x80"), REPLACED REPLACED);
  EXPECT_EQ(lossy("\xF1\x80\x80"), REPLACED);
  EXPECT_EQ(lossy("\xFF\xFE"), REPLACED REPLACED);
  EXPECT_EQ(lossy("漢é"), "漢é");
}

TEST(Utf8, HoldsBackOnlyWhatALaterByteCanComplete) {
  EXPECT_EQ(settled_utf8_prefix("ab"), 2u);
  EXPECT_EQ(settled_utf8_prefix("a\xE6\xBC"), 1u);
  EXPECT_EQ(settled_utf8_prefix("a\xF0\x9F\x91"), 1u);
  EXPECT_EQ(settled_utf8_prefix("a\xE0\x80"), 3u);  // E0 can't be followed by 80
  EXPECT_EQ(settled_utf8_prefix("a\x80\x80"), 3u);
  EXPECT_EQ(settled_utf8_prefix("漢"), 3u);
  EXPECT_EQ(settled_utf8_prefix(""), 0u);
}

TEST(Utf8, PiecewiseReplacementEqualsThatOfTheWhole) {
  RandomStream random({.seed = 5});
  constexpr std::string_view kBytes = "a\x80\xBF\x90\x9F\xA0\xC2\xE0\xE6\xED\xF0\xF4\xF1\x8F\xFF";
  for (int round = 0; round < 2000; ++round) {
    std::string text, pieces, pending;
    for (std::uint64_t n = random.below(12); n > 0; --n) text += kBytes[random.below(kBytes.size())];
    for (const char c : text) {
      pending += c;
      const std::size_t settled = settled_utf8_prefix(pending);
      append_lossy_utf8(std::string_view(pending).substr(0, settled), pieces);
      pending.erase(0, settled);
    }
    append_lossy_utf8(pending, pieces);
    ASSERT_EQ(pieces, lossy(text));
    ASSERT_TRUE(is_valid_utf8(pieces));
    ASSERT_EQ(is_valid_utf8(text), lossy(text) == text);
  }
}

TEST(ByteLevel, WritesEveryByteAsACharacterAndBack) {
  EXPECT_EQ(byte_level(" the\n"), "ĠtheĊ");
  EXPECT_EQ(byte_level("é"), "Ã©");
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(bytes_from_byte_level(byte_level(all)), all);
  EXPECT_FALSE(bytes_from_byte_level("a b").has_value());  // a space is no letter of the alphabet
  EXPECT_FALSE(bytes_from_byte_level("漢").has_value());
}

}  // namespace
}  // namespace hone
