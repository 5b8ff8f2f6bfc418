#include "hone/web/endpoint_friend.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "hone/base/log.h"
#include "hone/web/chat_reply.h"
#include "hone/web/http_post.h"
#include "hone/web/opinion_cache.h"

namespace hone {
namespace {

constexpr double kLongestWait = 60;  // seconds between two attempts

// What one question came to.
struct Outcome {
  Opinion opinion;
  bool answered = false;  // kept for good
  std::int64_t calls = 0, tokens = 0;
};

bool may_pass(int status) { return status == 408 || status == 429 || status >= 500; }

void take_out(std::string& text, const std::string& secret) {
  if (secret.empty()) return;
  for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos;)
    text.replace(at, secret.size(), "***");
}

class EndpointFriend : public Friend {
 public:
  EndpointFriend(EndpointOptions options, std::unique_ptr<OpinionCache> cache, OpinionCache::Spent spent)
      : options_(std::move(options)), cache_(std::move(cache)), spent_(spent) {
    url_ = options_.asked.url;
    while (url_.ends_with('/')) url_.pop_back();
    constexpr std::string_view kPath = "/chat/completions";
    if (!url_.ends_with(kPath)) url_ += kPath;
  }

  // What its answers are kept under, and its spending.
  static std::string identity(const FriendOptions& asked) { return asked.url + " " + asked.model; }

  std::string name() const override { return options_.name; }
  std::size_t voters() const override { return static_cast<std::size_t>(options_.asked.copies); }

  Result<std::vector<std::vector<Opinion>>> ask(std::span<const JudgeQuestion> questions,
                                                std::int64_t step) override {
    std::vector<std::vector<Opinion>> opinions(questions.size(), std::vector<Opinion>(voters()));
    std::vector<Job> jobs;
    const std::string endpoint = identity(options_.asked);
    for (std::size_t q = 0; q < questions.size(); ++q) {
      const std::string request = chat_request(options_.asked, questions[q].text);
      for (std::size_t v = 0; v < voters(); ++v) {
        const std::string key = fmt::format("copy {} {}", v, request);
        const std::string failed = failures_of(step) + key;
        HONE_TRY(auto known, cache_->find(endpoint, key));
        if (!known) {
          HONE_TRY(known, cache_->find(endpoint, failed));
        }
        if (known) {
          opinions[q][v] = std::move(*known);
        } else {
          jobs.push_back({&opinions[q][v], request, key, failed});
        }
      }
    }
    HONE_TRY_VOID(do_all(jobs));
    return opinions;
  }

  Result<void> withdraw(std::int64_t step) override {
    return cache_->forget(identity(options_.asked), failures_of(step));
  }

 private:
  std::string failures_of(std::int64_t step) const {
    return fmt::format("run {} step {} ", options_.run, step);
  }

  struct Job {
    Opinion* opinion;
    std::string request, key, failed_key;
  };

  Result<void> do_all(const std::vector<Job>& jobs) {
    if (jobs.empty()) return {};
    in_a_row_ = 0;
    gave_up_.clear();
    std::atomic<std::size_t> next = 0;
    Result<void> stored;
    const auto work = [&] {
      HttpPoster poster;
      for (std::size_t i; (i = next++) < jobs.size();) {
        Outcome outcome = settle(poster, jobs[i].request);
        const std::lock_guard lock(mutex_);
        if (!stored.ok()) return;
        stored = cache_->put(identity(options_.asked), outcome.answered ? jobs[i].key : jobs[i].failed_key,
                             outcome.opinion, {outcome.calls, outcome.tokens});
        *jobs[i].opinion = std::move(outcome.opinion);
      }
    };
    {
      std::vector<std::jthread> workers;
      const auto count = std::min(jobs.size(), static_cast<std::size_t>(options_.asked.workers));
      for (std::size_t i = 1; i < count; ++i) workers.emplace_back(work);
      work();
    }
    if (!gave_up_.empty())
      log_warn("friend {}: not asked any more in this step: {}", options_.name, gave_up_);
    return stored;
  }

