// The Learner: batches → optimizer steps on a policy.
//
// Not thread safe. The policy may be sampled from between calls, never during one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hone/policy/policy.h"
#include "hone/types/interfaces.h"
#include "hone/update/adamw.h"
#include "hone/update/scorer.h"

namespace hone {

struct LearnerOptions {
  bool supervised = false;  // −log p of completions instead of a policy loss
  LossOptions loss;
  OptimizerOptions optimizer;
  int inner_epochs = 1;
  int minibatches = 1;  // optimizer steps per inner epoch; groups are dealt out in order
  MicrobatchLimits microbatch;
  std::int64_t max_completion_length = 0;  // dr_grpo's denominator
  std::int64_t total_steps = 0;            // optimizer steps of the stage, for the schedule
  std::int64_t policy_version = 0;         // to start from
  std::vector<std::int32_t> eos_ids;       // for generation_config.json
  ActivationTape* tape = nullptr;  // what sampling leaves for the first optimizer step of a call; may be null
  // Writes what belongs beside the weights and is not the learner's (tokenizer, templates).
  std::function<Result<void>(const std::string& folder)> save_companions;
};

class PolicyLearner : public Learner {
 public:
  // Keeps a copy of the policy as the reference when a KL term is asked for.
  PolicyLearner(Policy& policy, LearnerOptions options);

  // A batch of silent sequences alone does its optimizer steps too, with gradients of zero: leaving silent
  // sequences out changes no number. One without any does none. The reference is refreshed at the end of a
  // call in which the count of optimizer steps passed a multiple of reference_every.
  // Metrics: loss, grad_norm, learning_rate, entropy; of policy losses also kl (k3, with a reference),
  // clip_ratio/*, sampling/* and policy_loss. Means over the optimizer steps of the call, weighted by tokens
  // where they are of tokens. Errors: a loss or gradient that is not finite; log-probabilities of the first
  // pass that are not those recorded at sampling (CPU, fp32). The state is then that before the call.
  Result<UpdateReport> update(const TrainBatch& batch) override;
  Result<void> save(const std::string& folder) const override;
  Result<void> restore(const std::string& folder) override;
  std::int64_t policy_version() const override { return policy_version_; }

 private:
  struct StepTotals;
  using LogprobRows = std::span<const std::vector<float>>;  // per item, its tokens'

  Result<UpdateReport> update_steps(const TrainBatch& batch);
  Result<void> learn(const TrainBatch& batch, std::span<const SequenceRef> run, const LossScale& scale,
                     LogprobRows reference, bool first_pass, StepTotals& totals);
  Result<void> optimizer_step(const TrainBatch& batch, std::span<const SequenceRef> items,
                              const LossScale& scale, LogprobRows reference, bool first_pass,
                              StepTotals& totals);
  // Per item, its tokens' logprobs under the reference; empty without one.
  std::vector<std::vector<float>> reference_logprobs(const TrainBatch& batch,
                                                     const std::vector<SequenceRef>& items);
  // KL in the reward: each advantage loses beta times its sequence's KL (summed over tokens, old policy
  // against reference) less the group's mean of it (rloo: the mean of the others).
  void charge_kl(TrainBatch& batch, std::span<const SequenceRef> items, LogprobRows reference,
                 StepTotals& totals) const;
  Metrics metrics_of(const StepTotals& totals) const;
  UpdateReport report_of(StepTotals totals) const;

  Policy& policy_;
  std::optional<Policy> reference_;
  LearnerOptions options_;
  AdamW optimizer_;
  std::unique_ptr<Scorer> scorer_, reference_scorer_;
  std::int64_t policy_version_ = 0;
};

}  // namespace hone
