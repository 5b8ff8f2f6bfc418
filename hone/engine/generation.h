// One call of PolicyGenerator::generate: carries out the scheduler's plans on the policy.
//
// Legend: T rows of one pass, N rows whose next token is drawn, H hidden, V vocabulary.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "hone/engine/scheduler.h"
#include "hone/engine/stop_finder.h"
#include "hone/policy/policy.h"
#include "hone/types/interfaces.h"

namespace hone {

class Generation {
 public:
  struct Setting {
    Policy& policy;
    KvCache& cache;
    const Tokenizer* tokenizer;  // may be null
    std::span<const std::int32_t> eos_ids;
    std::int64_t policy_version;
    ActivationTape* tape;  // may be null
  };

  // Requests are checked by the caller and belong, one by one, to the scheduler's groups.
  Generation(Setting setting, std::span<const GenerationRequest> requests, Scheduler scheduler);

  Result<std::vector<std::vector<Completion>>> run(const Generator::OnFinished& on_finished);

 private:
  struct Sequence {
    Completion completion;
    RandomKey key;
    std::optional<StopFinder> stop;
    ActivationTape::Rows taped;  // of its own rows, where the tape keeps them
  };
  // A row of a step's forward passes. What the tape keeps goes through a pass of its own.
  struct Place {
    int pass = -1;  // −1: none
    std::int64_t row = 0;
  };
  enum : int { kTaped, kPlain, kPasses };
  // One row of logits and the samples that draw from it: draws_[first, first + count).
  struct Scored {
    std::size_t group;
    Place place;  // none: the group's stored state
    std::size_t first, count;
  };
  struct Pass {                                                      // kept for their storage
    std::vector<std::int64_t> ids, positions, cache_rows, gathered;  // [T], [T], [T], [≤ N]
    std::vector<kernel::Span> spans;                                 // [T]
    std::vector<ActivationTape::Rows*> taped;                        // [T] where each row's place is noted
    void clear();
  };

  void feed(const Scheduler::Plan& plan);
  Place feed_row(std::size_t group, std::int32_t id, std::int64_t position, std::int64_t cache_row,
                 kernel::Span span, ActivationTape::Rows* taped);
  bool tapes(std::size_t group) const { return prompt_taped_[group] != nullptr; }
  void begin_tape(std::size_t group);
  void finish_tape(std::size_t id);
  at::Tensor run_pass(int pass);
  at::Tensor states();
  void draw_tokens(const at::Tensor& states_NH);
  void draw_row(const Scored& row, std::span<float> z);
  void finish_ended(std::size_t id, const Generator::OnFinished& on_finished);
  std::optional<FinishReason> ended(std::size_t id);
  void write_text(Sequence& sequence) const;

  Setting setting_;
  std::span<const GenerationRequest> requests_;
  Scheduler scheduler_;
  std::vector<Sequence> sequences_;      // by the scheduler's sample numbers
  std::vector<at::Tensor> last_states_;  // [1, H] per group: of its prompt's last token, while samples wait
  std::vector<Place> last_rows_;         // per group: that token's row in this step, or none
  std::vector<std::shared_ptr<ActivationTape::Rows>> prompt_taped_;  // per group; null: not kept

  Pass passes_[kPasses];                        // of one step
  std::vector<Scored> scored_;                  // [N]
  std::vector<std::size_t> draws_;              // samples
  std::atomic<std::int64_t> broken_group_{-1};  // whose logits were not finite
};

}  // namespace hone
