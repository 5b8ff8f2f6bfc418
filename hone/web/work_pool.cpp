#include "hone/web/work_pool.h"

#include <algorithm>
#include <chrono>

namespace hone {

// Lives on its caller's stack until nothing of it waits or runs.
struct WorkPool::Batch {
  const std::function<void(std::size_t)>& body;
  const std::size_t count;
  std::size_t next = 0, running = 0;
  std::exception_ptr failure = nullptr;
  std::condition_variable changed = {};

  bool ended() const { return next == count && running == 0; }
};

WorkPool::WorkPool(int threads, std::size_t limit) : limit_(limit) {
  for (int i = 0; i < std::max(1, threads); ++i) threads_.emplace_back([this] { work(); });
}

WorkPool::~WorkPool() {
  const std::lock_guard lock(mutex_);
  stop_ = true;
  ready_.notify_all();
}

WorkPool::Load WorkPool::load() const {
  const std::lock_guard lock(mutex_);
  return load_;
}

void WorkPool::leave_out_rest(Batch& batch) {
  load_.waiting -= batch.count - batch.next;
  batch.next = batch.count;
  std::erase(batches_, &batch);
}

WorkPool::Outcome WorkPool::run(std::size_t count, const std::function<void(std::size_t)>& body,
                                const std::function<bool()>& gone) {
  if (count == 0) return Outcome::kDone;
  std::unique_lock lock(mutex_);
  if (load_.waiting > 0 && load_.waiting + count > limit_) return Outcome::kFull;
  Batch batch{body, count};
  load_.waiting += count;
  batches_.push_back(&batch);
  count == 1 ? ready_.notify_one() : ready_.notify_all();
  bool abandoned = false;
  while (!batch.changed.wait_for(lock, std::chrono::milliseconds(250), [&] { return batch.ended(); })) {
    lock.unlock();  // gone() is a system call
    const bool left = gone();
    lock.lock();
    if (left && batch.next < batch.count) {
      abandoned = true;
      leave_out_rest(batch);
    }
  }
  if (batch.failure != nullptr) std::rethrow_exception(batch.failure);
  return abandoned ? Outcome::kAbandoned : Outcome::kDone;
}

void WorkPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ready_.wait(lock, [&] { return stop_ || !batches_.empty(); });
    if (batches_.empty()) return;
    Batch& batch = *batches_.front();
    batches_.pop_front();
    const std::size_t item = batch.next++;
    --load_.waiting;
    ++load_.running;
    ++batch.running;
    if (batch.next < batch.count) batches_.push_back(&batch);
    lock.unlock();
    std::exception_ptr failure;
    try {
      batch.body(item);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    if (failure != nullptr) {
      if (batch.failure == nullptr) batch.failure = failure;
      leave_out_rest(batch);
    }
    --load_.running;
    --batch.running;
    // Under the lock: the batch may be gone as soon as its caller gets it.
    if (batch.ended()) batch.changed.notify_one();
  }
}

}  // namespace hone
