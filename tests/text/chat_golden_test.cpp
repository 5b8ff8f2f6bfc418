// Rendered chats against transformers, over every tokenizer fixture that has a chat template.
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "hone/base/files.h"
#include "hone/base/json.h"
#include "hone/text/chat_template.h"
#include "support/golden.h"

namespace hone {
namespace {

namespace fs = std::filesystem;

// tokenizer_config.json's chat_template, which may be a list of named ones, or the file beside it.
std::optional<std::string> template_of(const fs::path& folder, const Json& config) {
  const Json entry = config.value("chat_template", Json());
  if (entry.is_string()) return entry.get<std::string>();
  for (const Json& named : entry) {
    if (named.value("name", "") == "default") return named["template"].get<std::string>();
  }
  if (const auto file = read_file(folder / "chat_template.jinja"); file.ok()) return *file;
  return std::nullopt;
}

// bos_token and its like, which are strings or added tokens; null ones stay undefined.
void add_special_tokens(const Json& config, Json& variables) {
  for (const auto& [key, value] : config.items()) {
    if (!key.ends_with("_token")) continue;
    if (value.is_string()) variables[key] = value;
    if (value.is_object() && value.contains("content")) variables[key] = value["content"];
  }
}

// The same through messages of role and content, where a case has nothing else.
void expect_plain_rendering(const ChatTemplate& chat, const Json& item, const Json& variables) {
  std::vector<Message> messages;
  for (const Json& message : item["messages"]) {
    if (message.size() != 2 || !message.contains("content") || !message["content"].is_string()) return;
    messages.push_back({message["role"].get<std::string>(), message["content"].get<std::string>()});
  }
  ChatRenderOptions options;
  options.add_generation_prompt = item.value("add_generation_prompt", false);
  options.bos_token = variables.value("bos_token", "");
  options.eos_token = variables.value("eos_token", "");
  for (const auto& [key, value] : item.items()) {
    if (key == "messages" || key == "add_generation_prompt" || key == "text") continue;
    if (!value.is_boolean()) return;
    options.flags[key] = value.get<bool>();
  }
  const auto text = chat.render(messages, options);
  ASSERT_TRUE(text.ok()) << text.error().message();
  EXPECT_EQ(*text, item["text"].get<std::string>());
}

TEST(ChatGolden, RendersAsTransformersDoes) {
  int folders = 0;
  for (const fs::path& folder : testing::golden_folders("tokenizers")) {
    if (!fs::exists(folder / "expected.json")) continue;
    SCOPED_TRACE(folder.string());
    ++folders;
    const auto expected = read_json(folder / "expected.json");
    ASSERT_TRUE(expected.ok()) << expected.error().message();
    const Json cases = expected->value("chat", Json::array());
    if (cases.empty()) continue;
    const auto config = read_json(folder / "tokenizer_config.json");
    ASSERT_TRUE(config.ok()) << config.error().message();
    const auto source = template_of(folder, *config);
    ASSERT_TRUE(source.has_value()) << "chat cases without a chat template";
    const auto chat = ChatTemplate::parse(*source);
    ASSERT_TRUE(chat.ok()) << chat.error().message();
    for (const Json& item : cases) {
      SCOPED_TRACE(item.dump());
      Json variables = item;
      variables.erase("text");
      add_special_tokens(*config, variables);
      const auto text = chat->render_json(variables.dump());
      ASSERT_TRUE(text.ok()) << text.error().message();
      EXPECT_EQ(*text, item["text"].get<std::string>());
      expect_plain_rendering(*chat, item, variables);
    }
  }
  EXPECT_GT(folders, 0) << "no tokenizer fixture was found";
}

}  // namespace
}  // namespace hone
