// Encoding and decoding against the reference implementation, over every tokenizer fixture there is.
//
// tests/golden/tokenizers: smollm2 is SmolLM2's own; the made-* are its first merges under the normalizers,
// patterns, added tokens and post-processors of other families, with what `tokenizers` 0.23.1 gives for them.
#include <gtest/gtest.h>

#include "hone/base/json.h"
#include "hone/text/tokenizer.h"
#include "support/golden.h"

namespace hone {
namespace {

using Ids = std::vector<std::int32_t>;

TEST(TokenizerGolden, EncodesAndDecodesAsTheReferenceDoes) {
  int folders = 0;
  for (const std::filesystem::path& folder : testing::golden_folders("tokenizers")) {
    if (!std::filesystem::exists(folder / "tokenizer.json")) continue;
    if (!std::filesystem::exists(folder / "expected.json")) continue;
    SCOPED_TRACE(folder.string());
    ++folders;
    const auto tokenizer = Tokenizer::load(folder);
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message();
    const auto expected = read_json(folder / "expected.json");
    ASSERT_TRUE(expected.ok()) << expected.error().message();
    ASSERT_TRUE(expected->contains("encode"));
    EXPECT_FALSE((*expected)["encode"].empty());
    for (const Json& item : (*expected)["encode"]) {
      const std::string text = item["text"];
      SCOPED_TRACE(item["text"].dump());
      const Ids ids = item["ids"];
      EXPECT_EQ(tokenizer->encode(text, false), ids);
      EXPECT_EQ(tokenizer->encode(text, true), item["ids_special"].get<Ids>());
      EXPECT_EQ(tokenizer->decode(ids), item["decoded"].get<std::string>());

      StreamDecoder stream(*tokenizer, false);
      std::string streamed;
      for (const std::int32_t id : ids) streamed += stream.push(id);
      EXPECT_EQ(streamed + stream.finish(), item["decoded"].get<std::string>());
    }
  }
  EXPECT_GT(folders, 0) << "no tokenizer fixture was found";
}

}  // namespace
}  // namespace hone
