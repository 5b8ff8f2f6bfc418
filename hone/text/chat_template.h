// Chat templates: the part of Jinja2 that Hugging Face templates use.
//
// Rendering follows transformers: trim_blocks and lstrip_blocks on, raise_exception() and strftime_now() available,
// tojson with ensure_ascii=False; undefined values render as nothing.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>

#include "hone/base/result.h"
#include "hone/types/problem.h"

namespace hone {

struct ChatRenderOptions {
  bool add_generation_prompt = false;
  std::string bos_token, eos_token;
  std::map<std::string, bool> flags;  // further variables, e.g. enable_thinking
};

class ChatTemplate {
 public:
  // Error: syntax, with line and what was expected.
  static Result<ChatTemplate> parse(const std::string& source);

  // Error: raise_exception's message, an unknown filter or method, a step budget exceeded.
  Result<std::string> render(std::span<const Message> messages, const ChatRenderOptions& options) const;
  // The same with messages given as JSON (tool calls, reasoning_content, tools …): an object of variables.
  Result<std::string> render_json(const std::string& variables) const;

  struct Node;

 private:
  std::shared_ptr<const Node> root_;
};

}  // namespace hone
