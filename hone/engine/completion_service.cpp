#include "hone/engine/completion_service.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "hone/base/log.h"
#include "hone/engine/generation.h"

namespace hone {
namespace {

// What the decoding thread and one stream share.
struct Channel {
  std::mutex mutex;
  std::condition_variable came;
  std::vector<StreamPiece> pieces;  // not fetched yet
  std::size_t left = 0;             // samples that have not ended
  std::string why;                  // not empty: failed
  bool rests = false;               // whoever waits wants to hear of the end alone
  std::atomic<bool> dropped{false};

  bool over() const { return left == 0 || !why.empty(); }
};

class ChannelStream final : public CompletionStream {
 public:
  explicit ChannelStream(std::shared_ptr<Channel> channel) : channel_(std::move(channel)) {}
  ~ChannelStream() override { channel_->dropped = true; }

  State next(std::vector<StreamPiece>& pieces, double seconds) override {
    std::unique_lock lock(channel_->mutex);
    channel_->came.wait_for(lock, std::chrono::duration<double>(seconds),
                            [&] { return !channel_->pieces.empty() || channel_->over(); });
    std::ranges::move(channel_->pieces, std::back_inserter(pieces));
    channel_->pieces.clear();
    if (!channel_->why.empty()) {
      why_ = channel_->why;
      return State::kFailed;
    }
    return channel_->left == 0 ? State::kEnded : State::kMore;
  }
  void rest(double seconds) override {
    std::unique_lock lock(channel_->mutex);
    channel_->rests = true;
    channel_->came.wait_for(lock, std::chrono::duration<double>(seconds), [&] { return channel_->over(); });
    channel_->rests = false;
  }
  const std::string& why() const override { return why_; }

 private:
  std::shared_ptr<Channel> channel_;
  std::string why_;
};

void fail(Channel& channel, const std::string& why) {
  const std::lock_guard lock(channel.mutex);
  channel.why = why;
  channel.came.notify_one();
}

// What a request may come to hold of the engine, from the time that it is taken on to its end.
using Share = std::shared_ptr<void>;

struct Arrival {
  StreamRequest request;
  std::int64_t max_tokens = 0;
  std::shared_ptr<Channel> channel;
  Share share;
  bool waits = false;  // for others' shares
};

// A request that is being decoded.
struct OpenRequest {
  std::shared_ptr<Channel> channel;
  Share share;
  bool whole = false, waits = false;
  std::vector<StreamPiece> news;  // of this step
};

// Whether nothing more will come.
bool hand_over(OpenRequest& request) {
  if (request.news.empty()) return false;
  const auto ended =
      std::ranges::count_if(request.news, [](const auto& piece) { return piece.ended.has_value(); });
  Channel& channel = *request.channel;
  const std::lock_guard lock(channel.mutex);
  channel.left -= static_cast<std::size_t>(ended);
  std::ranges::move(request.news, std::back_inserter(channel.pieces));
  request.news.clear();
  if (channel.left == 0) request.share.reset();  // who hears of the end finds its place free
  if (channel.left == 0 || !(request.whole || channel.rests)) channel.came.notify_one();
  return channel.left == 0;
}

}  // namespace

struct CompletionService::Impl final : GenerationEvents {
  Policy& policy;
  Tokenizer tokenizer;
  ServiceOptions options;
  std::int64_t context_length, rows;
  KvCache cache;

  mutable std::mutex mutex;
  std::condition_variable arrived;
  std::vector<Arrival> inbox;
  bool stopping = false;
  std::exception_ptr failure;
  std::atomic<std::size_t> waiting{0}, running{0};
  std::atomic<std::int64_t> shared_samples{0}, shared_rows{0};
  std::atomic<std::int64_t> prompt_tokens{0}, completion_tokens{0};

  std::map<std::size_t, OpenRequest> open;  // by group; the decoding thread's own
  std::thread thread;

