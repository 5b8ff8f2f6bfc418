// What POST /v1/chat/completions and POST /v1/completions ask for (OpenAI's API reference, 2025), checked.
//
// Fields that would change the answer and are not carried out (tools, response_format, penalties, logit_bias
// …) are refused unless they ask for nothing; those that would not (user, metadata, store …) are passed over.
// Beyond OpenAI's: top_k, min_p, as vLLM and llama.cpp have them. Any other field is an error, which names
// the nearest known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/types/completion.h"
#include "hone/types/problem.h"

namespace hone {

// What a request that says nothing of it gets.
struct OpenAiDefaults {
  SamplingParams sampling;         // max_new_tokens: of a chat; a completion has 16, as OpenAI's
  std::int64_t max_samples = 128;  // of one request: prompts × n
};

struct OpenAiRequest {
  bool chat = false;
  std::string model;              // empty: the only one
  std::vector<Message> messages;  // of a chat; at least one
  struct Prompt {
    std::string text;
    std::vector<std::int32_t> ids;  // in place of the text, where ids were given
  };
  std::vector<Prompt> prompts;  // of a completion; at least one
  int n = 1;                    // for each prompt
  SamplingParams sampling;
  std::optional<std::uint64_t> seed;
  int top_logprobs = -1;  // as StreamRequest's
  bool stream = false, include_usage = false;
};

// Errors have the field as `where`.
Result<OpenAiRequest> read_chat_request(const std::string& body, const OpenAiDefaults& defaults);
Result<OpenAiRequest> read_completion_request(const std::string& body, const OpenAiDefaults& defaults);

}  // namespace hone