  // One question to its end: an answer, or the reason why there is none.
  Outcome settle(HttpPoster& poster, const std::string& request) {
    Outcome outcome;
    for (int attempt = 0;; ++attempt) {
      if (!may_go_on(outcome.opinion)) return outcome;
      ++outcome.calls;
      PostReply reply = poster.post(url_, options_.key, request, options_.asked.seconds);
      take_out(reply.body, options_.key);
      const bool answered = reply.end == PostReply::End::kAnswered;
      if (answered && reply.status >= 200 && reply.status < 300) {
        ChatReply read = read_chat_reply(options_.asked, request, reply.body);
        outcome.opinion = std::move(read.opinion);
        outcome.answered = read.readable;
        outcome.tokens += read.tokens;
        note(outcome, read.tokens);
        return outcome;
      }
      // Of a refusal only the status is told: its text may quote what was sent.
      outcome.opinion = {std::nullopt, reply.end == PostReply::End::kTimeout,
                         answered ? fmt::format("HTTP status {}", reply.status) : reply.why};
      const bool again = !answered || may_pass(reply.status);
      if (!again || attempt >= options_.asked.retries) {
        note(outcome, 0);
        return outcome;
      }
      const double wait = std::max(options_.backoff_seconds * static_cast<double>(1 << std::min(attempt, 20)),
                                   reply.retry_after);
      std::this_thread::sleep_for(std::chrono::duration<double>(std::min(wait, kLongestWait)));
    }
  }

  // Reserves one more attempt. False: the caps are reached, or the endpoint answers nobody.
  bool may_go_on(Opinion& opinion) {
    const std::lock_guard lock(mutex_);
    const FriendOptions& o = options_.asked;
    if (!gave_up_.empty()) {
      if (opinion.why.empty()) opinion.why = "not asked: " + gave_up_;
      return false;
    }
    if (o.max_calls > 0 && spent_.calls >= o.max_calls) {
      gave_up_ = fmt::format("max_calls {} are spent", o.max_calls);
    } else if (o.max_tokens > 0 && spent_.tokens >= o.max_tokens) {
      gave_up_ = fmt::format("max_tokens {} are spent", o.max_tokens);
    }
    if (!gave_up_.empty()) {
      opinion.why = "not asked: " + gave_up_;
      return false;
    }
    ++spent_.calls;
    return true;
  }

  // An endpoint that fails everybody is left alone for the rest of the step: with its retries each question
  // would take minutes.
  void note(const Outcome& outcome, std::int64_t tokens) {
    const std::lock_guard lock(mutex_);
    spent_.tokens += tokens;
    in_a_row_ = outcome.answered ? 0 : in_a_row_ + 1;
    const int most = std::max(16, 2 * options_.asked.workers);
    if (in_a_row_ >= most && gave_up_.empty())
      gave_up_ = fmt::format("{} questions in a row had no answer ({})", in_a_row_, outcome.opinion.why);
  }

  EndpointOptions options_;
  std::string url_;
  std::unique_ptr<OpinionCache> cache_;
  std::mutex mutex_;
  // Under mutex_ while workers run:
  OpinionCache::Spent spent_;
  int in_a_row_ = 0;     // questions without an answer
  std::string gave_up_;  // why nobody asks any more in this step
};

}  // namespace

Result<std::string> endpoint_key(const FriendOptions& options) {
  if (options.key_env.empty()) return std::string();
  const std::string where = "friends: key_env";
  const char* value = std::getenv(options.key_env.c_str());
  if (value == nullptr || *value == '\0')
    return Error{where, fmt::format("the environment must hold the key in {}", options.key_env), "none"};
  const std::string key = value;
  const bool plain = std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (!plain) {
    return Error{where,
                 fmt::format("the key in {} must be of ASCII characters without spaces", options.key_env),
                 "others"};
  }
  return key;
}

Result<std::unique_ptr<Friend>> make_endpoint_friend(EndpointOptions options,
                                                     const std::filesystem::path& cache) {
  HONE_TRY(std::unique_ptr<OpinionCache> opened, OpinionCache::open(cache));
  HONE_TRY(const OpinionCache::Spent spent, opened->spent(EndpointFriend::identity(options.asked)));
  return std::unique_ptr<Friend>(
      std::make_unique<EndpointFriend>(std::move(options), std::move(opened), spent));
}

}  // namespace hone
