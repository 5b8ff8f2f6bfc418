// One request's choices as OpenAI's API writes them: whole, or a chunk at a time.
//
// One thread.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "hone/text/thought.h"
#include "hone/text/tokenizer.h"
#include "hone/types/streaming.h"
#include "hone/web/openai_request.h"
#include "hone/web/text_stream.h"

namespace hone {

struct OpenAiUsage {
  std::int64_t prompt_tokens = 0, completion_tokens = 0, reasoning_tokens = 0;
};

// What every answer to a request begins with.
struct OpenAiIdentity {
  std::string id;  // "chatcmpl-…"
  std::string model;
  std::int64_t created = 0;  // Unix time, seconds
};

// One sample on its way to the client.
class OpenAiChoice {
 public:
  // opens_thought: the prompt ended inside a thought. Thoughts are told apart in chats only.
  OpenAiChoice(const OpenAiRequest& request, const Tokenizer& tokenizer, int index, bool opens_thought);

  void take(StreamPiece piece);
  bool ended() const { return ended_; }

  // The choice object with what was taken since the last call, for a chunk; null when there is nothing to
  // tell.
  nlohmann::ordered_json delta();
  // The choice object with all of it, after its end. Not after delta().
  nlohmann::ordered_json whole();

  std::int64_t tokens() const { return tokens_; }
  std::int64_t thought_tokens() const { return thought_tokens_; }

 private:
  nlohmann::ordered_json take_scores();
  std::string token_text(std::int32_t id) const;
  std::string token_key(std::int32_t id) const;
  nlohmann::ordered_json chat_score(std::int32_t id, float logprob) const;

  Tokenizer tokenizer_;
  bool chat_, scored_;
  int index_;
  TextStream text_;
  StreamDecoder offsets_;  // where tokens begin in the text
  ThoughtStream thought_;
  std::string new_thought_, new_text_;
  std::vector<TokenScore> new_scores_;
  std::int64_t tokens_ = 0, thought_tokens_ = 0, text_offset_ = 0;
  bool began_ = false, answers_ = false;  // something of the thought came, of the rest
  bool ended_ = false, told_begin_ = false, told_end_ = false;
  FinishReason finish_ = FinishReason::kLength;
};

// {"id", "object", "created", "model", "choices", "usage"}.
nlohmann::ordered_json openai_reply(const OpenAiIdentity& identity, bool chat, nlohmann::ordered_json choices,
                                    const OpenAiUsage& usage);
// The same as a chunk of a stream. usage: with choices empty, the last one's; absent otherwise.
nlohmann::ordered_json openai_chunk(const OpenAiIdentity& identity, bool chat, nlohmann::ordered_json choices,
                                    const OpenAiUsage* usage);

}  // namespace hone
