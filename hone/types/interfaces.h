// The seams of the loop. Everything on the other side of one can be replaced by a fake in tests.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/types/completion.h"
#include "hone/types/problem.h"
#include "hone/types/rollout.h"
#include "hone/types/train_batch.h"
#include "hone/types/verdict.h"

namespace hone {

// prompts → completions.
class Generator {
 public:
  virtual ~Generator() = default;

  // Called once for each completion as soon as it is finished, from the calling thread, while others still
  // decode.
  using OnFinished = std::function<void(std::size_t request, std::size_t sample, const Completion&)>;

  // Returns, for each request, its n completions in order. A result depends only on its request and the
  // weights, not on what else is in the call. Error: an empty prompt, or prompt and one token not fitting the
  // context.
  virtual Result<std::vector<std::vector<Completion>>> generate(std::span<const GenerationRequest> requests,
                                                                const OnFinished& on_finished = {}) = 0;

  // Tokens that a prompt and its completion may fill together.
  virtual std::int64_t context_length() const = 0;
};

// One problem's world: what the policy sees first, and what follows its turn.
class Environment {
 public:
  virtual ~Environment() = default;

  struct Prompt {
    std::string text;               // rendered, for the record
    std::vector<std::int32_t> ids;  // what the policy reads
  };
  struct Outcome {
    bool done = true;
    std::vector<std::int32_t> next_ids;  // appended before the next turn; they carry no loss
  };

  virtual Result<Prompt> reset(const Problem& problem) = 0;
  virtual Result<Outcome> step(const Problem& problem, const Completion& turn) = 0;
};

// rollout → verdict. Called from several threads at once: implementations are const and share nothing
// mutable.
class Verifier {
 public:
  virtual ~Verifier() = default;
  virtual std::string name() const = 0;
  // Whether kCorrect means that the problem is solved (accuracy), or only that a form or cost was met.
  virtual bool judges_correctness() const = 0;
  // Calls worth making at once where they wait for other processes; 0: it computes, a call for each core.
  virtual int concurrency() const { return 0; }
  virtual Verdict verify(const Problem& problem, const Completion& completion) const = 0;

  // For votes. Whether completions have answers that can be compared with each other; the next two are called
  // only then. Neither is shown the problem: a vote can't know its label.
  virtual bool compares_answers() const { return false; }
  // The final answer that verify() reads; absent where it would say kUnparsable.
  virtual std::optional<std::string> final_answer(const Completion&) const { return std::nullopt; }
  // Whether two of these mean the same.
  virtual bool same_answer(const std::string& a, const std::string& b) const { return a == b; }
};

// groups → verdicts, for rewards that no completion has by itself: votes, friends. Called from one thread,
// once every completion of the step has the verdicts of its own and nothing decodes.
class GroupVerifier {
 public:
  virtual ~GroupVerifier() = default;
  struct Judgement {
    std::vector<std::vector<Verdict>> verdicts;  // of every rollout of every group, in order
    Metrics metrics;
  };
  virtual std::string name() const = 0;
  // `correct` and the answers of problems may be measured against, never judged by. `step` keys random
  // numbers: updates done before these groups were sampled. Error: what a run can't go on with.
  virtual Result<Judgement> verify(std::span<const Group> groups, std::int64_t step) = 0;
};

// batch → statistics.
class Learner {
 public:
  virtual ~Learner() = default;

  // Does the batch's optimizer steps. A loss or gradient that is not finite is an error: the weights, moments
  // and version are then those before the call.
  virtual Result<UpdateReport> update(const TrainBatch& batch) = 0;

  // Writes a Hugging Face model directory with trainer/ (optimizer state, versions) into an existing empty
  // folder.
  virtual Result<void> save(const std::string& folder) const = 0;
  // Restores what save() wrote, to the bit.
  virtual Result<void> restore(const std::string& folder) = 0;

  virtual std::int64_t policy_version() const = 0;
};

}  // namespace hone
