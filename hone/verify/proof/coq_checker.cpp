#include "hone/verify/proof/coq_checker.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "hone/sandbox/sandbox.h"
#include "hone/verify/proof/coq_process.h"
#include "hone/verify/proof/coq_text.h"

namespace hone {
namespace {

// At most options.processes live at one time; an idle one with another preamble makes room for a new one.
class CoqPool {
 public:
  CoqPool(Sandbox sandbox, std::string program, const ProofOptions& options)
      : sandbox_(std::move(sandbox)), program_(std::move(program)), options_(options) {}

  Result<CoqProcess> acquire(const std::string& preamble) {
    std::optional<CoqProcess> leaving;  // destroyed outside the lock
    {
      std::unique_lock lock(mutex_);
      while (true) {
        for (auto it = idle_.begin(); it != idle_.end(); ++it) {
          if (it->first != preamble) continue;
          CoqProcess process = std::move(it->second);
          idle_.erase(it);
          return process;
        }
        if (live_ < std::max(1, options_.processes)) {
          ++live_;
          break;
        }
        if (!idle_.empty()) {
          leaving = std::move(idle_.front().second);
          idle_.pop_front();
          break;
        }
        freed_.wait(lock);
      }
    }
    leaving.reset();
    Result<CoqProcess> process = CoqProcess::start(sandbox_, program_, preamble, options_);
    if (!process.ok()) forget();
    return process;
  }

  void release(const std::string& preamble, CoqProcess process) {
    if (!process.usable()) {
      forget();
      return;
    }
    {
      const std::lock_guard lock(mutex_);
      idle_.emplace_back(preamble, std::move(process));
    }
    freed_.notify_one();
  }

 private:
  void forget() {
    {
      const std::lock_guard lock(mutex_);
      --live_;
    }
    freed_.notify_one();
  }

  const Sandbox sandbox_;
  const std::string program_;
  const ProofOptions options_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::deque<std::pair<std::string, CoqProcess>> idle_;  // least recently used first
  int live_ = 0;
};

class CoqChecker : public ProofChecker {
 public:
  CoqChecker(Sandbox sandbox, std::string program, const ProofOptions& options)
      : options_(options), pool_(std::move(sandbox), std::move(program), options) {}

  Verdict check(const ProofTask& task) const override {
    if (const Result<void> stated = check_coq_statement(task.statement); !stated.ok()) {
      return {VerdictStatus::kError, 0.0, stated.error().message()};
    }
    const Result<std::vector<std::string>> tactics =
        coq_tactics(task.proof, task.statement, coq_ltac_names(task.preamble));
    if (!tactics.ok()) return {VerdictStatus::kWrong, 0.0, tactics.error().rule};
    if (tactics->empty()) return {VerdictStatus::kUnparsable, 0.0, "the proof holds no tactic"};
    // A process may have died of an earlier proof's leavings; twice in a row, it is this one's doing.
    for (int attempt = 0; attempt < 2; ++attempt) {
      Result<CoqProcess> process = pool_.acquire(task.preamble);
      if (!process.ok()) return {VerdictStatus::kError, 0.0, process.error().message()};
      std::optional<Verdict> verdict = process->prove(task.statement, *tactics, options_);
      pool_.release(task.preamble, std::move(process).value());
      if (verdict) return *std::move(verdict);
    }
    return {VerdictStatus::kWrong, 0.0, "Coq dies of this proof"};
  }

 private:
  const ProofOptions options_;
  mutable CoqPool pool_;
};

}  // namespace

Result<std::unique_ptr<ProofChecker>> make_coq_checker(const ProofOptions& options) {
  HONE_TRY(Sandbox sandbox, Sandbox::open());
  for (const char* program : {"coqidetop.opt", "coqidetop"}) {
    SandboxCommand version;
    version.argv = {program, "--version"};
    SandboxLimits limits;
    limits.memory_bytes = options.memory_bytes;
    HONE_TRY(const SandboxResult result, sandbox.run(version, limits));
    if (!result.success()) continue;
    return std::unique_ptr<ProofChecker>(std::make_unique<CoqChecker>(std::move(sandbox), program, options));
  }
  return Error{"proof: coq", "coqidetop must be installed (Debian's package coq)", ""};
}

}  // namespace hone
