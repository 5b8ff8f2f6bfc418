// Forward and backward passes of a batch's sequences through a policy, one microbatch after another.
//
//   scorer.start();                         an optimizer step, or a pass without gradients
//   for each bundle:                        cut_bundles, where the policy has a trunk
//     scorer.begin(batch, bundle);          prompts forward
//     for each microbatch of the bundle:
//       Scored scored = scorer.forward(run);
//       … a loss of scored.scores, and its backward pass …
//       scorer.backward(scored.scores);
//     scorer.end();                         prompts backward
//   scorer.finish();
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "hone/policy/policy.h"
#include "hone/update/microbatch.h"

namespace hone {

struct Scored {
  Microbatch tokens;
  HeadScores scores;  // with gradients: leaves, whose grad() the loss's backward pass fills in
};

// Not thread safe. The policy is used by nobody else between begin and end.
class Scorer {
 public:
  virtual ~Scorer() = default;
  // Forgets what a step that was given up has left.
  virtual void start() = 0;
  // Which sequences share a begin.
  virtual std::vector<std::span<const SequenceRef>> bundles(const TrainBatch& batch,
                                                            std::span<const SequenceRef> items) const = 0;
  virtual void begin(const TrainBatch& batch, std::span<const SequenceRef> bundle) = 0;
  // Whether the sequence's forward pass is at hand already. A run given to forward is all of one kind.
  virtual bool has_forward(const SequenceRef& item) const = 0;
  virtual Scored forward(std::span<const SequenceRef> run) = 0;
  // Adds to the gradients of the policy's parameters, from the grad() of the scores that forward returned
  // last.
  virtual void backward(const HeadScores& scores) = 0;
  virtual void end() = 0;
  // All bundles of the optimizer step are through: its gradients are whole.
  virtual void finish() = 0;
};

// With gradients or without, for good. On the CPU in fp32 by the policy's trunk, elsewhere by ATen's
// autograd.
// With a tape, sequences whose activations are on it need no forward pass but the head's; gradients have the
// same bits.
std::unique_ptr<Scorer> make_scorer(Policy& policy, bool gradients, const ActivationTape* tape = nullptr);

}  // namespace hone
