// The environment of one question and one answer: a prompt, a completion, done.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "hone/text/chat_template.h"
#include "hone/text/tokenizer.h"
#include "hone/types/interfaces.h"

namespace hone {

// Thread safety: const state only; calls may run at once.
class SingleTurn : public Environment {
 public:
  // chat: messages through the tokenizer's own template, with the generation prompt. plain: the contents of
  // the messages, joined by newlines, as they are. Errors: an unknown format; chat without a template, or
  // with one that does not parse.
  static Result<std::unique_ptr<SingleTurn>> make(Tokenizer tokenizer, const std::string& prompt_format);

  Result<Prompt> reset(const Problem& problem) override;
  Result<Outcome> step(const Problem& problem, const Completion& turn) override;

  // Messages rendered and encoded as reset() does it.
  Result<Prompt> render(std::span<const Message> messages, bool add_generation_prompt = true) const;

 private:
  SingleTurn(Tokenizer tokenizer, std::optional<ChatTemplate> chat_template);
  Tokenizer tokenizer_;
  std::optional<ChatTemplate> template_;  // absent: plain
};

}  // namespace hone
