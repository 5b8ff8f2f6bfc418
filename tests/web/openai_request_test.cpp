#include "hone/web/openai_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hone/base/json.h"

namespace hone {
namespace {

using ::testing::HasSubstr;

const OpenAiDefaults kDefaults = {
    .sampling = {.max_new_tokens = 50, .temperature = 0.6, .top_k = 7, .stop = {}}, .max_samples = 8};

Json chat(const Json& more = Json::object()) {
  Json body = {{"model", "m"}, {"messages", {{{"role", "user"}, {"content", "hi"}}}}};
  body.update(more);
  return body;
}

OpenAiRequest read_chat(const Json& more = Json::object()) {
  auto read = read_chat_request(chat(more).dump(), kDefaults);
  if (!read.ok()) throw std::runtime_error(read.error().message());
  return *read;
}
// The field at fault and the message.
std::string refused_chat(const Json& more) {
  const auto read = read_chat_request(chat(more).dump(), kDefaults);
  return read.ok() ? "accepted" : read.error().where + "|" + read.error().message();
}
std::string refused_completion(const Json& body) {
  const auto read = read_completion_request(body.dump(), kDefaults);
  return read.ok() ? "accepted" : read.error().where + "|" + read.error().message();
}

TEST(OpenAiRequest, WhatIsNotSaidIsTheServers) {
  const OpenAiRequest request = read_chat();
  EXPECT_TRUE(request.chat);
  EXPECT_EQ(request.model, "m");
  ASSERT_EQ(request.messages.size(), 1U);
  EXPECT_EQ(request.messages[0].role, "user");
  EXPECT_EQ(request.messages[0].content, "hi");
  EXPECT_EQ(request.n, 1);
  EXPECT_EQ(request.sampling.max_new_tokens, 50);
  EXPECT_EQ(request.sampling.temperature, 0.6);
  EXPECT_EQ(request.sampling.top_k, 7);
  EXPECT_FALSE(request.seed.has_value());
  EXPECT_EQ(request.top_logprobs, -1);
  EXPECT_FALSE(request.stream);
  EXPECT_EQ(read_chat({{"temperature", nullptr}, {"stop", nullptr}}).sampling.temperature, 0.6);
}

TEST(OpenAiRequest, ReadsEveryField) {
  const OpenAiRequest request = read_chat({{"temperature", 0},
                                           {"top_p", 0.5},
                                           {"top_k", -1},
                                           {"min_p", 0.1},
                                           {"n", 3},
                                           {"seed", -4},
                                           {"max_tokens", 9},
                                           {"stop", {"a", "bc"}},
                                           {"stream", true},
                                           {"stream_options", {{"include_usage", true}}},
                                           {"logprobs", true},
                                           {"top_logprobs", 4},
                                           {"user", "me"},
                                           {"tools", Json::array()},
                                           {"presence_penalty", 0.0},
                                           {"response_format", {{"type", "text"}}}});
  EXPECT_EQ(request.sampling.temperature, 0.0);
  EXPECT_EQ(request.sampling.top_p, 0.5);
  EXPECT_EQ(request.sampling.top_k, 0) << "-1 is off";
  EXPECT_EQ(request.sampling.min_p, 0.1);
  EXPECT_EQ(request.n, 3);
  EXPECT_EQ(request.seed, static_cast<std::uint64_t>(-4));
  EXPECT_EQ(request.sampling.max_new_tokens, 9);
  EXPECT_EQ(request.sampling.stop, (std::vector<std::string>{"a", "bc"}));
  EXPECT_TRUE(request.stream && request.include_usage);
  EXPECT_EQ(request.top_logprobs, 4);
  EXPECT_EQ(read_chat({{"max_tokens", 9}, {"max_completion_tokens", 5}}).sampling.max_new_tokens, 5);
  EXPECT_EQ(read_chat({{"stop", "x"}}).sampling.stop, std::vector<std::string>{"x"});
}

TEST(OpenAiRequest, MessagesMayComeInPartsAndByNewNames) {
  const OpenAiRequest request = read_chat(
      {{"messages",
        {{{"role", "developer"}, {"content", "be brief"}},
         {{"role", "user"},
          {"name", "ann"},
          {"content", {{{"type", "text"}, {"text", "a"}}, {{"type", "text"}, {"text", "b"}}}}},
         {{"role", "assistant"}, {"content", nullptr}, {"refusal", nullptr}, {"reasoning_content", "hm"}}}}});
  EXPECT_EQ(request.messages[0].role, "system");
  EXPECT_EQ(request.messages[1].content, "ab");
  EXPECT_EQ(request.messages[2].content, "");
}

TEST(OpenAiRequest, WhatCannotBeDoneIsNamed) {
  EXPECT_THAT(refused_chat({{"temperature", "hot"}}),
              HasSubstr("temperature|[temperature] must be a number in"));
  EXPECT_THAT(refused_chat({{"temperature", -1}}), HasSubstr("got -1"));
  EXPECT_THAT(refused_chat({{"n", 9}}), HasSubstr("n|[n] must be a whole number in [1, 8]"));
  EXPECT_THAT(refused_chat({{"n", 1.5}}), HasSubstr("must be a whole number"));
  EXPECT_THAT(refused_chat({{"max_tokens", 0}}), HasSubstr("in [1, 2147483647]"));
  EXPECT_THAT(refused_chat({{"top_logprobs", 3}}), HasSubstr("goes with logprobs"));
  EXPECT_THAT(refused_chat({{"stream_options", {{"include_usage", true}}}}), HasSubstr("goes with stream"));
  EXPECT_THAT(refused_chat({{"tools", {{{"type", "function"}}}}}),
              HasSubstr("tools|[tools] is not supported"));
  EXPECT_THAT(refused_chat({{"response_format", {{"type", "json_object"}}}}), HasSubstr("not supported"));
  EXPECT_THAT(refused_chat({{"frequency_penalty", 0.5}}), HasSubstr("not supported"));
  EXPECT_THAT(refused_chat({{"temprature", 1}}), HasSubstr("did you mean temperature?"));
  EXPECT_THAT(refused_chat({{"stop", {"", "a"}}}), HasSubstr("must be texts of 1"));
  EXPECT_THAT(refused_chat({{"stop", Json::array_t(17, "a")}}), HasSubstr("at most 16"));
  EXPECT_THAT(refused_chat({{"messages", Json::array()}}), HasSubstr("at least one message"));
  EXPECT_THAT(refused_chat({{"messages", {{{"role", "robot"}, {"content", "x"}}}}}),
              HasSubstr("messages[0].role"));
  EXPECT_THAT(refused_chat({{"messages", {{{"role", "user"}}}}}), HasSubstr("messages[0].content"));
  EXPECT_THAT(refused_chat({{"messages", {{{"role", "user"}, {"content", {{{"type", "image_url"}}}}}}}}),
              HasSubstr("parts of type text"));
  EXPECT_FALSE(read_chat_request("[]", kDefaults).ok());
  EXPECT_FALSE(read_chat_request("{", kDefaults).ok());
}

TEST(OpenAiRequest, CompletionsTakeTextsAndIds) {
  const auto read = [](const Json& prompt) {
    auto request = read_completion_request(Json{{"prompt", prompt}}.dump(), kDefaults);
    if (!request.ok()) throw std::runtime_error(request.error().message());
    return *request;
  };
  EXPECT_EQ(read("a").prompts.at(0).text, "a");
  EXPECT_EQ(read("a").sampling.max_new_tokens, 16) << "OpenAI's default";
  EXPECT_EQ(read({"a", "b"}).prompts.at(1).text, "b");
  EXPECT_EQ(read({3, 4}).prompts.at(0).ids, (std::vector<std::int32_t>{3, 4}));
  EXPECT_EQ(read({{3}, {4, 5}}).prompts.at(1).ids, (std::vector<std::int32_t>{4, 5}));
  EXPECT_THAT(refused_completion({{"prompt", Json::array()}}), HasSubstr("prompt|"));
  EXPECT_THAT(refused_completion({{"prompt", {3, "a"}}}), HasSubstr("got \"a\""));
  EXPECT_THAT(refused_completion({{"prompt", {-3}}}), HasSubstr("got -3"));
  EXPECT_THAT(refused_completion({{"prompt", {"a", "b", "c"}}, {"n", 3}}), HasSubstr("at most 8"));
  EXPECT_THAT(refused_completion({{"prompt", "a"}, {"echo", true}}), HasSubstr("echo|"));
  EXPECT_EQ(refused_completion({{"prompt", "a"}, {"best_of", 1}, {"echo", false}}), "accepted");
  EXPECT_THAT(refused_completion({{"prompt", "a"}, {"messages", 1}}), HasSubstr("is not a known field"));
}

}  // namespace
}  // namespace hone
