// Warm workers for judgements, started when they are first needed and replaced when they die.
//
// Thread safety: lease() may be called from several threads at once; it waits while all workers are leased.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hone/base/result.h"
#include "hone/sandbox/worker.h"

namespace hone {

class WorkerPool {
 public:
  WorkerPool(Sandbox sandbox, std::string prelude,
             std::vector<std::pair<std::filesystem::path, std::string>> shown, int size);

  // A worker for one judgement; given back when this dies.
  class Lease {
   public:
    Lease(WorkerPool& pool, SandboxWorker worker) : pool_(&pool), worker_(std::move(worker)) {}
    Lease(Lease&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), worker_(std::move(other.worker_)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    // Starts another one when the last job has taken the worker down with it.
    Result<SandboxWorker*> worker();

   private:
    WorkerPool* pool_;
    SandboxWorker worker_;
  };
  // Error: a worker cannot be started.
  Result<Lease> lease();

 private:
  Sandbox sandbox_;
  std::string prelude_;
  std::vector<std::pair<std::filesystem::path, std::string>> shown_;
  int size_;
  std::mutex mutex_;
  std::condition_variable returned_;
  int leased_ = 0;
  std::vector<SandboxWorker> idle_;
};

}  // namespace hone
