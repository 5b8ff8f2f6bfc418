// OpenAI's API over a generator that says what it is told to.
#include "hone/web/openai_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "support/temp_folder.h"
#include "web/http_client.h"

namespace hone {
namespace {

using testing::Answer;
using ::testing::HasSubstr;
using testing::HttpClient;
using testing::TempFolder;

Tokenizer byte_tokenizer() {
  const TempFolder folder;
  TokenizerInitOptions options;
  options.vocab_size = 300;
  const std::vector<std::string> texts = {"a"};
  auto files = train_tokenizer(options, texts);
  if (!files.ok() || !write_tokenizer(*files, folder.path()).ok()) throw std::runtime_error("no tokenizer");
  return *Tokenizer::load(folder.path());
}

// Answers every sample with `text`, a token at a time.
struct Script : StreamingGenerator {
  Tokenizer tokenizer = byte_tokenizer();
  std::string text = "<think>\nhm\n</think>\n\nyes";
  FinishReason finish = FinishReason::kEos;
  std::string fails;    // after half of the tokens
  bool stalls = false;  // after half of the tokens, for good
  Submission::Answer answer = Submission::Answer::kAccepted;
  std::mutex mutex;
  std::vector<StreamRequest> asked;
  std::atomic<int> dropped{0};

  struct Stream : CompletionStream {
    Script& script;
    StreamRequest request;
    std::vector<std::int32_t> ids;
    std::size_t at = 0;
    std::string reason;
    Stream(Script& of, StreamRequest from)
        : script(of), request(std::move(from)), ids(of.tokenizer.encode(of.text)) {}
    ~Stream() override {
      if (at < ids.size()) ++script.dropped;
    }
    State next(std::vector<StreamPiece>& pieces, double /*seconds*/) override {
      if (at == ids.size() / 2 && script.stalls) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return State::kMore;
      }
      if (at == ids.size() / 2 && !script.fails.empty()) {
        reason = script.fails;
        return State::kFailed;
      }
      const bool last = ++at == ids.size();
      for (int i = 0; i < request.generation.n; ++i) {
        if (request.whole && !last && request.top_logprobs < 0) continue;
        StreamPiece piece;
        piece.sample = static_cast<std::size_t>(i);
        piece.ids = request.whole && request.top_logprobs < 0 ? ids : std::vector{ids[at - 1]};
        if (request.top_logprobs >= 0) {
          piece.scores.push_back({ids[at - 1], -0.5F, {}});
          for (int k = 0; k < request.top_logprobs; ++k) piece.scores[0].top.emplace_back(k + 65, -1.0F - k);
        }
        if (last) {
          Completion completion;
          completion.ids = ids;
          completion.text = script.text;
          completion.finish = script.finish;
          piece.ended = std::move(completion);
        }
        pieces.push_back(std::move(piece));
      }
      return last ? State::kEnded : State::kMore;
    }
    void rest(double) override {}
    const std::string& why() const override { return reason; }
  };

