#include "hone/env/single_turn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "support/temp_folder.h"

namespace hone {
namespace {

using ::testing::HasSubstr;

// A small tokenizer with the given chat template (empty: none); `bos` is put before by its post-processor.
Tokenizer tokenizer(const std::string& chat_template, bool bos = false) {
  TokenizerInitOptions options;
  options.vocab_size = 300;
  const std::vector<std::string> texts(5, "what is two and two? the answer is four");
  auto files = train_tokenizer(options, texts);
  if (!files.ok()) throw std::runtime_error(files.error().message());
  auto config = nlohmann::json::parse(files->tokenizer_config_json);
  config.erase("chat_template");
  if (!chat_template.empty()) config["chat_template"] = chat_template;
  files->tokenizer_config_json = config.dump();
  if (bos) {
    auto json = nlohmann::json::parse(files->tokenizer_json);
    const auto id = json.at("added_tokens").at(0).at("id");
    const auto token = json.at("added_tokens").at(0).at("content");
    json["post_processor"] = {{"type", "TemplateProcessing"},
                              {"single",
                               {{{"SpecialToken", {{"id", token}, {"type_id", 0}}}},
                                {{"Sequence", {{"id", "A"}, {"type_id", 0}}}}}},
                              {"pair", nlohmann::json::array()},
                              {"special_tokens",
                               {{token.get<std::string>(),
                                 {{"id", token},
                                  {"ids", nlohmann::json::array({id})},
                                  {"tokens", nlohmann::json::array({token})}}}}}};
    files->tokenizer_json = json.dump();
  }
  const testing::TempFolder folder;
  if (auto written = write_tokenizer(*files, folder.path()); !written.ok()) {
    throw std::runtime_error(written.error().message());
  }
  auto loaded = Tokenizer::load(folder.path());
  if (!loaded.ok()) throw std::runtime_error(loaded.error().message());
  return std::move(loaded).value();
}

constexpr const char* kTemplate =
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}{{ eos_token }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

Problem problem(std::vector<Message> messages) {
  Problem p;
  p.source = "file.jsonl:12";
  p.messages = std::move(messages);
  return p;
}

const std::vector<Message> kDialogue = {{"system", "be brief"}, {"user", "two and two?"}};

TEST(SingleTurn, ChatGoesThroughTheTokenizersTemplate) {
  const Tokenizer words = tokenizer(kTemplate, /*bos=*/true);
  auto environment = SingleTurn::make(words, "chat");
  ASSERT_TRUE(environment.ok()) << environment.error().message();
  const auto prompt = (*environment)->reset(problem(kDialogue));
  ASSERT_TRUE(prompt.ok()) << prompt.error().message();
  EXPECT_EQ(prompt->text,
            "<|im_start|>system\nbe brief<|im_end|>\n<|im_start|>user\ntwo and two?<|im_end|>\n"
            "<|im_start|>assistant\n");
  EXPECT_EQ(prompt->ids, words.encode(prompt->text)) << "the template writes its own special tokens";
  EXPECT_NE(prompt->ids, words.encode(prompt->text, true)) << "this tokenizer would add another";
  EXPECT_EQ(prompt->ids.front(), *words.id_of("<|im_start|>")) << "one token";
  const auto closed = (*environment)->render(kDialogue, false);
  ASSERT_TRUE(closed.ok());
  EXPECT_EQ(closed->text + "<|im_start|>assistant\n", prompt->text);
}

TEST(SingleTurn, PlainIsTheTextAsItIs) {
  const Tokenizer words = tokenizer("", /*bos=*/true);
  auto environment = SingleTurn::make(words, "plain");
  ASSERT_TRUE(environment.ok());
  auto prompt = (*environment)->reset(problem({{"user", " two and {{ two }}? "}}));
  ASSERT_TRUE(prompt.ok());
  EXPECT_EQ(prompt->text, " two and {{ two }}? ");
  EXPECT_EQ(prompt->ids, words.encode(prompt->text, true)) << "what the tokenizer adds to a text is added";
  EXPECT_NE(prompt->ids, words.encode(prompt->text));
  prompt = (*environment)->reset(problem(kDialogue));
  EXPECT_EQ(prompt->text, "be brief\ntwo and two?");
  prompt = (*environment)->reset(problem({{"system", ""}, {"user", "x"}}));
  EXPECT_EQ(prompt->text, "\nx");
}

TEST(SingleTurn, OneAnswerAndDone) {
  auto environment = SingleTurn::make(tokenizer(kTemplate), "plain");
  ASSERT_TRUE(environment.ok());
  const auto outcome = (*environment)->step(problem(kDialogue), Completion{});
  ASSERT_TRUE(outcome.ok());
  EXPECT_TRUE(outcome->done);
  EXPECT_TRUE(outcome->next_ids.empty());
}

TEST(SingleTurn, FormatsThatCannotBe) {
  auto made = SingleTurn::make(tokenizer(""), "chat");
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().message(),
            "[data.prompt_format] must be plain for a tokenizer without a chat template, got chat");
  made = SingleTurn::make(tokenizer(kTemplate), "dialogue");
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().message(), "[data.prompt_format] must be chat or plain, got dialogue");
  EXPECT_FALSE(SingleTurn::make(tokenizer("{% for m in %}"), "chat").ok()) << "a template of bad syntax";
}

TEST(SingleTurn, ErrorsNameTheProblem) {
  auto environment = SingleTurn::make(tokenizer("{{ raise_exception('roles must alternate') }}"), "chat");
  ASSERT_TRUE(environment.ok()) << environment.error().message();
  auto prompt = (*environment)->reset(problem(kDialogue));
  ASSERT_FALSE(prompt.ok());
  EXPECT_THAT(prompt.error().message(), HasSubstr("file.jsonl:12"));
  EXPECT_THAT(prompt.error().message(), HasSubstr("roles must alternate"));
  environment = SingleTurn::make(tokenizer(""), "plain");
  prompt = (*environment)->reset(problem({{"user", ""}}));
  ASSERT_FALSE(prompt.ok());
  EXPECT_EQ(prompt.error().message(),
            "[file.jsonl:12: prompt] must hold at least one token, got an empty text");
}

}  // namespace
}  // namespace hone