  Impl(Policy& served, Tokenizer its, ServiceOptions given)
      : policy(served), tokenizer(std::move(its)), options(std::move(given)) {
    const std::int64_t most = policy.config().max_position_embeddings;
    const GeneratorOptions& engine = options.engine;
    context_length = engine.context_length == 0 ? most : std::min(engine.context_length, most);
    rows = std::clamp(engine.cache_bytes / cache_row_bytes(policy), std::int64_t{1},
                      std::min(engine.max_cache_rows, engine.max_sequences * context_length));
    cache = policy.make_cache(rows);
    thread = std::thread([this] { decode(); });
  }

  void decode();
  bool take_arrivals(Generation& generation);
  void cancel_dropped(Generation& generation);
  void deliver();
  void begun(OpenRequest& request);
  bool begins_at_once(std::int64_t samples, std::int64_t needed_rows) const;
  Share take_share(std::int64_t samples, std::int64_t needed_rows);
  void fail_all(const std::string& why);

  void drawn(std::size_t group, std::size_t index, const Completion& so_far, TokenScore* score) override;
  void finished(std::size_t group, std::size_t index, Completion completion) override;
  void broken(std::size_t group) override;
};

void CompletionService::Impl::decode() {
  const at::NoGradGuard no_grad;
  try {
    Generation generation({policy, cache, &tokenizer, options.engine.eos_ids, 0, nullptr},
                          {options.engine.max_sequences, rows, options.engine.prefill_tokens});
    while (take_arrivals(generation)) {
      cancel_dropped(generation);
      if (!generation.done()) generation.step(*this);
      deliver();
      running = generation.done() ? 0 : generation.active();
    }
    fail_all("the server is stopping");
  } catch (const std::exception& e) {
    log_warn("decoding has ended: {}", e.what());
    {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
    fail_all("decoding has failed");
  }
}

// Waits for requests when there is nothing else to do. False: it is to stop.
bool CompletionService::Impl::take_arrivals(Generation& generation) {
  std::vector<Arrival> arrivals;
  {
    std::unique_lock lock(mutex);
    if (generation.done()) arrived.wait(lock, [&] { return stopping || !inbox.empty(); });
    if (stopping) return false;
    arrivals.swap(inbox);
  }
  for (Arrival& arrival : arrivals) {
    prompt_tokens += std::ssize(arrival.request.generation.prompt);
    const std::size_t group = generation.add(std::move(arrival.request.generation), arrival.max_tokens,
                                             arrival.request.top_logprobs);
    open[group] = {
        std::move(arrival.channel), std::move(arrival.share), arrival.request.whole, arrival.waits, {}};
  }
  return true;
}

void CompletionService::Impl::cancel_dropped(Generation& generation) {
  for (auto at = open.begin(); at != open.end();) {
    if (!at->second.channel->dropped) {
      ++at;
      continue;
    }
    generation.cancel(at->first);
    begun(at->second);
    at = open.erase(at);
  }
}

void CompletionService::Impl::begun(OpenRequest& request) {
  if (std::exchange(request.waits, false)) --waiting;
}

// Whether the engine has room for it beside all that were taken on before. Those come first, so that nothing
// begins at once while others wait.
bool CompletionService::Impl::begins_at_once(std::int64_t samples, std::int64_t needed_rows) const {
  return waiting == 0 && shared_samples + samples <= options.engine.max_sequences &&
         shared_rows + needed_rows <= rows;
}

Share CompletionService::Impl::take_share(std::int64_t samples, std::int64_t needed_rows) {
  shared_samples += samples;
  shared_rows += needed_rows;
  return {nullptr, [this, samples, needed_rows](void*) {
            shared_samples -= samples;
            shared_rows -= needed_rows;
          }};
}

void CompletionService::Impl::drawn(std::size_t group, std::size_t index, const Completion& so_far,
                                    TokenScore* score) {
  ++completion_tokens;
  OpenRequest& request = open.at(group);
  begun(request);
  if (request.whole && score == nullptr) return;  // its end tells all
  StreamPiece& piece = request.news.emplace_back();
  piece.sample = index;
  piece.ids.push_back(so_far.ids.back());
  if (score != nullptr) piece.scores.push_back(std::move(*score));
}

void CompletionService::Impl::finished(std::size_t group, std::size_t index, Completion completion) {
  OpenRequest& request = open.at(group);
  if (request.news.empty() || request.news.back().sample != index || request.news.back().ended) {
    request.news.emplace_back().sample = index;
    request.news.back().ids = completion.ids;
  }
  request.news.back().ended = std::move(completion);
}

void CompletionService::Impl::broken(std::size_t group) {
  const auto at = open.find(group);
  begun(at->second);
  fail(*at->second.channel, "the model's logits, divided by the temperature, are not finite");
  open.erase(at);
}

// Hands the step's news over, once for each request.
void CompletionService::Impl::deliver() {
  for (auto at = open.begin(); at != open.end();) {
    const bool ended = hand_over(at->second);
    at = ended ? open.erase(at) : std::next(at);
  }
}

void CompletionService::Impl::fail_all(const std::string& why) {
  std::vector<Arrival> arrivals;
  {
    const std::lock_guard lock(mutex);
    stopping = true;
    arrivals.swap(inbox);
  }
  for (const Arrival& arrival : arrivals) fail(*arrival.channel, why);
  for (const auto& [group, request] : open) fail(*request.channel, why);
  open.clear();
}

CompletionService::CompletionService(Policy& policy, Tokenizer tokenizer, ServiceOptions options)
    : impl_(std::make_unique<Impl>(policy, std::move(tokenizer), std::move(options))) {}

CompletionService::~CompletionService() { stop(); }

void CompletionService::stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
    impl_->arrived.notify_one();
  }
  if (impl_->thread.joinable()) impl_->thread.join();
}

