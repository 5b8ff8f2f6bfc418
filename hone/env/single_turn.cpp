#include "hone/env/single_turn.h"

namespace hone {

SingleTurn::SingleTurn(Tokenizer tokenizer, std::optional<ChatTemplate> chat_template)
    : tokenizer_(std::move(tokenizer)), template_(std::move(chat_template)) {}

Result<std::unique_ptr<SingleTurn>> SingleTurn::make(Tokenizer tokenizer, const std::string& prompt_format) {
  std::optional<ChatTemplate> chat;
  if (prompt_format == "chat") {
    if (tokenizer.chat_template().empty()) {
      return Error{"data.prompt_format", "must be plain for a tokenizer without a chat template",
                   prompt_format};
    }
    HONE_TRY(chat, ChatTemplate::parse(tokenizer.chat_template()));
  } else if (prompt_format != "plain") {
    return Error{"data.prompt_format", "must be chat or plain", prompt_format};
  }
  return std::unique_ptr<SingleTurn>(new SingleTurn(std::move(tokenizer), std::move(chat)));
}

Result<Environment::Prompt> SingleTurn::render(std::span<const Message> messages,
                                               bool add_generation_prompt) const {
  Prompt prompt;
  if (template_) {
    ChatRenderOptions options;
    options.add_generation_prompt = add_generation_prompt;
    options.bos_token = tokenizer_.bos_token();
    options.eos_token = tokenizer_.eos_token();
    HONE_TRY(prompt.text, template_->render(messages, options));
    prompt.ids = tokenizer_.encode(prompt.text);  // the template writes its own special tokens
  } else {
    for (std::size_t i = 0; i < messages.size(); ++i) {
      if (i > 0) prompt.text += "\n";
      prompt.text += messages[i].content;
    }
    prompt.ids = tokenizer_.encode(prompt.text, /*add_special=*/true);
  }
  if (prompt.ids.empty()) return Error{"prompt", "must hold at least one token", "an empty text"};
  return prompt;
}

Result<Environment::Prompt> SingleTurn::reset(const Problem& problem) {
  auto prompt = render(problem.messages);
  if (prompt.ok()) return prompt;
  Error error = prompt.error();
  error.where = problem.source + ": " + error.where;
  return error;
}

Result<Environment::Outcome> SingleTurn::step(const Problem&, const Completion&) { return Outcome{}; }

}  // namespace hone
