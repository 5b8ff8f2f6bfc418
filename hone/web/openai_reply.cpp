#include "hone/web/openai_reply.h"

#include <algorithm>
#include <utility>

#include "hone/base/json.h"
#include "hone/text/utf8.h"

namespace hone {
namespace {

using OrderedJson = nlohmann::ordered_json;

// OpenAI's stand-in for what has no logarithm.
constexpr float kLeastLogprob = -9999.0F;

const char* finish_name(FinishReason reason) { return reason == FinishReason::kLength ? "length" : "stop"; }

// Of UTF-8.
std::int64_t characters(std::string_view text) {
  return std::ranges::count_if(text,
                               [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; });
}

OrderedJson usage_json(const OpenAiUsage& usage) {
  return {{"prompt_tokens", usage.prompt_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
          {"completion_tokens_details", {{"reasoning_tokens", usage.reasoning_tokens}}}};
}

// Sampled tokens up to the one that completes </think>.
std::int64_t tokens_in_thought(const Tokenizer& tokenizer, std::span<const std::int32_t> ids) {
  StreamDecoder decoder(tokenizer);
  std::string text;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    text += decoder.push(ids[i]);
    if (text.find("</think>") != std::string::npos) return static_cast<std::int64_t>(i + 1);
  }
  return std::ssize(ids);
}

OrderedJson reply_head(const OpenAiIdentity& identity, const char* object) {
  return {{"id", identity.id}, {"object", object}, {"created", identity.created}, {"model", identity.model}};
}

}  // namespace

OpenAiChoice::OpenAiChoice(const OpenAiRequest& request, const Tokenizer& tokenizer, int index,
                           bool opens_thought)
    : tokenizer_(tokenizer),
      chat_(request.chat),
      scored_(request.top_logprobs >= 0),
      index_(index),
      text_(tokenizer, request.sampling.stop),
      offsets_(tokenizer),
      thought_(opens_thought) {}

void OpenAiChoice::take(StreamPiece piece) {
  tokens_ += std::ssize(piece.ids);
  const std::string text = text_.push(piece);
  if (piece.ended) {
    ended_ = true;
    finish_ = piece.ended->finish;
  }
  std::ranges::move(piece.scores, std::back_inserter(new_scores_));
  if (!chat_) {
    new_text_ += text;
    return;
  }
  const auto add = [this](const ThoughtStream::Pieces& pieces) {
    new_thought_ += pieces.thought;
    new_text_ += pieces.rest;
    began_ = began_ || !pieces.thought.empty();
    answers_ = answers_ || !pieces.rest.empty();
  };
  add(thought_.push(text));
  if (ended_) add(thought_.finish());
  if (piece.ended && began_) {
    thought_tokens_ = answers_ ? tokens_in_thought(tokenizer_, piece.ended->ids) : tokens_;
  }
}

std::string OpenAiChoice::token_text(std::int32_t id) const {
  const std::int32_t one[] = {id};
  return tokenizer_.decode(one);
}

// Text completions name tokens by text alone: those that are only a part of a character by their bytes.
std::string OpenAiChoice::token_key(std::int32_t id) const {
  const std::string_view bytes = tokenizer_.bytes_of(id);
  if (tokenizer_.is_special(id) || is_valid_utf8(bytes)) return token_text(id);
  std::string key = "bytes:";
  for (const char byte : bytes) key += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
  return key;
}

OrderedJson OpenAiChoice::chat_score(std::int32_t id, float logprob) const {
  OrderedJson bytes = OrderedJson::array();
  for (const char byte : tokenizer_.bytes_of(id)) bytes.push_back(static_cast<unsigned char>(byte));
  return {
      {"token", token_text(id)}, {"logprob", std::max(logprob, kLeastLogprob)}, {"bytes", std::move(bytes)}};
}

// The logprobs object of what came; null where none was asked for.
OrderedJson OpenAiChoice::take_scores() {
  const std::vector<TokenScore> scores = std::exchange(new_scores_, {});
  if (!scored_) return nullptr;
  if (chat_) {
    OrderedJson content = OrderedJson::array();
    for (const TokenScore& score : scores) {
      OrderedJson entry = chat_score(score.id, score.logprob);
      OrderedJson top = OrderedJson::array();
      for (const auto& [id, logprob] : score.top) top.push_back(chat_score(id, logprob));
      entry["top_logprobs"] = std::move(top);
      content.push_back(std::move(entry));
    }
    return {{"content", std::move(content)}, {"refusal", nullptr}};
  }
  OrderedJson lists = {{"tokens", OrderedJson::array()},
                       {"token_logprobs", OrderedJson::array()},
                       {"top_logprobs", OrderedJson::array()},
                       {"text_offset", OrderedJson::array()}};
  for (const TokenScore& score : scores) {
    lists["tokens"].push_back(token_key(score.id));
    lists["token_logprobs"].push_back(std::max(score.logprob, kLeastLogprob));
    OrderedJson top = OrderedJson::object();
    for (const auto& [id, logprob] : score.top) top[token_key(id)] = std::max(logprob, kLeastLogprob);
    if (!score.top.empty()) top[token_key(score.id)] = std::max(score.logprob, kLeastLogprob);
    lists["top_logprobs"].push_back(std::move(top));
    lists["text_offset"].push_back(text_offset_);
    text_offset_ += characters(offsets_.push(score.id));
  }
  return lists;
}

OrderedJson OpenAiChoice::delta() {
  const bool ends = ended_ && !std::exchange(told_end_, ended_);
  const bool first = chat_ && !std::exchange(told_begin_, true);
  if (new_text_.empty() && new_thought_.empty() && new_scores_.empty() && !ends && !first) return nullptr;
  OrderedJson choice = {{"index", index_}};
  if (chat_) {
    OrderedJson delta = OrderedJson::object();
    if (first) delta["role"] = "assistant";
    if (!new_thought_.empty()) delta["reasoning_content"] = std::exchange(new_thought_, "");
    if (!new_text_.empty() || first) delta["content"] = std::exchange(new_text_, "");
    choice["delta"] = std::move(delta);
  } else {
    choice["text"] = std::exchange(new_text_, "");
  }
  choice["logprobs"] = take_scores();
  choice["finish_reason"] = ends ? OrderedJson(finish_name(finish_)) : OrderedJson();
  return choice;
}

OrderedJson OpenAiChoice::whole() {
  OrderedJson choice = {{"index", index_}};
  if (chat_) {
    OrderedJson message = {
        {"role", "assistant"}, {"content", std::exchange(new_text_, "")}, {"refusal", nullptr}};
    if (began_) message["reasoning_content"] = std::exchange(new_thought_, "");
    choice["message"] = std::move(message);
  } else {
    choice["text"] = std::exchange(new_text_, "");
  }
  choice["logprobs"] = take_scores();
  choice["finish_reason"] = finish_name(finish_);
  return choice;
}

OrderedJson openai_reply(const OpenAiIdentity& identity, bool chat, OrderedJson choices,
                         const OpenAiUsage& usage) {
  OrderedJson reply = reply_head(identity, chat ? "chat.completion" : "text_completion");
  reply["choices"] = std::move(choices);
  reply["usage"] = usage_json(usage);
  return reply;
}

OrderedJson openai_chunk(const OpenAiIdentity& identity, bool chat, OrderedJson choices,
                         const OpenAiUsage* usage) {
  OrderedJson chunk = reply_head(identity, chat ? "chat.completion.chunk" : "text_completion");
  chunk["choices"] = std::move(choices);
  if (usage != nullptr) chunk["usage"] = usage_json(*usage);
  return chunk;
}

}  // namespace hone
