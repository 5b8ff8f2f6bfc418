// Decoding under way: carries out the scheduler's plans on the policy, for requests that may join and leave
// between two steps.
//
//   Generation generation(setting, limits);
//   generation.add(…);
//   while (!generation.done()) generation.step(events);
//
// Legend: T rows of one pass, N rows whose next token is drawn, H hidden, V vocabulary.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "hone/engine/scheduler.h"
#include "hone/engine/stop_finder.h"
#include "hone/engine/window.h"
#include "hone/policy/policy.h"
#include "hone/types/interfaces.h"
#include "hone/types/streaming.h"

namespace hone {

// What a step tells of. Called from the thread that steps; must not change the generation.
class GenerationEvents {
 public:
  virtual ~GenerationEvents() = default;
  // A token was drawn, the last of `so_far`; `score` only where it was asked for.
  virtual void drawn(std::size_t /*group*/, std::size_t /*index*/, const Completion& /*so_far*/,
                     TokenScore* /*score*/) {}
  virtual void finished(std::size_t group, std::size_t index, Completion completion) = 0;
  // Logits of the group were not finite: it is given up.
  virtual void broken(std::size_t group) = 0;
};

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

  Generation(Setting setting, Scheduler::Limits limits);

  // The group's number; they count up from 0. Requests are checked by the caller. max_tokens: of each sample,
  // in place of the sampling's. top_logprobs: as StreamRequest's.
  std::size_t add(GenerationRequest request, std::int64_t max_tokens, int top_logprobs = -1);
  // Nothing more is told of it.
  void cancel(std::size_t group) { scheduler_.cancel(group); }
  bool done() const { return scheduler_.done(); }
  std::size_t active() const { return scheduler_.active(); }  // samples that run
  // Requires !done().
  void step(GenerationEvents& events);

 private:
  struct Sequence {
    Completion completion;
    RandomKey key;
    std::optional<StopFinder> stop;
    ActivationTape::Rows taped;  // of its own rows, where the tape keeps them
    TokenScore score;            // of the last token, where asked for
    std::int64_t told = 0;       // tokens that the events have heard of
  };
  // A row of a step's forward passes. What the tape keeps goes through a pass of its own.
  struct Place {
    int pass = -1;  // −1: none
    std::int64_t row = 0;
  };
  enum : int { kTaped, kPlain, kPasses };
  struct Group {
    GenerationRequest request;
    int top_logprobs = -1;
    at::Tensor last_state;  // [1, H] of its prompt's last token, while samples wait
    Place last_row;         // that token's row in this step, or none
    std::shared_ptr<ActivationTape::Rows> prompt_taped;  // null: not kept
    bool given_up = false;
  };
  // One row of logits and the samples that draw from it: draws_[first, first + count).
  struct Scored {
    std::size_t group;
    Place place;  // none: the group's stored state
    std::size_t first, count;
    bool broken = false;  // the logits were not finite
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
  bool tapes(std::size_t group) const { return groups_[group].prompt_taped != nullptr; }
  void begin_tape(std::size_t group);
  void finish_tape(std::size_t id);
  at::Tensor run_pass(int pass);
  at::Tensor states(const Scheduler::Plan& plan);
  void draw_tokens(const at::Tensor& states_NH);
  void draw_row(Scored& row, std::span<float> z);
  void give_up_broken(GenerationEvents& events);
  void tell(std::size_t id, GenerationEvents& events);
  std::optional<FinishReason> ended(std::size_t id);
  void write_text(Sequence& sequence) const;

  Setting setting_;
  Scheduler scheduler_;
  Window<Group> groups_;
  Window<Sequence> sequences_;  // by the scheduler's sample numbers

  Pass passes_[kPasses];            // of one step
  std::vector<Scored> scored_;      // [N]
  std::vector<std::size_t> draws_;  // samples
};

}  // namespace hone
