#include "hone/loop/judge.h"

#include <algorithm>
#include <system_error>

#include "hone/base/check.h"
#include "hone/base/threads.h"

namespace hone {

RolloutJudge::RolloutJudge(std::span<Group> groups, int samples, const Rubric& rubric)
    : groups_(groups),
      rubric_(rubric),
      waiting_calls_(static_cast<std::size_t>(rubric.concurrency())),
      missing_(groups.size() * static_cast<std::size_t>(samples)) {
  for (Group& group : groups) group.rollouts.assign(static_cast<std::size_t>(samples), {});
}

RolloutJudge::~RolloutJudge() {
  {
    const std::lock_guard lock(mutex_);
    waiting_.clear();
    over_ = true;
  }
  changed_.notify_all();
  workers_.clear();  // joins them, before what they use is gone
}

void RolloutJudge::add(std::size_t group, std::size_t sample, const Completion& completion) {
  HONE_CHECK(missing_ > 0 && group < groups_.size() && sample < groups_[group].rollouts.size(),
             "completion {} of request {}, {} missing", sample, group, missing_);
  --missing_;
  Rollout& rollout = groups_[group].rollouts[sample];
  // A copy, since the generator keeps and later moves its own. It stays in its place for good: workers read
  // it there, and it becomes the record. It costs microseconds; sampling it cost milliseconds.
  rollout.completion = completion;
  bool too_few;
  {
    const std::lock_guard lock(mutex_);
    if (thrown_) return;
    waiting_.push_back({&groups_[group].problem, &rollout});
    too_few = waiting_.size() > idle_;
  }
  changed_.notify_one();
  if (too_few && workers_.size() < waiting_calls_) hire();
}

void RolloutJudge::finish() {
  HONE_CHECK(missing_ == 0, "{} completions were not added", missing_);
  std::size_t left;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    left = waiting_.size();
  }
  changed_.notify_all();
  // A thread for each core, this one among them, and one for each call that waits for a process meanwhile.
  const std::size_t wanted = waiting_calls_ + static_cast<std::size_t>(thread_count()) - workers_.size();
  for (std::size_t i = 1; i < std::min(left, wanted); ++i) hire();
  work();
  workers_.clear();
  if (thrown_) std::rethrow_exception(thrown_);
}

void RolloutJudge::hire() {
  try {
    workers_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {  // then finish() has more left to do
  }
}

void RolloutJudge::work() {
  std::unique_lock lock(mutex_);
  while (!over_ || !waiting_.empty()) {
    if (waiting_.empty()) {
      ++idle_;
      changed_.wait(lock);
      --idle_;
      continue;
    }
    const Task task = waiting_.front();
    waiting_.pop_front();
    lock.unlock();
    std::exception_ptr thrown;
    try {
      task.rollout->reward = rubric_.judge(*task.problem, task.rollout->completion);
    } catch (...) {
      thrown = std::current_exception();
    }
    lock.lock();
    if (thrown) {
      if (!thrown_) thrown_ = thrown;
      waiting_.clear();
    }
  }
}

}  // namespace hone
