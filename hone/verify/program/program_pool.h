// The processes of one program: leased, replaced, and given up for a while when none of them lives.
//
// Thread safety: any member from any thread; a lease is one thread's. Units: seconds.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "hone/sandbox/line_process.h"

namespace hone {

class ProgramPool {
 public:
  // first: one that already runs.
  ProgramPool(std::vector<std::string> words, int size, double retry_seconds, LineProcess first);
  // Ends the programs: their input is closed, and those that have not ended a second later are killed.
  // Requires that no lease is left.
  ~ProgramPool();

  // The right to one of the places, and the process in it, if one is.
  class Lease {
   public:
    Lease(ProgramPool& pool, std::optional<LineProcess> process)
        : pool_(pool), process_(std::move(process)) {}
    Lease(Lease&&) = delete;
    Lease& operator=(Lease&&) = delete;
    ~Lease();

    // The process, started when there is none. Error: it cannot be started.
    Result<LineProcess*> process();
    void discard() { process_.reset(); }

   private:
    ProgramPool& pool_;
    std::optional<LineProcess> process_;
  };
  // Waits while all places are leased.
  Lease lease();

  // Why nothing should be asked now; empty when something may be. After kFailures in a row that is so, but
  // for one caller each retry_seconds.
  std::string down();
  void succeeded();
  void failed(const std::string& why);

  static constexpr int kFailures = 3;

 private:
  using Clock = std::chrono::steady_clock;
  const std::vector<std::string> words_;
  const int size_;
  const Clock::duration retry_;
  std::mutex mutex_;
  std::condition_variable freed_;
  int leased_ = 0;
  std::vector<LineProcess> idle_;  // last used last

  int failures_ = 0;  // in a row
  Clock::time_point next_try_;
  std::string last_failure_;
};

}  // namespace hone
