#include "hone/verify/program/program_pool.h"

#include <algorithm>

#include "hone/base/log.h"

namespace hone {
namespace {

constexpr double kSecondsToStop = 1.0;

}  // namespace

ProgramPool::ProgramPool(std::vector<std::string> words, int size, double retry_seconds, LineProcess first)
    : words_(std::move(words)),
      size_(size),
      retry_(std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(retry_seconds))) {
  idle_.push_back(std::move(first));
}

ProgramPool::~ProgramPool() {
  for (LineProcess& process : idle_) process.close_input();
  const auto end = Clock::now() + std::chrono::duration<double>(kSecondsToStop);
  for (LineProcess& process : idle_) {
    process.wait(std::max(0.0, std::chrono::duration<double>(end - Clock::now()).count()));
  }
}

ProgramPool::Lease ProgramPool::lease() {
  std::unique_lock lock(mutex_);
  freed_.wait(lock, [this] { return leased_ < size_; });
  ++leased_;
  // The last used one is the warmest, and the others may be paged out.
  std::optional<LineProcess> process;
  if (!idle_.empty()) {
    process = std::move(idle_.back());
    idle_.pop_back();
  }
  lock.unlock();
  return Lease(*this, std::move(process));
}

ProgramPool::Lease::~Lease() {
  {
    const std::lock_guard lock(pool_.mutex_);
    --pool_.leased_;
    if (process_) pool_.idle_.push_back(*std::move(process_));
  }
  pool_.freed_.notify_one();
}

Result<LineProcess*> ProgramPool::Lease::process() {
  if (process_ && !process_->running()) process_.reset();
  if (!process_) {
    HONE_TRY(LineProcess started, LineProcess::start(pool_.words_));
    process_ = std::move(started);
  }
  return &*process_;
}

std::string ProgramPool::down() {
  const std::lock_guard lock(mutex_);
  if (failures_ < kFailures) return "";
  const auto now = Clock::now();
  if (now >= next_try_) {
    next_try_ = now + retry_;
    return "";
  }
  return fmt::format("the program failed {} times in a row without an answer; last: {}", failures_,
                     last_failure_);
}

void ProgramPool::succeeded() {
  const std::lock_guard lock(mutex_);
  if (failures_ >= kFailures) log_info("the verifier {} answers again", words_[0]);
  failures_ = 0;
}

void ProgramPool::failed(const std::string& why) {
  const std::lock_guard lock(mutex_);
  last_failure_ = why;
  if (++failures_ != kFailures) return;
  next_try_ = Clock::now() + retry_;
  log_warn(
      "the verifier {} failed {} times in a row without an answer: its verdicts are errors until it does; {}",
      words_[0], failures_, why);
}

}  // namespace hone
