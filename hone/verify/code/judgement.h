// One judgement: its time, what it has found so far, and the verdict that follows.
//
// Thread safety: one thread's at a time.
#pragma once

#include <chrono>
#include <string>

#include "hone/sandbox/worker.h"
#include "hone/types/verdict.h"
#include "hone/verify/code/code_verifier.h"
#include "hone/verify/code/pool.h"

namespace hone {

class Judgement {
 public:
  Judgement(const CodeOptions& options, WorkerPool::Lease lease, std::size_t tests);

  // Runs jobs under the options' limits, `seconds` of wall time and what is left of the judgement's at most.
  // Error: the host's.
  Result<std::vector<WorkerResult>> run(std::span<WorkerJob> jobs, SandboxLimits limits);
  Result<WorkerResult> run(WorkerJob job, SandboxLimits limits);

  // The same without the judgement's time: for what all later judgements use.
  Result<WorkerResult> run_unbounded(WorkerJob job, const SandboxLimits& limits);

  SandboxLimits case_limits() const;     // one run of a candidate
  SandboxLimits compile_limits() const;  // one run of a compiler
  double seconds_left() const;

  void passed() { ++passed_; }
  // Only the first is told.
  void failed(std::size_t test, const std::string& why);
  void not_compiled(const std::string& why);
  void forget();  // what was found so far, for a second try by another compiler
  bool any_failed() const { return failed_; }
  // No further test can change the verdict.
  bool settled() const { return failed_ && !options_.partial_credit; }

  // How a run ended, unless well: "killed after 4 s", "exit code 3: ValueError: …". Notes when the machine,
  // not the program, may have been why; failed() must follow.
  std::string bad_end(const WorkerResult& result);
  // Why a compiler did not succeed: its first error.
  std::string compiler_errors(const WorkerResult& result);

  Verdict verdict() const;

 private:
  const CodeOptions& options_;
  WorkerPool::Lease lease_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::size_t tests_, passed_ = 0;
  bool failed_ = false, compiled_ = true, busy_ = false;
  std::string first_;
  double cpu_seconds_ = 0.0;
  std::int64_t peak_bytes_ = 0;
};

Verdict undecided(const Error& error);

// The content of an anonymous file, `cap` bytes at most.
std::string content_of(const Fd& file, std::int64_t cap);

}  // namespace hone
