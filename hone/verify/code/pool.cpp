#include "hone/verify/code/pool.h"

#include <algorithm>

namespace hone {

WorkerPool::WorkerPool(Sandbox sandbox, std::string prelude,
                       std::vector<std::pair<std::filesystem::path, std::string>> shown, int size)
    : sandbox_(std::move(sandbox)),
      prelude_(std::move(prelude)),
      shown_(std::move(shown)),
      size_(std::max(size, 1)) {}

Result<WorkerPool::Lease> WorkerPool::lease() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [this] { return leased_ < size_; });
  ++leased_;
  if (!idle_.empty()) {
    SandboxWorker worker = std::move(idle_.back());
    idle_.pop_back();
    return Lease(*this, std::move(worker));
  }
  lock.unlock();
  auto started = SandboxWorker::start(sandbox_, prelude_, shown_);
  if (started.ok()) return Lease(*this, std::move(started).value());
  lock.lock();
  --leased_;
  returned_.notify_one();
  return started.error();
}

WorkerPool::Lease::~Lease() {
  if (pool_ == nullptr) return;
  const std::lock_guard lock(pool_->mutex_);
  --pool_->leased_;
  if (!worker_.dead()) pool_->idle_.push_back(std::move(worker_));
  pool_->returned_.notify_one();
}

Result<SandboxWorker*> WorkerPool::Lease::worker() {
  if (worker_.dead()) {
    HONE_TRY(worker_, SandboxWorker::start(pool_->sandbox_, pool_->prelude_, pool_->shown_));
  }
  return &worker_;
}

}  // namespace hone
