#include "hone/text/tokenizer.h"

#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "hone/base/files.h"
#include "hone/base/json.h"
#include "hone/base/rng.h"
#include "hone/text/utf8.h"
#include "support/temp_folder.h"

namespace hone {
namespace {

using Ids = std::vector<std::int32_t>;

Tokenizer smollm2() {
  auto tokenizer = Tokenizer::load(std::string(HONE_SOURCE_DIR) + "/tests/golden/tokenizers/smollm2");
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.error().message();
  return *tokenizer;
}

// Any character but surrogates; often ASCII, spaces and digits, so that words and merges occur.
std::string random_text(RandomStream& random) {
  std::string text;
  for (std::uint64_t n = random.below(60); n > 0; --n) {
    switch (random.below(6)) {
      case 0:
        append_utf8(static_cast<std::uint32_t>(random.below(0x800)), text);
        break;
      case 1:
        append_utf8(static_cast<std::uint32_t>(random.between(0x800, 0xD7FF)), text);
        break;
      case 2:
        append_utf8(static_cast<std::uint32_t>(random.between(0xE000, 0x10FFFF)), text);
        break;
      case 3:
        text += "  \n\t 1"[random.below(6)];
        break;
      default:
        text += "etaoinshrdlu"[random.below(12)];
        break;
    }
  }
  return text;
}

// SmolLM2 lacks some bytes, which it drops as the reference does; a trained tokenizer has them all.
Tokenizer with_all_bytes() {
  const std::vector<std::string> texts = {"the rain in the train", "heat the tea, shut the door, 漢字 漢字"};
  const testing::TempFolder folder;
  TokenizerInitOptions options;
  options.vocab_size = 300;
  auto files = train_tokenizer(options, texts);
  EXPECT_TRUE(files.ok() && write_tokenizer(*files, folder.path()).ok());
  return Tokenizer::load(folder.path()).value();
}

TEST(Tokenizer, DecodingRestoresAnyText) {
  const Tokenizer tokenizer = with_all_bytes();
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    RandomStream random({.seed = seed});
    const std::string text = random_text(random);
    const Ids ids = tokenizer.encode(text);
    ASSERT_EQ(tokenizer.decode(ids), text) << "seed " << seed;
    StreamDecoder stream(tokenizer);
    std::string streamed;
    for (const std::int32_t id : ids) {
      streamed += stream.push(id);
      ASSERT_TRUE(is_valid_utf8(streamed));
    }
    ASSERT_EQ(streamed, text) << "seed " << seed;
    ASSERT_EQ(stream.finish(), "");
  }
}

TEST(Tokenizer, AnyIdsDecodeAlikeAtOnceAndAsAStream) {
  const Tokenizer tokenizer = smollm2();
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    RandomStream random({.seed = seed});
    Ids ids;
    std::string streamed;
    StreamDecoder stream(tokenizer, false);
    for (int i = 0; i < 30; ++i) {
      // Mostly single bytes, which seldom make characters.
      ids.push_back(
          static_cast<std::int32_t>(random.below(3) == 0 ? random.below(49152) : random.below(280)));
      streamed += stream.push(ids.back());
    }
    ASSERT_EQ(streamed + stream.finish(), tokenizer.decode(ids));
  }
}

TEST(Tokenizer, LongWordsAreMergedAsShortOnesAre) {
  // The heap and the scan must agree: a run of a's splits into the same longest token throughout.
  const Tokenizer tokenizer = smollm2();
  const Ids ids = tokenizer.encode(std::string(4096, 'a'));
  const Ids four = tokenizer.encode("aaaa");
  ASSERT_EQ(four.size(), 1u);
  EXPECT_EQ(ids, Ids(1024, four[0]));
}

TEST(Tokenizer, ThreadsShareOneTokenizer) {
  const Tokenizer tokenizer = smollm2();
  std::vector<std::string> texts;
  RandomStream random({.seed = 9});
  for (int i = 0; i < 200; ++i) texts.push_back(random_text(random));
  std::vector<Ids> expected;
  for (const std::string& text : texts) expected.push_back(tokenizer.encode(text));
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < texts.size(); ++i) wrong[t] += tokenizer.encode(texts[i]) != expected[i];
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST(Tokenizer, InvalidBytesAreReadAsTheReplacementCharacter) {
  const Tokenizer tokenizer = smollm2();
  EXPECT_EQ(tokenizer.encode("a\xE6\xBC"), tokenizer.encode("a\xEF\xBF\xBD"));
  EXPECT_EQ(tokenizer.decode(Ids{-1, 1 << 20}), "");
  EXPECT_EQ(tokenizer.bytes_of(-1), "");
}

