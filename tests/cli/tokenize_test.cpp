// hone tokenize, against the golden tokenizers.
#include <gtest/gtest.h>

#include "cli/run_command.h"
#include "cli/tiny_model.h"
#include "support/golden.h"

namespace hone {
namespace {

using namespace hone::testing;

const std::string kSmol = golden("tokenizers/smollm2");

std::string dumped(const Json& value) { return value.dump() + "\n"; }

TEST(Tokenize, AgreesWithTheReferenceOnEveryTokenizer) {
  int cases = 0;
  for (const auto& folder : golden_folders("tokenizers")) {
    const Json expected = Json::parse(file_bytes(folder / "expected.json"));
    std::string input;
    std::vector<Json> wanted;
    for (const Json& item : expected["encode"]) {
      if (wanted.size() == 60) break;  // every case is the text layer's test; here it is the program's
      input += dumped({{"text", item["text"]}}) + dumped({{"ids", item["ids"]}});
      wanted.push_back(item);
    }
    ASSERT_FALSE(wanted.empty()) << folder;
    const Ran ran = run_command({"tokenize", folder.string()}, input);
    ASSERT_EQ(ran.exit_code, 0) << folder << ran.err;
    const auto lines = ran.lines();
    ASSERT_EQ(lines.size(), 2 * wanted.size()) << folder;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_EQ(lines[2 * i]["ids"], wanted[i]["ids"]) << folder << wanted[i];
      EXPECT_EQ(lines[2 * i]["text"], wanted[i]["decoded"]) << folder << wanted[i];
      EXPECT_EQ(lines[2 * i]["tokens"].size(), wanted[i]["ids"].size());
      EXPECT_EQ(lines[2 * i + 1], Json({{"text", wanted[i]["decoded"]}})) << folder << wanted[i];
      ++cases;
    }
    const Ran special = run_command({"tokenize", folder.string(), "--special"}, input);
    ASSERT_EQ(special.exit_code, 0) << folder << special.err;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_EQ(special.lines()[2 * i]["ids"], wanted[i]["ids_special"]) << folder << wanted[i];
    }
  }
  EXPECT_GE(cases, 100);
}

TEST(Tokenize, KeysComeInOrderAndTokensAsTheVocabularySpellsThem) {
  const Ran ran = run_command({"tokenize", kSmol}, "{\"text\":\"Hello, world!\"}\n");
  EXPECT_EQ(ran.out,
            "{\"ids\":[19556,28,905,17],\"tokens\":[\"Hello\",\",\",\"Ġworld\",\"!\"],"
            "\"text\":\"Hello, world!\"}\n");
}

TEST(Tokenize, RendersMessagesThroughTheChatTemplate) {
  const Ran ran =
      run_command({"tokenize", tiny_model()},
                  R"({"messages":[{"role":"user","content":"1 + 1"}],"add_generation_prompt":true})"
                  "\n"
                  R"({"messages":[{"role":"user","content":"1 + 1"}]})"
                  "\n");
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const auto lines = ran.lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["text"], "<|im_start|>user\n1 + 1<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(lines[1]["text"], "<|im_start|>user\n1 + 1<|im_end|>\n");
  const Ran back = run_command({"tokenize", tiny_model()}, dumped({{"ids", lines[0]["ids"]}}));
  EXPECT_EQ(back.lines().at(0)["text"], lines[0]["text"]);
}

TEST(Tokenize, GivesTheReferencesChatsWhereTheyAreThere) {
  for (const auto& folder : golden_folders("tokenizers")) {
    const Json expected = Json::parse(file_bytes(folder / "expected.json"));
    const Json chats = expected.value("chat", Json::array());
    if (chats.empty()) continue;
    std::string input;
    for (const Json& item : chats) input += dumped(item);
    const Ran ran = run_command({"tokenize", folder.string()}, input);
    ASSERT_EQ(ran.exit_code, 0) << ran.err;
    const auto lines = ran.lines();
    ASSERT_EQ(lines.size(), chats.size());
    for (std::size_t i = 0; i < chats.size(); ++i) EXPECT_EQ(lines[i]["text"], chats[i]["text"]) << chats[i];
  }
}

TEST(Tokenize, SaysWhichLineIsBadAndKeepsWhatCameBefore) {
  struct Case {
    const char* input;
    std::vector<std::string> parts;
  };
  const Case cases[] = {
      {"{\"text\":1}", {"[stdin:2: text]", "must be text, got 1"}},
      {"{\"ids\":[1,49152]}", {"[stdin:2: ids[1]]", "from 0 to 49151", "got 49152"}},
      {"{\"ids\":[-1]}", {"[stdin:2: ids[0]]", "got -1"}},
      {"{\"ids\":{}}", {"[stdin:2: ids]", "list of token ids"}},
      {"{\"tex\":\"a\"}", {"[stdin:2]", "\"text\", \"ids\" or \"messages\"", "\"tex\""}},
      {"[]", {"[stdin:2]", "must be a JSON object"}},
      {"{\"text\":\"a", {"[stdin:2]", "must be valid JSON"}},
      {"{\"messages\":[]}", {"chat template", kSmol}},
      {"{\"messages\":\"hi\"}", {"[stdin:2: messages]", "list of {role, content}"}},
      {"{\"messages\":[{\"content\":\"x\"}]}", {"[stdin:2: messages[0]]", "\"role\""}},
      {"{\"messages\":[],\"add_generation_prompt\":1}", {"stdin:2", "add_generation_prompt", "got 1"}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.input);
    const Ran ran = run_command({"tokenize", kSmol}, "{\"text\":\"a\"}\n" + std::string(c.input) + "\n");
    expect_one_error(ran, c.parts);
    EXPECT_EQ(ran.lines().size(), 1u);
  }
}

TEST(Tokenize, AnEmptyListIsAnEmptyText) {
  const Ran ran = run_command({"tokenize", kSmol}, "{\"ids\":[]}\n{\"text\":\"\"}\n");
  EXPECT_EQ(ran.out, "{\"text\":\"\"}\n{\"ids\":[],\"tokens\":[],\"text\":\"\"}\n");
}

}  // namespace
}  // namespace hone
