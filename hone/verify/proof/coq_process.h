// One Coq, running in the sandbox with its imports done, spoken to over coqidetop's XML protocol.
//
// Answers come as XML elements in which whatever a tactic prints is escaped, so that printed text cannot be
// taken for an answer; the last question of each proof carries a number drawn at random after the proof's
// text was fixed. Written for Coq 8.16 (Debian 12's); start() asks the program and refuses what does not
// answer.
//
// Thread safety: a process is one thread's at a time. Units: seconds.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/result.h"
#include "hone/sandbox/sandbox.h"
#include "hone/types/verdict.h"
#include "hone/verify/proof/proof.h"

namespace hone {

class CoqProcess {
 public:
  // program: the name of coqidetop. Error: it does not start, or the preamble is not accepted (its message).
  static Result<CoqProcess> start(const Sandbox& sandbox, const std::string& program,
                                  const std::string& preamble, const ProofOptions& options);

  // Whether `statement` is proved by `tactics` (coq_text.h), in a state of its own that is left behind.
  // Nothing when the process died of it. After timeout, or when not usable(), the process is to be thrown
  // away.
  std::optional<Verdict> prove(const std::string& statement, const std::vector<std::string>& tactics,
                               const ProofOptions& options);

  bool usable() const { return usable_; }

 private:
  using Clock = std::chrono::steady_clock;
  enum class End { kGood, kFail, kDeadline, kMemory, kOutput, kDead };
  struct Reply {
    End end = End::kDead;
    std::string all;      // everything since the last reply
    std::string value;    // the <value> element
    std::string message;  // of a failure, as plain text
  };

  explicit CoqProcess(SandboxProcess process) : process_(std::move(process)) {}
  Reply call(const std::string& xml);
  Reply add(std::string_view sentence, int on);
  Reply status();
  // The messages that answer `command` at `state`.
  Reply query(std::string_view command, int state, std::string& answer);
  // A verdict for replies that decide by themselves; nothing for kDead.
  std::optional<Verdict> ended(const Reply& reply, std::string_view during);
  std::optional<Verdict> judge(const std::string& statement, const std::vector<std::string>& tactics,
                               const ProofOptions& options);
  std::optional<Verdict> judge_assumptions(int state, const ProofOptions& options);

  SandboxProcess process_;
  Clock::time_point deadline_;
  int base_ = 1;            // the state after the preamble
  bool no_axioms_ = false;  // the preamble's world holds none: nothing proved in it can rest on one
  bool usable_ = true;
  int proofs_ = 0;
};

}  // namespace hone