// A whole, small tokenizer.json: bytes, "ab" and "abc", and two added tokens.
struct Files {
  Json tokenizer, config;
  std::string jinja;

  Files() {
    Json vocab = Json::object();
    int id = 0;
    for (const char c : std::string("abcdexyz<>|/ 0123")) {
      vocab[c == ' ' ? std::string("Ġ") : std::string(1, c)] = id++;
    }
    vocab["ab"] = id++;
    vocab["abc"] = id++;
    tokenizer = {{"added_tokens",
                  {{{"id", id}, {"content", "<e>"}, {"special", true}, {"normalized", false}},
                   {{"id", id + 1}, {"content", "<t>"}, {"special", false}, {"normalized", false}}}},
                 {"normalizer", nullptr},
                 {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
                 {"decoder", {{"type", "ByteLevel"}}},
                 {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", {"a b", "ab c"}}}}};
  }

  Result<Tokenizer> load() const {
    testing::TempFolder folder;
    EXPECT_TRUE(write_file_atomically(folder.path() / "tokenizer.json", tokenizer.dump()).ok());
    if (!config.is_null()) {
      EXPECT_TRUE(write_file_atomically(folder.path() / "tokenizer_config.json", config.dump()).ok());
    }
    if (!jinja.empty()) {
      EXPECT_TRUE(write_file_atomically(folder.path() / "chat_template.jinja", jinja).ok());
    }
    return Tokenizer::load(folder.path());
  }
};

TEST(TokenizerLoad, BothSpellingsOfMerges) {
  Files files;
  const Ids joined = files.load().value().encode("abcab<e>");
  EXPECT_EQ(joined, Ids({18, 17, 19}));
  files.tokenizer["model"]["merges"] = Json::array({Json::array({"a", "b"}), Json::array({"ab", "c"})});
  EXPECT_EQ(files.load().value().encode("abcab<e>"), joined);
}

TEST(TokenizerLoad, NamesFromTheConfiguration) {
  Files files;
  files.config = {
      {"eos_token", {{"content", "<e>"}}},
      {"bos_token", "abc"},
      {"pad_token", nullptr},
      {"chat_template", {{{"name", "tool"}, {"template", "T"}}, {{"name", "default"}, {"template", "D"}}}},
      {"added_tokens_decoder", {{"21", {{"content", "<x>"}, {"special", true}}}}}};
  const Tokenizer tokenizer = files.load().value();
  EXPECT_EQ(tokenizer.eos_id(), 19);
  EXPECT_EQ(tokenizer.eos_token(), "<e>");
  EXPECT_EQ(tokenizer.bos_id(), 18);
  EXPECT_TRUE(tokenizer.is_special(18));
  EXPECT_FALSE(tokenizer.pad_id().has_value());
  EXPECT_EQ(tokenizer.chat_template(), "D");
  EXPECT_EQ(tokenizer.vocab_size(), 22);
  EXPECT_EQ(tokenizer.encode("a<x>"), Ids({0, 21}));
  files.jinja = "J";
  EXPECT_EQ(files.load().value().chat_template(), "J");
}

TEST(TokenizerLoad, ErrorsNameThePlaceAndTheValue) {
  struct Case {
    const char* what;
    std::function<void(Files&)> change;
    std::string where, got;
  };
  const std::vector<Case> cases = {
      {"model type", [](Files& f) { f.tokenizer["model"]["type"] = "Unigram"; }, "model.type", "Unigram"},
      {"list vocab",
       [](Files& f) {
         f.tokenizer["model"]["vocab"] = Json::array({Json::array({"a", 1})});
       },
       "model.vocab", "list"},
      {"no merges", [](Files& f) { f.tokenizer["model"].erase("merges"); }, "model.merges", "none"},
      {"unknown part", [](Files& f) { f.tokenizer["model"]["merges"][1] = "ab q"; }, "model.merges[1]", "q"},
      {"unknown sum", [](Files& f) { f.tokenizer["model"]["merges"][1] = "b a"; }, "model.merges[1]", "b"},
      {"three parts", [](Files& f) { f.tokenizer["model"]["merges"][0] = "a b c"; }, "model.merges[0]",
       "a b c"},
      {"number", [](Files& f) { f.tokenizer["model"]["merges"][0] = 7; }, "model.merges[0]", "7"},
      {"text id", [](Files& f) { f.tokenizer["model"]["vocab"]["a"] = "x"; }, "model.vocab", "x"},
      {"negative id", [](Files& f) { f.tokenizer["model"]["vocab"]["a"] = -1; }, "model.vocab", "-1"},
      {"same id", [](Files& f) { f.tokenizer["model"]["vocab"]["a"] = 1; }, "model.vocab", "1"},
      {"byte_fallback", [](Files& f) { f.tokenizer["model"]["byte_fallback"] = true; }, "byte_fallback",
       "true"},
      {"suffix", [](Files& f) { f.tokenizer["model"]["end_of_word_suffix"] = "</w>"; }, "end_of_word",
       "</w>"},
      {"unk", [](Files& f) { f.tokenizer["model"]["unk_token"] = "<u>"; }, "unk_token", "<u>"},
      {"normalizer",
       [](Files& f) {
         f.tokenizer["normalizer"] = {{"type", "Nmt"}};
       },
       "normalizer", "Nmt"},
      {"metaspace",
       [](Files& f) {
         f.tokenizer["pre_tokenizer"] = {{"type", "Metaspace"}};
       },
       "pre_tok", "Metasp"},
      {"no byte level", [](Files& f) { f.tokenizer["pre_tokenizer"] = nullptr; }, "pre_tokenizer", "null"},
      {"decoder",
       [](Files& f) {
         f.tokenizer["decoder"] = {{"type", "WordPiece"}};
       },
       "decoder", "WordPiece"},
      {"post",
       [](Files& f) {
         f.tokenizer["post_processor"] = {{"type", "Odd"}};
       },
       "post_processor", "Odd"},
      {"added", [](Files& f) { f.tokenizer["added_tokens"][1] = 3; }, "added_tokens[1]", "3"},
      {"config",
       [](Files& f) {
         f.config = {{"eos_token", 3}};
       },
       "tokenizer_config.json", "3"},
      {"regex",
       [](Files& f) {
         f.tokenizer["pre_tokenizer"] = {
             {"type", "Sequence"},
             {"pretokenizers",
              {{{"type", "Split"}, {"pattern", {{"Regex", "(a"}}}, {"behavior", "Isolated"}}}}};
       },
       "pretokenizers[0]", "(a"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    Files files;
    one.change(files);
    const auto loaded = files.load();
    ASSERT_FALSE(loaded.ok());
    EXPECT_NE(loaded.error().where.find(one.where), std::string::npos) << loaded.error().message();
    EXPECT_NE(loaded.error().message().find(one.got), std::string::npos) << loaded.error().message();
  }
}

TEST(TokenizerLoad, TextThatIsNoJsonIsAnErrorWhereverItIsCutOrChanged) {
  const std::string whole = Files().tokenizer.dump();
  testing::TempFolder folder;
  const auto load = [&](const std::string& text) {
    EXPECT_TRUE(write_file_atomically(folder.path() / "tokenizer.json", text).ok());
    return Tokenizer::load(folder.path());
  };
  ASSERT_TRUE(load(whole).ok());
  for (std::size_t cut = 0; cut < whole.size(); cut += 41) {
    const auto loaded = load(whole.substr(0, cut));
    ASSERT_FALSE(loaded.ok()) << cut;
    EXPECT_NE(loaded.error().message().find("tokenizer.json"), std::string::npos);
  }
  RandomStream random({.seed = 3});
  for (int round = 0; round < 60; ++round) {  // must end, in an error or not
    std::string text = whole;
    text[random.below(text.size())] = static_cast<char>(random.below(256));
    const auto loaded = load(text);
    if (!loaded.ok()) {
      EXPECT_NE(loaded.error().message().find("tokenizer.json"), std::string::npos);
    }
  }
  EXPECT_FALSE(load("").ok());
  EXPECT_FALSE(load("[]").ok());
  EXPECT_FALSE(load("{}").ok());
  EXPECT_FALSE(load("\"model\"").ok());
  EXPECT_FALSE(Tokenizer::load(folder.path() / "absent").ok());
}

}  // namespace
}  // namespace hone
