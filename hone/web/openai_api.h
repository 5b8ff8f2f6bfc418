// The part of OpenAI's API that clients of language models speak (API reference, 2025), over a
// StreamingGenerator.
//
//  GET  /v1/models            what can be asked
//  POST /v1/chat/completions  messages through the model's chat template; thoughts as reasoning_content
//  POST /v1/completions       texts or token ids as they are
//
// With stream: true the answer is server-sent events, the last one [DONE]. logprobs are the model's own,
// whatever the temperature. The same seed gives the same completion, that of `hone sample --seed`; without
// one, another each time. A client that hangs up is not answered any further.
//
// Errors: 400 (the field is named as `param`), 404 for another model's name, 429 with Retry-After while too
// many requests wait, 503 while stopping or when decoding fails, 504 for what takes longer than `seconds`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/text/tokenizer.h"
#include "hone/types/interfaces.h"
#include "hone/types/streaming.h"
#include "hone/web/http_server.h"
#include "hone/web/openai_request.h"

namespace hone {

// A model that can be asked. Thread safety: asked by many threads at once.
struct ServedModel {
  std::string name;
  std::shared_ptr<StreamingGenerator> generator;
  Tokenizer tokenizer;
  // A chat as the model reads it. Errors: the chat template's.
  std::function<Result<Environment::Prompt>(std::span<const Message>)> render;
};

// Where models come from. Thread safety: asked by many threads at once.
class ModelSource {
 public:
  virtual ~ModelSource() = default;
  struct Card {
    std::string name;
    std::int64_t created = 0;  // Unix time, seconds
  };
  virtual std::vector<Card> list() const = 0;
  // Null: there is none of that name ("": the usual one). Error: it can't be opened.
  virtual Result<std::shared_ptr<const ServedModel>> open(const std::string& name) = 0;
};

struct OpenAiOptions {
  OpenAiDefaults defaults = {};
  double seconds = 600;  // for one answer
};

// Thread safety: as the server's handlers. The object outlives the server that it added itself to, and the
// source the object.
class OpenAiApi {
 public:
  OpenAiApi(OpenAiOptions options, ModelSource& source);
  OpenAiApi(OpenAiApi&&) = delete;
  OpenAiApi& operator=(OpenAiApi&&) = delete;
  ~OpenAiApi();

  // Adds the routes. Before the server's start().
  void add_to(HttpServer& server);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hone