StreamingGenerator::Submission CompletionService::submit(StreamRequest request) {
  using Answer = Submission::Answer;
  const GenerationRequest& asked = request.generation;
  const auto refuse = [](Answer answer, std::string why) {
    return Submission{answer, nullptr, std::move(why)};
  };
  if (const auto checked =
          check_generation(asked, impl_->policy, /*has_tokenizer=*/true, impl_->context_length, "request");
      !checked.ok()) {
    return refuse(Answer::kInvalid, checked.error().message());
  }
  const auto length = std::ssize(asked.prompt);
  const ScheduledGroup shape{
      length, asked.n, std::min<std::int64_t>(asked.sampling.max_new_tokens, impl_->context_length - length)};
  if (shape.least_rows() > impl_->rows) {
    return refuse(Answer::kInvalid,
                  fmt::format("prompt and new tokens must fit the cache of {} tokens, got {}", impl_->rows,
                              shape.least_rows()));
  }
  auto channel = std::make_shared<Channel>();
  channel->left = static_cast<std::size_t>(asked.n);
  const std::lock_guard lock(impl_->mutex);
  if (impl_->stopping) return refuse(Answer::kStopping, "the server is stopping");
  // A group larger than the engine has what there is.
  const auto samples = std::min<std::int64_t>(asked.n, impl_->options.engine.max_sequences);
  const std::int64_t needed_rows = std::min(shape.prompt_tokens + asked.n * shape.sample_rows(), impl_->rows);
  const bool waits = !impl_->begins_at_once(samples, needed_rows);
  if (waits && impl_->waiting >= impl_->options.waiting) {
    return refuse(Answer::kBusy, fmt::format("{} requests wait already; try again", impl_->options.waiting));
  }
  if (waits) ++impl_->waiting;
  impl_->inbox.push_back(
      {std::move(request), shape.max_tokens, channel, impl_->take_share(samples, needed_rows), waits});
  impl_->arrived.notify_one();
  return {Answer::kAccepted, std::make_unique<ChannelStream>(std::move(channel)), ""};
}

StreamingGenerator::Load CompletionService::load() const {
  return {impl_->running, impl_->waiting, impl_->prompt_tokens, impl_->completion_tokens};
}

std::int64_t CompletionService::context_length() const { return impl_->context_length; }

std::exception_ptr CompletionService::failure() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->failure;
}

}  // namespace hone
