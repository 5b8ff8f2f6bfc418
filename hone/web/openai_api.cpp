#include "hone/web/openai_api.h"

#include <sys/random.h>

#include <algorithm>
#include <atomic>
#include <chrono>

#include "hone/base/check.h"
#include "hone/base/hash.h"
#include "hone/base/json.h"
#include "hone/text/thought.h"
#include "hone/web/openai_reply.h"

namespace hone {
namespace {

using Clock = std::chrono::steady_clock;
using OrderedJson = nlohmann::ordered_json;
using Answer = StreamingGenerator::Submission::Answer;
using State = CompletionStream::State;

constexpr double kLookUp = 0.1;  // seconds after which a waiting thread sees whether its client is there
// Seconds between two events of a stream: where tokens come faster than anybody reads, an event holds
// several, and the cores decode in place of waking threads. With many streams the second, for each of them:
// 400 events a second at most.
constexpr double kPause = 0.025, kPauseEach = 0.0025;

std::string text_of(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

std::string event_of(const OrderedJson& json) { return "data: " + text_of(json) + "\n\n"; }

// The kernel's, for requests that name no seed.
std::uint64_t fresh_seed() {
  std::uint64_t seed = 0;
  HONE_CHECK(::getrandom(&seed, sizeof seed, 0) == sizeof seed, "getrandom(2) gave too little");
  return seed;
}

HttpResponse no_such_model(const std::string& name) {
  return http_error(404, fmt::format("there is no model {}; GET /v1/models lists what there is", name),
                    "model", "model_not_found");
}

// One request while it is answered.
struct Answering {
  OpenAiRequest request;
  std::shared_ptr<const ServedModel> model;
  OpenAiIdentity identity;
  OpenAiUsage usage;
  std::vector<std::unique_ptr<CompletionStream>> streams;  // of each prompt; null once it has ended
  std::vector<OpenAiChoice> choices;                       // prompt by prompt
  Clock::time_point deadline;
  std::string why;  // of kFailed
  std::function<bool()> stopping;

  // Some pieces more, of any prompt. kEnded: all has come.
  enum class News { kMore, kEnded, kFailed, kLate };
  News wait();
  void rest(double seconds);
  void count_tokens();
};

Answering::News Answering::wait() {
  bool waited = false;
  for (std::size_t p = 0; p < streams.size(); ++p) {
    if (streams[p] == nullptr) continue;
    std::vector<StreamPiece> pieces;
    const State state = streams[p]->next(pieces, std::exchange(waited, true) ? 0.0 : kLookUp);
    if (state == State::kFailed) {
      why = streams[p]->why();
      return News::kFailed;
    }
    const std::size_t first = p * static_cast<std::size_t>(request.n);
    for (StreamPiece& piece : pieces) choices[first + piece.sample].take(std::move(piece));
    if (state == State::kEnded) streams[p].reset();
  }
  if (!waited) return News::kEnded;
  return Clock::now() < deadline ? News::kMore : News::kLate;
}

// Until then, or the end of the first prompt that is being answered.
void Answering::rest(double seconds) {
  const auto first = std::ranges::find_if(streams, [](const auto& stream) { return stream != nullptr; });
  if (first != streams.end()) (*first)->rest(seconds);
}

void Answering::count_tokens() {
  for (const OpenAiChoice& choice : choices) {
    usage.completion_tokens += choice.tokens();
    usage.reasoning_tokens += choice.thought_tokens();
  }
}

}  // namespace

struct OpenAiApi::Impl {
  OpenAiOptions options;
  ModelSource& source;
  std::atomic<std::uint64_t> count{0};
  std::atomic<int> streaming{0};
  const std::uint64_t instance = fresh_seed();

