// A fixed number of threads that do the items of many callers, taking turns between the callers: a small
// batch beside a large one waits for no more than one item of it.
//
// Thread safety: run and waiting from any thread; no run may be in progress at destruction.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace hone {

class WorkPool {
 public:
  // `limit`: of items that wait for a thread. A caller is always let in when none waits.
  WorkPool(int threads, std::size_t limit);
  WorkPool(WorkPool&&) = delete;
  WorkPool& operator=(WorkPool&&) = delete;
  ~WorkPool();

  enum class Outcome { kDone, kFull, kAbandoned };
  // Calls body(0) … body(count − 1), in this order of beginning, on the pool's threads, and returns when all
  // have ended. kFull: none was begun. kAbandoned: gone() said so (asked a few times a second); what had
  // begun has ended, the rest was left out. What a body throws is thrown here, the rest being left out.
  Outcome run(std::size_t count, const std::function<void(std::size_t)>& body,
              const std::function<bool()>& gone);

  struct Load {
    std::size_t waiting = 0, running = 0;  // items
  };
  Load load() const;
  int threads() const { return static_cast<int>(threads_.size()); }

 private:
  struct Batch;
  void work();
  void leave_out_rest(Batch& batch);  // holding the lock

  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Batch*> batches_;  // with items that wait; the front has the next turn
  Load load_;
  bool stop_ = false;
  std::vector<std::jthread> threads_;  // last: they use all of the above
};

}  // namespace hone
