// hone verify: verdicts for JSON lines, in parallel, in their order.
#include <chrono>
#include <condition_variable>
#include <deque>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "hone/base/json.h"
#include "hone/base/log.h"
#include "hone/cli/command.h"
#include "hone/cli/jsonl.h"
#include "hone/cli/progress.h"
#include "hone/cli/verify_options.h"
#include "hone/verify/service.h"

namespace hone {
namespace {

using OrderedJson = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr const char* kVerifyHelp = R"help(In, one object a line (other keys are kept):
  {"verifier":"math","reference":"1/2","completion":"so \\boxed{0.5}"}
  {"verifier":"code","language":"python","completion":"…","tests":{"kind":"stdio","cases":[{"stdin":"1","stdout":"2"}]}}
  {"verifier":"proof","checker":"metamath","statement":"|- ( ph -> ph )","completion":"…"}
Out: the line with status (correct, wrong, unparsable, timeout, error), score in [0, 1] or null where nothing
was decided, detail and ms. docs/verifiers.md has every rule.)help";

// One line on its way from the reader to the writer.
struct Job {
  std::string text;
  std::int64_t line = 0;
  OrderedJson row;  // the answer, once done
  VerdictStatus status = VerdictStatus::kError;
  bool bad = false;  // not a row at all
  bool done = false;
};

void judge(const VerifyService& service, Job& job) {
  const auto start = Clock::now();
  const auto parsed = parse_json(job.text, fmt::format("stdin:{}", job.line));  // bounds the depth
  if (parsed.ok() && parsed->is_object()) {
    job.row = OrderedJson::parse(job.text);
    const Verdict verdict = service.verify(job.row);
    job.status = verdict.status;
    write_verdict(job.row, verdict, std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  } else {
    job.bad = true;
    const Error error =
        parsed.ok() ? Error{fmt::format("stdin:{}", job.line), "must be a JSON object", brief(*parsed)}
                    : parsed.error();
    log_warn("{}", error.message());
    job.row = {{"line", job.line}, {"text", job.text}};
    write_verdict(job.row, {VerdictStatus::kError, 0.0, error.message()}, 0.0);
  }
  job.text = {};
}

// Lines come in on the caller's thread, are judged on `workers` others, and are written by one more as soon
// as all before them are. At most `limit` lines are held.
class Pipeline {
 public:
  Pipeline(const VerifyService& service, int workers, std::function<Result<void>(const Job&)> write)
      : service_(service), write_(std::move(write)), limit_(static_cast<std::size_t>(workers) * 64) {
    for (int i = 0; i < workers; ++i) threads_.emplace_back([this] { work(); });
    threads_.emplace_back([this] { write_in_order(); });
  }
  ~Pipeline() { static_cast<void>(finish()); }
  Pipeline(Pipeline&&) = delete;
  Pipeline& operator=(Pipeline&&) = delete;

  // False when nobody takes what is written any more.
  bool push(std::string text, std::int64_t line) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return jobs_.size() < limit_ || !outcome_.ok(); });
    if (!outcome_.ok()) return false;
    jobs_.push_back(std::make_shared<Job>());
    jobs_.back()->text = std::move(text);
    jobs_.back()->line = line;
    waiting_.push_back(jobs_.back());
    changed_.notify_all();
    return true;
  }

  Result<void> finish() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
      changed_.notify_all();
    }
    threads_.clear();  // joins
    return outcome_;
  }

 private:
  void work() {
    for (;;) {
      std::shared_ptr<Job> job;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return !waiting_.empty() || ended_ || !outcome_.ok(); });
        if (waiting_.empty() || !outcome_.ok()) return;
        job = std::move(waiting_.front());
        waiting_.pop_front();
      }
      judge(service_, *job);
      const std::lock_guard lock(mutex_);
      job->done = true;
      changed_.notify_all();
    }
  }

  void write_in_order() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return jobs_.empty() ? ended_ : jobs_.front()->done; });
      if (jobs_.empty()) return;
      const std::shared_ptr<Job> job = std::move(jobs_.front());
      jobs_.pop_front();
      changed_.notify_all();
      lock.unlock();
      auto written = write_(*job);
      lock.lock();
      if (written.ok()) continue;
      outcome_ = std::move(written);
      changed_.notify_all();
      return;
    }
  }

  const VerifyService& service_;
  const std::function<Result<void>(const Job&)> write_;
  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Job>> jobs_;     // in order, those being judged included
  std::deque<std::shared_ptr<Job>> waiting_;  // not begun
  bool ended_ = false;
  Result<void> outcome_;
  std::vector<std::jthread> threads_;  // last: they use all of the above
};

Result<int> verify(const VerifyOptions& options) {
  HONE_TRY(const int workers, options.workers());
  const VerifyService service(options.verifier);
  std::map<VerdictStatus, std::int64_t> counts;
  std::int64_t written = 0, bad = 0;
  const bool live = detect_terminal(stderr).live;
  Progress progress(stderr);
  if (live) progress.stage("verify", 0);
  Pipeline pipeline(service, workers, [&](const Job& job) -> Result<void> {
    ++counts[job.status];
    ++written;
    bad += job.bad ? 1 : 0;
    HONE_TRY_VOID(write_json_line(stdout, job.row));
    if (live && written % 64 == 0) {
      progress.step(
          written,
          {{"correct", static_cast<double>(counts[VerdictStatus::kCorrect]) / static_cast<double>(written),
            ValueKind::kPercent}});
    }
    return {};
  });
  std::string line;
  for (std::int64_t number = 1; std::getline(std::cin, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    if (!pipeline.push(std::move(line), number)) break;
  }
  HONE_TRY_VOID(pipeline.finish());
  progress.finish();
  if (std::cin.bad()) return Error{"stdin", "must be readable", ""};
  std::string summary;
  for (const auto& [status, count] : counts) summary += fmt::format(", {} {}", count, to_string(status));
  fmt::print(stderr, "{} line{}{}\n", written, written == 1 ? "" : "s", summary);
  if (bad > 0) fmt::print(stderr, "{} of them not JSON objects\n", bad);
  return 0;
}

}  // namespace

void add_verify_command(CommandLine& line) {
  auto options = std::make_shared<VerifyOptions>();
  Command& command =
      line.add("verify", "Verdicts for JSON lines, in parallel", [options] { return verify(*options); });
  command.footer(kVerifyHelp);
  add_verify_options(command, *options);
}

}  // namespace hone