  Submission submit(StreamRequest request) override {
    const std::lock_guard lock(mutex);
    if (answer != Submission::Answer::kAccepted) return {answer, nullptr, "not now"};
    asked.push_back(request);
    return {answer, std::make_unique<Stream>(*this, std::move(request)), ""};
  }
  Load load() const override { return {}; }
  std::int64_t context_length() const override { return 64; }
};

struct Source : ModelSource {
  std::shared_ptr<const ServedModel> model;
  std::vector<Card> list() const override { return {{"m", 12}}; }
  Result<std::shared_ptr<const ServedModel>> open(const std::string& name) override {
    if (name == "damaged") return Error{"damaged", "must be readable", ""};
    return name.empty() || name == "m" ? model : nullptr;
  }
};

class OpenAi : public ::testing::Test {
 protected:
  OpenAi() { start({}); }
  void start(OpenAiOptions options) {
    script = std::make_shared<Script>();
    const Tokenizer& tokenizer = script->tokenizer;
    source.model = std::make_shared<ServedModel>(
        ServedModel{"m", script, tokenizer,
                    [tokenizer](std::span<const Message> messages) -> Result<Environment::Prompt> {
                      std::string text;
                      for (const Message& m : messages) text += m.role[0] + (":" + m.content) + "\n";
                      if (text.find("refuse") != std::string::npos) return Error{"template", "must not", ""};
                      return Environment::Prompt{text, tokenizer.encode(text)};
                    }});
    server.reset();
    api = std::make_unique<OpenAiApi>(std::move(options), source);
    server = std::make_unique<HttpServer>(HttpOptions{});
    api->add_to(*server);
    port = *server->start();
  }
  // Streams dropped before their end, once there are so many, or half a minute has gone by.
  int dropped_in_time(int many) const {
    for (int look = 0; look < 30'000 && script->dropped < many; ++look)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return script->dropped;
  }
  Answer ask(const Json& more = Json::object(), const std::string& path = "/v1/chat/completions") {
    Json body = path.ends_with("chat/completions")
                    ? Json{{"messages", {{{"role", "user"}, {"content", "hi"}}}}}
                    : Json{{"prompt", "hi"}};
    body.update(more);
    return HttpClient(port).ask("POST", path, body.dump());
  }
  // The events of a stream, [DONE] left out; it must be there.
  static std::vector<Json> events(const Answer& answer) {
    std::vector<Json> read;
    std::istringstream lines(answer.body);
    bool done = false;
    for (std::string line; std::getline(lines, line);) {
      if (line.empty()) continue;
      EXPECT_TRUE(line.starts_with("data: ")) << line;
      EXPECT_FALSE(done);
      done = line == "data: [DONE]";
      if (!done) read.push_back(Json::parse(line.substr(6)));
    }
    if (!done) read.emplace_back("unfinished");
    return read;
  }

  std::shared_ptr<Script> script;
  Source source;
  std::unique_ptr<OpenAiApi> api;
  std::unique_ptr<HttpServer> server;
  int port = 0;
};

TEST_F(OpenAi, AChatIsAnsweredWithItsThoughtApart) {
  const Json reply = ask({{"n", 2}, {"seed", 3}, {"temperature", 0.25}}).json();
  EXPECT_EQ(reply["object"], "chat.completion");
  EXPECT_EQ(reply["model"], "m");
  EXPECT_THAT(reply["id"].get<std::string>(), ::testing::StartsWith("chatcmpl-"));
  ASSERT_EQ(reply["choices"].size(), 2U);
  EXPECT_EQ(reply["choices"][1]["index"], 1);
  EXPECT_EQ(
      reply["choices"][1]["message"],
      (Json{{"role", "assistant"}, {"content", "yes"}, {"refusal", nullptr}, {"reasoning_content", "hm"}}));
  EXPECT_EQ(reply["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(reply["choices"][0]["logprobs"], nullptr);
  const auto count = static_cast<std::int64_t>(script->tokenizer.encode(script->text).size());
  const auto thought = static_cast<std::int64_t>(script->tokenizer.encode("<think>\nhm\n</think>").size());
  const std::int64_t prompt = std::ssize(script->asked.at(0).generation.prompt);
  EXPECT_EQ(reply["usage"], (Json{{"prompt_tokens", prompt},
                                  {"completion_tokens", 2 * count},
                                  {"total_tokens", prompt + 2 * count},
                                  {"completion_tokens_details", {{"reasoning_tokens", 2 * thought}}}}));
  EXPECT_EQ(script->asked.at(0).generation.key.seed, 3U);
  EXPECT_EQ(script->asked.at(0).generation.sampling.temperature, 0.25);
  EXPECT_TRUE(script->asked.at(0).whole);
}

TEST_F(OpenAi, WithoutASeedEachRequestHasItsOwn) {
  ask();
  ask();
  EXPECT_NE(script->asked.at(0).generation.key.seed, script->asked.at(1).generation.key.seed);
}

TEST_F(OpenAi, AStreamTellsTheSameInPieces) {
  const Answer answer = ask({{"n", 2}, {"stream", true}, {"stream_options", {{"include_usage", true}}}});
  EXPECT_EQ(answer.headers.at("content-type"), "text/event-stream");
  const auto chunks = events(answer);
  std::string content[2], thought[2];
  std::vector<std::string> finish;
  std::set<int> begun;
  for (const Json& chunk : chunks) {
    EXPECT_EQ(chunk["object"], "chat.completion.chunk");
    EXPECT_EQ(chunk["id"], chunks[0]["id"]);
    for (const Json& choice : chunk["choices"]) {
      const int i = choice["index"];
      EXPECT_EQ(choice["delta"].contains("role"), begun.insert(i).second) << "the role comes first, once";
      content[i] += choice["delta"].value("content", "");
      thought[i] += choice["delta"].value("reasoning_content", "");
      if (!choice["finish_reason"].is_null()) finish.push_back(choice["finish_reason"]);
    }
  }
  EXPECT_EQ(content[1], "yes");
  EXPECT_EQ(thought[1], "hm");
  EXPECT_EQ(content[0], content[1]);
  EXPECT_EQ(finish, (std::vector<std::string>{"stop", "stop"}));
  EXPECT_GT(chunks.size(), 6U) << "in pieces";
  EXPECT_TRUE(chunks.back()["choices"].empty());
  EXPECT_EQ(chunks.back()["usage"]["completion_tokens"], 2 * script->tokenizer.encode(script->text).size());
  EXPECT_FALSE(script->asked.at(0).whole);
}

TEST_F(OpenAi, WhatMayBecomeAStopStringIsHeldBack) {
  script->text = "one STO";
  script->finish = FinishReason::kStop;
  std::string seen;
  for (const Json& chunk : events(ask({{"stream", true}, {"stop", "STOP"}}))) {
    const std::string piece = chunk["choices"][0]["delta"].value("content", "");
    EXPECT_TRUE(piece.find("STO") != std::string::npos || piece.find('S') == std::string::npos) << piece;
    seen += piece;
  }
  EXPECT_EQ(seen, "one STO");
  script->text = "caf\u00e9 \U0001F600";  // never half a character
  seen.clear();
  for (const Json& chunk : events(ask({{"stream", true}}))) {
    seen += chunk["choices"][0]["delta"].value("content", "");
    EXPECT_EQ(seen.find("\uFFFD"), std::string::npos) << seen;
  }
  EXPECT_EQ(seen, script->text);
}

TEST_F(OpenAi, LogprobsInBothForms) {
  script->text = "ab";
  for (const bool streamed : {false, true}) {
    const Answer answer = ask({{"logprobs", true}, {"top_logprobs", 2}, {"stream", streamed}});
    Json content = Json::array();
    for (const Json& reply : streamed ? events(answer) : std::vector{answer.json()}) {
      for (const Json& entry : reply["choices"][0]["logprobs"]["content"]) content.push_back(entry);
    }
    ASSERT_EQ(content.size(), 2U);
    EXPECT_EQ(content[1], (Json{{"token", "b"},
                                {"logprob", -0.5},
                                {"bytes", {98}},
                                {"top_logprobs", content[1]["top_logprobs"]}}));
    EXPECT_EQ(content[1]["top_logprobs"].size(), 2U);
    EXPECT_EQ(content[1]["top_logprobs"][1]["logprob"], -2.0);
  }
  const Json plain = ask({{"logprobs", 1}, {"n", 2}, {"prompt", {"x", "y"}}}, "/v1/completions").json();
  EXPECT_EQ(plain["object"], "text_completion");
  ASSERT_EQ(plain["choices"].size(), 4U);
  EXPECT_EQ(plain["choices"][3]["index"], 3);
  EXPECT_EQ(plain["choices"][3]["text"], "ab");
  EXPECT_EQ(plain["choices"][3]["logprobs"]["tokens"], (Json{"a", "b"}));
  EXPECT_EQ(plain["choices"][3]["logprobs"]["text_offset"], (Json{0, 1}));
  // The likeliest, and the one that was drawn.
  EXPECT_EQ(plain["choices"][3]["logprobs"]["top_logprobs"][0], (Json{{"a", -0.5}, {":", -1.0}}));
}

// By characters; what is only a part of one goes by its bytes.
TEST_F(OpenAi, LogprobsOfPartsOfCharacters) {
  script->text = "a\u00e9b";
  const Json choice = ask({{"logprobs", 1}}, "/v1/completions").json()["choices"][0];
  EXPECT_EQ(choice["text"], "a\u00e9b");
  EXPECT_EQ(choice["logprobs"]["tokens"], (Json{"a", "bytes:\\xc3", "bytes:\\xa9", "b"}));
  EXPECT_EQ(choice["logprobs"]["text_offset"], (Json{0, 1, 1, 2}));
}

TEST_F(OpenAi, OneModelByItsName) {
  const Answer answer = HttpClient(port).ask("GET", "/v1/models/m");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json()["id"], "m");
  EXPECT_EQ(HttpClient(port).ask("GET", "/v1/models/other").json()["error"]["code"], "model_not_found");
}

TEST_F(OpenAi, CompletionsKeepTheirThought) {
  EXPECT_EQ(ask(Json::object(), "/v1/completions").json()["choices"][0]["text"], script->text);
  ask({{"prompt", {97, 98}}}, "/v1/completions");
  EXPECT_EQ(script->asked.at(1).generation.prompt, (std::vector<std::int32_t>{97, 98}));
}

TEST_F(OpenAi, RefusalsHaveOpenAIsForm) {
  const auto refused = [this](const Json& more, int status) {
    const Answer answer = ask(more);
    EXPECT_EQ(answer.status, status) << answer.body;
    return answer.json()["error"];
  };
  EXPECT_EQ(refused({{"top_p", 2}}, 400)["param"], "top_p");
  EXPECT_EQ(refused({{"model", "other"}}, 404)["code"], "model_not_found");
  EXPECT_THAT(refused({{"model", "damaged"}}, 503)["message"].get<std::string>(),
              HasSubstr("must be readable"));
  const Json large = refused({{"messages", {{{"role", "user"}, {"content", std::string(99, 'x')}}}}}, 400);
  EXPECT_EQ(large["code"], "context_length_exceeded");
  EXPECT_EQ(refused({{"messages", {{{"role", "user"}, {"content", "refuse"}}}}}, 400)["param"], "messages");
  script->answer = StreamingGenerator::Submission::Answer::kBusy;
  const Answer busy = ask({{"stream", true}});
  EXPECT_EQ(busy.status, 429);
  EXPECT_EQ(busy.headers.at("retry-after"), "1");
  EXPECT_EQ(busy.json()["error"]["type"], "rate_limit_error");
  script->answer = StreamingGenerator::Submission::Answer::kStopping;
  EXPECT_EQ(refused(Json::object(), 503)["message"], "not now");
}

TEST_F(OpenAi, AFailureInMidAnswerIsSaid) {
  script->fails = "broken weights";
  EXPECT_EQ(ask().status, 500);
  const auto chunks = events(ask({{"stream", true}}));
  EXPECT_EQ(chunks.back(), "unfinished") << "no [DONE]";
  EXPECT_EQ(chunks.at(chunks.size() - 2)["error"]["message"], "broken weights");
}

TEST_F(OpenAi, AnAnswerHasADeadline) {
  start({.seconds = 0.05});
  script->stalls = true;
  EXPECT_EQ(ask().status, 504);
  const auto chunks = events(ask({{"stream", true}}));
  EXPECT_THAT(chunks.at(chunks.size() - 2)["error"]["message"].get<std::string>(), HasSubstr("was not finished in"));
  EXPECT_EQ(dropped_in_time(2), 2);  // and is cancelled
}

TEST_F(OpenAi, AClientThatGoesIsNotAnsweredFurther) {
  script->stalls = true;
  for (const bool streamed : {false, true}) {
    HttpClient client(port);
    const std::string body =
        Json{{"messages", {{{"role", "user"}, {"content", "hi"}}}}, {"stream", streamed}}.dump();
    client.send(
        fmt::format("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}",
                    body.size(), body));
    if (streamed) client.receive_head();
    client.hang_up();
  }
  EXPECT_EQ(dropped_in_time(2), 2);
}

TEST_F(OpenAi, ModelsAreListed) {
  const Json list = HttpClient(port).ask("GET", "/v1/models").json();
  EXPECT_EQ(list,
            (Json{{"object", "list"},
                  {"data", {{{"id", "m"}, {"object", "model"}, {"created", 12}, {"owned_by", "hone"}}}}}));
}

}  // namespace
}  // namespace hone
