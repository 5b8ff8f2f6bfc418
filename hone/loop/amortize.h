// System 2 → System 1: answers that took thinking become reflex.
//
// Each problem is thought about several times. Where enough of the answers agree (self-consistency, Wang et
// al. 2022, arXiv 2203.11171), the answer alone is learned, behind a forced prefix that leaves no room for a
// thought (System 2 distillation, Yu et al. 2024, arXiv 2407.06023, §3). The thinker is the model as it was
// before the stage: one that learns from its latest answers confirms its own slips until it is sure of
// nonsense. No label is read. Some of the agreeing completions are learned again as they were sampled,
// without the prefix, so that thinking is not forgotten.
//
// Or the thought goes step by step (ICoT-SI, Deng et al. 2024, arXiv 2405.14838, §3): what the prefix closes
// before its <answer> is the thought without its first floor(step · remove_per_step) + o tokens, with
// P(o) ∝ exp(−4·o) (their removal smoothing), until nothing is left and the answer follows at once.
#pragma once

#include "hone/base/result.h"
#include "hone/loop/rollouts.h"
#include "hone/loop/train_parts.h"

namespace hone {

ForcedPrefix forced_prefix(const TrainParts& parts, const std::string& text);

// Error when the rubric has no verifier whose answers can be compared.
Result<void> check_amortize(const Rubric& rubric);

// One step's problems, from `next_problem` on; `step` counts from 0. The batch may be empty, when nothing
// agreed. Metrics: those of rollout_metrics on the thinking completions, amortize/kept (share of the problems
// whose answer is learned), amortize/majority_ratio, amortize/thought (tokens of it that still stand before
// an answer), amortize/flops (of sampling and of learning, 3 forward passes), and, where labels exist,
// amortize/label_accuracy (of the answers that are learned).
Result<StepDraft> amortize_step(const TrainParts& parts, std::int64_t step, std::int64_t next_problem);

// What amortizing cost and saves, for one model and its held-out problems.
struct AmortizeLedger {
  double flops_paid = 0;
  double flops_thinking = 0;  // of an answer with a thought, its prompt included
  double flops_direct = 0;
  // Answers after which the saving has paid for the learning; absent when a direct answer saves nothing.
  std::optional<double> break_even() const;
};

}  // namespace hone
