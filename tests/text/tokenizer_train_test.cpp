#include <gtest/gtest.h>

#include "hone/base/files.h"
#include "hone/base/json.h"
#include "hone/text/tokenizer.h"
#include "support/temp_folder.h"

namespace hone {
namespace {

using Ids = std::vector<std::int32_t>;

const std::vector<std::string> kTexts = {"<think>the cat and the hat</think>", "the bat 1234 1234",
                                         "the 12 12 12"};

Tokenizer trained(const TokenizerInitOptions& options, const testing::TempFolder& folder) {
  auto files = train_tokenizer(options, kTexts);
  EXPECT_TRUE(files.ok()) << files.error().message();
  EXPECT_TRUE(write_tokenizer(*files, folder.path() / "made").ok());
  auto tokenizer = Tokenizer::load(folder.path() / "made");
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.error().message();
  return *tokenizer;
}

TEST(TrainTokenizer, MergesTheCommonestPairsOfWordsFirst) {
  testing::TempFolder folder;
  TokenizerInitOptions options;
  options.vocab_size = 265;
  const Tokenizer tokenizer = trained(options, folder);
  EXPECT_EQ(tokenizer.vocab_size(), 265);
  // 263 are bytes and added tokens. "h e" and "t h" come four times each; the pair of smaller ids goes first
  // ("e" < "h" < "t" in the order of bytes, and the left one decides).
  EXPECT_EQ(tokenizer.token(263), "he");
  EXPECT_EQ(tokenizer.token(264), "the");
  EXPECT_EQ(tokenizer.encode("the"), Ids({264}));
}

TEST(TrainTokenizer, DigitsAreTokensOfTheirOwnWhenAsked) {
  testing::TempFolder folder;
  TokenizerInitOptions options;
  options.vocab_size = 400;
  const Tokenizer apart = trained(options, folder);
  EXPECT_EQ(apart.encode("1234").size(), 4u);
  EXPECT_LT(apart.vocab_size(), 400);  // it stops when no pair comes twice

  options.digits = false;
  const Tokenizer together = trained(options, folder);
  EXPECT_LT(together.encode(" 1234").size(), 3u);
}

TEST(TrainTokenizer, TagsStayInTheTextAndTheChatsTokensDoNot) {
  testing::TempFolder folder;
  const Tokenizer tokenizer = trained({}, folder);
  const Ids ids = tokenizer.encode("<|im_start|><think>12</think><|im_end|>");
  EXPECT_EQ(ids.size(), 6u);
  EXPECT_EQ(tokenizer.decode(ids, true), "<think>12</think>");
  EXPECT_EQ(tokenizer.decode(ids, false), "<|im_start|><think>12</think><|im_end|>");
  EXPECT_EQ(tokenizer.eos_id(), tokenizer.id_of("<|im_end|>"));
  EXPECT_EQ(tokenizer.eos_id(), ids.back());
  EXPECT_EQ(tokenizer.pad_id(), tokenizer.id_of("<|endoftext|>"));
  EXPECT_TRUE(tokenizer.pad_id().has_value());
  EXPECT_FALSE(tokenizer.bos_id().has_value());
  EXPECT_NE(tokenizer.chat_template().find("<|im_start|>"), std::string::npos);
}

TEST(TrainTokenizer, SameTextsGiveTheSameBytes) {
  const auto first = train_tokenizer({}, kTexts), second = train_tokenizer({}, kTexts);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->tokenizer_json, second->tokenizer_json);
  EXPECT_EQ(first->tokenizer_config_json, second->tokenizer_config_json);
  EXPECT_TRUE(train_tokenizer({}, std::vector<std::string>{}).ok());  // bytes only
}

TEST(TrainTokenizer, RefusesWhatCannotBeAVocabulary) {
  TokenizerInitOptions options;
  options.vocab_size = 262;  // one short of 256 + 3 + 4
  const auto small = train_tokenizer(options, kTexts);
  ASSERT_FALSE(small.ok());
  EXPECT_EQ(small.error().got, "262");
  EXPECT_NE(small.error().rule.find("263"), std::string::npos);
  options.vocab_size = 300;
  options.special = {"<a>", "<a>"};
  EXPECT_FALSE(train_tokenizer(options, kTexts).ok());
  options.special = {"<|im_end|>"};
  EXPECT_FALSE(train_tokenizer(options, kTexts).ok());
  options.special = {""};
  EXPECT_FALSE(train_tokenizer(options, kTexts).ok());
}

TEST(TrainTokenizer, SaveCopiesTheFilesByteForByte) {
  testing::TempFolder folder;
  const Tokenizer tokenizer = trained({}, folder);
  std::filesystem::create_directory(folder.path() / "copy");
  ASSERT_TRUE(tokenizer.save(folder.path() / "copy").ok());
  for (const char* name : {"tokenizer.json", "tokenizer_config.json"}) {
    EXPECT_EQ(read_file(folder.path() / "copy" / name).value(),
              read_file(folder.path() / "made" / name).value());
  }
}

}  // namespace
}  // namespace hone