  HttpResponse models() const;
  HttpResponse model(const std::string& name) const;
  HttpResponse answer(const HttpRequest& http, bool chat);
  std::optional<HttpResponse> begin(Answering& answering);
  std::optional<HttpResponse> submit(Answering& answering, Environment::Prompt prompt, std::uint64_t seed);
  HttpResponse whole(Answering& answering, const HttpRequest& http);
  int stream(Answering& answering, const HttpWriter& write);
  HttpResponse failure(const Answering& answering, Answering::News news) const;
};

OrderedJson card_json(const ModelSource::Card& card) {
  return {{"id", card.name}, {"object", "model"}, {"created", card.created}, {"owned_by", "hone"}};
}

HttpResponse OpenAiApi::Impl::model(const std::string& name) const {
  for (const auto& card : source.list()) {
    if (card.name == name) return {200, "application/json", text_of(card_json(card)) + "\n"};
  }
  return no_such_model(name);
}

HttpResponse OpenAiApi::Impl::models() const {
  OrderedJson data = OrderedJson::array();
  for (const auto& card : source.list()) data.push_back(card_json(card));
  return {200, "application/json", text_of({{"object", "list"}, {"data", std::move(data)}}) + "\n"};
}

std::optional<HttpResponse> OpenAiApi::Impl::submit(Answering& answering, Environment::Prompt prompt,
                                                    std::uint64_t seed) {
  const OpenAiRequest& request = answering.request;
  const StreamingGenerator& generator = *answering.model->generator;
  const char* const field = request.chat ? "messages" : "prompt";
  if (std::ssize(prompt.ids) >= generator.context_length()) {
    return http_error(400,
                      fmt::format("a prompt must leave room in the model's context of {} tokens, got {}",
                                  generator.context_length(), prompt.ids.size()),
                      field, "context_length_exceeded");
  }
  answering.usage.prompt_tokens += std::ssize(prompt.ids);
  StreamRequest asked;
  asked.generation.key = {.seed = seed, .purpose = Purpose::kSampling, .problem = hash64(prompt.text)};
  asked.generation.prompt = std::move(prompt.ids);
  asked.generation.n = request.n;
  asked.generation.sampling = request.sampling;
  asked.top_logprobs = request.top_logprobs;
  asked.whole = !request.stream;
  auto submission = answering.model->generator->submit(std::move(asked));
  switch (submission.answer) {
    case Answer::kAccepted:
      break;
    case Answer::kInvalid:
      return http_error(400, submission.why, field, "");
    case Answer::kStopping:
      return http_error(503, submission.why);
    case Answer::kBusy: {
      HttpResponse refusal = http_error(429, submission.why);
      refusal.headers = {{"Retry-After", "1"}};
      return refusal;
    }
  }
  const bool opened = opens_thought(prompt.text);
  for (int i = 0; i < request.n; ++i) {
    answering.choices.emplace_back(request, answering.model->tokenizer,
                                   static_cast<int>(answering.choices.size()), opened);
  }
  answering.streams.push_back(std::move(submission.stream));
  return std::nullopt;
}

// Opens the model and hands the prompts in; a refusal when something is wrong with them.
std::optional<HttpResponse> OpenAiApi::Impl::begin(Answering& answering) {
  const OpenAiRequest& request = answering.request;
  const auto opened = source.open(request.model);
  if (!opened.ok()) return http_error(503, opened.error().message(), "model", "");
  if (*opened == nullptr) {
    return no_such_model(request.model);
  }
  answering.model = *opened;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  answering.identity = {
      fmt::format("{}-{:016x}{:08x}", request.chat ? "chatcmpl" : "cmpl", instance, ++count),
      answering.model->name, std::chrono::duration_cast<std::chrono::seconds>(now).count()};
  const std::uint64_t seed = request.seed.value_or(fresh_seed());
  if (request.chat) {
    auto prompt = answering.model->render(request.messages);
    if (!prompt.ok()) return http_error(400, prompt.error().message(), "messages", "");
    return submit(answering, std::move(*prompt), seed);
  }
  const Tokenizer& tokenizer = answering.model->tokenizer;
  for (const auto& given : request.prompts) {
    Environment::Prompt prompt{given.text, given.ids};
    if (prompt.ids.empty())
      prompt.ids = tokenizer.encode(given.text, /*add_special=*/true);
    else
      prompt.text = tokenizer.decode(given.ids);
    if (prompt.ids.empty()) return http_error(400, "[prompt] must hold at least one token", "prompt", "");
    if (auto refusal = submit(answering, std::move(prompt), seed)) return refusal;
  }
  return std::nullopt;
}

HttpResponse OpenAiApi::Impl::failure(const Answering& answering, Answering::News news) const {
  if (news == Answering::News::kLate)
    return http_error(504, fmt::format("the answer was not finished in {} seconds", options.seconds));
  // 503 asks to try again, which helps where another server takes this one's place.
  return http_error(answering.stopping() ? 503 : 500, answering.why);
}

HttpResponse OpenAiApi::Impl::whole(Answering& answering, const HttpRequest& http) {
  auto news = Answering::News::kMore;
  while (news == Answering::News::kMore) {
    news = answering.wait();
    if (news == Answering::News::kMore && http.gone()) return http_error(kClientGone, "the client has gone");
  }
  if (news != Answering::News::kEnded) return failure(answering, news);
  answering.count_tokens();
  OrderedJson choices = OrderedJson::array();
  for (OpenAiChoice& choice : answering.choices) choices.push_back(choice.whole());
  return {
      200, "application/json",
      text_of(openai_reply(answering.identity, answering.request.chat, std::move(choices), answering.usage)) +
          "\n"};
}

int OpenAiApi::Impl::stream(Answering& answering, const HttpWriter& write) {
  const bool chat = answering.request.chat;
  ++streaming;
  const std::shared_ptr<void> leaves(nullptr, [this](void*) { --streaming; });
  auto news = Answering::News::kMore;
  while (news == Answering::News::kMore) {
    news = answering.wait();
    std::string events;
    for (OpenAiChoice& choice : answering.choices) {
      OrderedJson delta = choice.delta();
      if (delta.is_null()) continue;
      events +=
          event_of(openai_chunk(answering.identity, chat, OrderedJson::array({std::move(delta)}), nullptr));
    }
    if (!write(events)) return kClientGone;  // the streams go with the answer, and are cancelled
    if (news == Answering::News::kMore) answering.rest(std::max(kPause, streaming * kPauseEach));
  }
  if (news != Answering::News::kEnded) {
    const HttpResponse error = failure(answering, news);
    write("data: " + error.body + "\n");
    return error.status;
  }
  std::string last;
  if (answering.request.include_usage) {
    answering.count_tokens();
    last = event_of(openai_chunk(answering.identity, chat, OrderedJson::array(), &answering.usage));
  }
  return write(last + "data: [DONE]\n\n") ? 200 : kClientGone;
}

HttpResponse OpenAiApi::Impl::answer(const HttpRequest& http, bool chat) {
  auto request = chat ? read_chat_request(http.body, options.defaults)
                      : read_completion_request(http.body, options.defaults);
  if (!request.ok()) return http_error(400, request.error().message(), request.error().where, "");
  const auto answering = std::make_shared<Answering>();
  answering->request = std::move(*request);
  answering->stopping = http.stopping;
  answering->deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                           std::chrono::duration<double>(options.seconds));
  if (auto refusal = begin(*answering)) return std::move(*refusal);
  if (!answering->request.stream) return whole(*answering, http);
  HttpResponse response{200, "text/event-stream", "", {{"Cache-Control", "no-cache"}}};
  response.stream = [this, answering](const HttpWriter& write) { return stream(*answering, write); };
  return response;
}

OpenAiApi::OpenAiApi(OpenAiOptions options, ModelSource& source)
    : impl_(new Impl{std::move(options), source}) {}
OpenAiApi::~OpenAiApi() = default;

void OpenAiApi::add_to(HttpServer& server) {
  Impl* const impl = impl_.get();
  server.route("GET", "/v1/models", [impl](const HttpRequest&) { return impl->models(); });
  server.route("GET", "/v1/models/", [impl](const HttpRequest& request) {
    return impl->model(request.path.substr(std::string_view("/v1/models/").size()));
  });
  server.route("POST", "/v1/chat/completions",
               [impl](const HttpRequest& request) { return impl->answer(request, /*chat=*/true); });
  server.route("POST", "/v1/completions",
               [impl](const HttpRequest& request) { return impl->answer(request, /*chat=*/false); });
}

}  // namespace hone
