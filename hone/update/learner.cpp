#include "hone/update/learner.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "hone/base/check.h"
#include "hone/base/time_split.h"
#include "hone/rl/schedule.h"

namespace hone {
namespace {

std::vector<SequenceRef> all_sequences(const TrainBatch& batch) {
  std::vector<SequenceRef> items;
  for (std::size_t g = 0; g < batch.groups.size(); ++g) {
    for (std::size_t s = 0; s < batch.groups[g].sequences.size(); ++s) items.push_back({g, s});
  }
  return items;
}

std::int64_t masked_tokens(const TrainBatch& batch, std::span<const SequenceRef> items) {
  std::int64_t n = 0;
  for (const SequenceRef& item : items) {
    const auto& mask = batch.groups[item.group].sequences[item.sequence].loss_mask;
    n += static_cast<std::int64_t>(mask.size()) - std::count(mask.begin(), mask.end(), 0);
  }
  return n;
}

// What the k-th of n minibatches takes: whole groups, so that a prompt is computed once, unless there are
// fewer than n; and its part of what is silent.
struct Share {
  std::size_t begin = 0, end = 0;  // of the items
  std::int64_t silent_sequences = 0, silent_tokens = 0;
};

Share minibatch(const TrainBatch& batch, std::span<const SequenceRef> items, int k, int n) {
  const auto cut = [&](std::int64_t whole, int at) { return whole * at / n; };
  const auto groups = static_cast<std::int64_t>(batch.groups.size());
  const auto edge = [&](int at) {
    if (groups < n) return static_cast<std::size_t>(cut(static_cast<std::int64_t>(items.size()), at));
    const auto group = static_cast<std::size_t>(cut(groups, at));
    const auto first = std::partition_point(items.begin(), items.end(),
                                            [&](const SequenceRef& item) { return item.group < group; });
    return static_cast<std::size_t>(first - items.begin());
  };
  const std::int64_t sequences = batch.silent_sequences, tokens = batch.silent_tokens;
  return {edge(k), edge(k + 1), cut(sequences, k + 1) - cut(sequences, k),
          cut(tokens, k + 1) - cut(tokens, k)};
}

}  // namespace

struct PolicyLearner::StepTotals {
  double charged_kl = 0.0, charged_tokens = 0.0;  // of KL in the reward
  double loss = 0.0, entropy = 0.0, grad_norm = 0.0, learning_rate = 0.0;
  LossStatistics statistics;
  std::map<std::pair<std::size_t, std::size_t>, std::vector<std::uint8_t>> clipped;  // by group and sequence
  int optimizer_steps = 0;
  bool started = false;

  void add(const LossStatistics& s) {
    auto& t = statistics;
    t.ratio_min = started ? std::min(t.ratio_min, s.ratio_min) : s.ratio_min;
    t.ratio_max = started ? std::max(t.ratio_max, s.ratio_max) : s.ratio_max;
    t.difference_max = std::max(t.difference_max, s.difference_max);
    t.kl += s.kl;
    t.clipped_low += s.clipped_low;
    t.clipped_high += s.clipped_high;
    t.difference_sum += s.difference_sum;
    t.ratio_sum += s.ratio_sum;
    t.tokens += s.tokens;
    started = true;
  }

  // One more pass over the run: which of its tokens, laid end to end, it clipped.
  void note_clipped(const TrainBatch& batch, std::span<const SequenceRef> run, const at::Tensor& clipped_N) {
    const at::Tensor on_cpu = clipped_N.cpu().contiguous();
    const bool* next = on_cpu.data_ptr<bool>();
    for (const SequenceRef& item : run) {
      const std::size_t T = batch.groups[item.group].sequences[item.sequence].completion.size();
      const bool* const own = std::exchange(next, next + T);
      if (std::find(own, own + T, true) == own + T) continue;
      std::vector<std::uint8_t>& passes = clipped[{item.group, item.sequence}];
      passes.resize(T);
      for (std::size_t t = 0; t < T; ++t) {
        if (own[t] && passes[t] < std::numeric_limits<std::uint8_t>::max()) ++passes[t];
      }
    }
  }
};

PolicyLearner::PolicyLearner(Policy& policy, LearnerOptions options)
    : policy_(policy),
      options_(std::move(options)),
      optimizer_(policy.parameters(), options_.optimizer),
      policy_version_(options_.policy_version) {
  policy_.require_gradients(true);
  if (!options_.supervised && options_.loss.beta != 0.0) {
    reference_.emplace(policy_.clone());
    reference_->require_gradients(false);
    reference_scorer_ = make_scorer(*reference_, /*gradients=*/false);
  }
  scorer_ = make_scorer(policy_, /*gradients=*/true, options_.tape);
}

std::vector<std::vector<float>> PolicyLearner::reference_logprobs(const TrainBatch& batch,
                                                                  const std::vector<SequenceRef>& items) {
  std::vector<std::vector<float>> result;
  if (!reference_) return result;
  const at::NoGradGuard no_grad;
  reference_scorer_->start();
  for (const auto& bundle : reference_scorer_->bundles(batch, items)) {
    reference_scorer_->begin(batch, bundle);
    for (const auto& run : cut_microbatches(batch, bundle, options_.microbatch)) {
      const auto logprobs = reference_scorer_->forward(run).scores.logprobs_N.cpu();
      const float* p = logprobs.data_ptr<float>();
      for (const SequenceRef& item : run) {
        const auto T = batch.groups[item.group].sequences[item.sequence].completion.size();
        result.emplace_back(p, p + T);
        p += T;
      }
    }
    reference_scorer_->end();
  }
  return result;
}

// One microbatch: its loss, what is recorded of it, and its gradients.
Result<void> PolicyLearner::learn(const TrainBatch& batch, std::span<const SequenceRef> run,
                                  const LossScale& scale, LogprobRows reference, bool first_pass,
                                  StepTotals& totals) {
  const at::Device device(policy_.device());
  const Scored scored = scorer_->forward(run);
  const Microbatch& m = scored.tokens;
  LossTokens tokens;
  tokens.logprobs_N = scored.scores.logprobs_N;
  tokens.mask_N = m.mask_N.to(device);
  tokens.sequence_N = m.sequence_N.to(device);
  tokens.old_logprobs_N = m.old_logprobs_N.to(device);
  tokens.advantages_S = m.advantages_S.to(device);
  if (options_.loss.entropy_bonus != 0.0) tokens.entropy_N = scored.scores.entropy_N;
  if (!reference.empty()) {
    auto ref = at::empty({tokens.logprobs_N.size(0)}, at::kFloat);
    float* p = ref.data_ptr<float>();
    for (const auto& row : reference) p = std::copy(row.begin(), row.end(), p);
    tokens.ref_logprobs_N = ref.to(device);
  }
  const auto loss =
      options_.supervised ? supervised_loss(tokens, scale) : policy_loss(tokens, scale, options_.loss);
  const double value = loss.item().toDouble();
  if (!std::isfinite(value)) {
    return Error{"update", "the loss must be finite (the last good weights are kept)", std::to_string(value)};
  }
  totals.loss += value;
  totals.entropy += scored.scores.entropy_N.detach().mul(tokens.mask_N).sum().item().toDouble();
  if (options_.supervised) {
    totals.statistics.tokens += tokens.mask_N.sum().item().toDouble();
  } else {
    const LossStatistics s = loss_statistics(tokens, options_.loss);
    // The first pass repeats what sampling computed, to the bit (DESIGN, rule 1).
    if (first_pass && policy_.has_trunk() && s.difference_max != 0.0) {
      return Error{"update", "log-probabilities of the first pass must be those recorded at sampling",
                   fmt::format("a difference of {}", s.difference_max)};
    }
    totals.add(s);
    if (s.clipped_N.defined()) totals.note_clipped(batch, run, s.clipped_N);
  }
  loss.backward();
  scorer_->backward(scored.scores);
  return {};
}

Result<void> PolicyLearner::optimizer_step(const TrainBatch& batch, std::span<const SequenceRef> items,
                                           const LossScale& scale, LogprobRows reference, bool first_pass,
                                           StepTotals& totals) {
  optimizer_.zero_gradients();
  scorer_->start();
  std::size_t at_item = 0;
  for (const auto& bundle : scorer_->bundles(batch, items)) {
    scorer_->begin(batch, bundle);
    const auto kind_of = [&](const SequenceRef& item) { return scorer_->has_forward(item); };
    for (const auto& run : cut_microbatches(batch, bundle, options_.microbatch, kind_of)) {
      const LogprobRows rows = reference.empty() ? reference : reference.subspan(at_item, run.size());
      HONE_TRY_VOID(learn(batch, run, scale, rows, first_pass, totals));
      at_item += run.size();
    }
    scorer_->end();
  }
  scorer_->finish();
  const Timed timed(TimePart::kOptimizer);
  const double norm = optimizer_.gradient_norm();
  if (!std::isfinite(norm)) {
    return Error{"update", "gradients must be finite (the last good weights are kept)", std::to_string(norm)};
  }
  const double limit = options_.optimizer.max_grad_norm;
  const double rate = learning_rate_at(options_.optimizer, optimizer_.state().steps, options_.total_steps);
  // torch's clip_grad_norm_ divides by norm + 1e-6.
  optimizer_.step(rate, limit > 0.0 && norm > limit ? limit / (norm + 1e-6) : 1.0);
  if (options_.tape != nullptr) options_.tape->clear();  // these were the old weights' activations
  ++policy_version_;
  ++totals.optimizer_steps;
  totals.grad_norm += norm;
  totals.learning_rate = rate;
  return {};
}

Result<UpdateReport> PolicyLearner::update(const TrainBatch& given) {
  auto report = update_steps(given);
  if (options_.tape != nullptr) options_.tape->clear();
  return report;
}

Result<UpdateReport> PolicyLearner::update_steps(const TrainBatch& given) {
  StepTotals totals;
  totals.learning_rate = learning_rate_at(options_.optimizer, optimizer_.state().steps, options_.total_steps);
  const auto items = all_sequences(given);
  if (items.empty() && given.silent_sequences == 0)
    return report_of(std::move(totals));  // nothing was decided
  auto reference = reference_logprobs(given, items);
  const TrainBatch* batch = &given;
  std::optional<TrainBatch> charged;
  if (options_.loss.kl_place == KlPlace::kReward && reference_) {
    charged.emplace(given);
    charge_kl(*charged, items, reference, totals);
    batch = &*charged;
    reference.clear();
  }
  const int minibatches = std::max(1, options_.minibatches), epochs = std::max(1, options_.inner_epochs);
  // More than one optimizer step: what a later one breaks must be undone from a copy.
  std::optional<AdamW::State> before;
  if (minibatches * epochs > 1) before = optimizer_.copy_state();
  const std::int64_t version = policy_version_, steps = optimizer_.state().steps;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    for (int k = 0; k < minibatches; ++k) {
      const Share share = minibatch(*batch, items, k, minibatches);
      const std::span part = std::span(items).subspan(share.begin, share.end - share.begin);
      const LossScale scale{static_cast<std::int64_t>(part.size()) + share.silent_sequences,
                            masked_tokens(*batch, part) + share.silent_tokens,
                            options_.max_completion_length};
      const auto part_reference =
          reference.empty() ? LogprobRows() : LogprobRows(reference).subspan(share.begin, part.size());
      auto done = optimizer_step(*batch, part, scale, part_reference, epoch == 0 && k == 0, totals);
      if (!done.ok()) {
        if (before && policy_version_ != version) {
          optimizer_.set_state(*before);
          policy_version_ = version;
        }
        return done.error();
      }
    }
  }
  // Not before the whole call is good: then nothing of it has to be undone.
  const std::int64_t every = options_.loss.reference_every;
  if (reference_ && every > 0 && optimizer_.state().steps / every != steps / every) {
    reference_->copy_from(policy_);
  }
  return report_of(std::move(totals));
}

void PolicyLearner::charge_kl(TrainBatch& batch, std::span<const SequenceRef> items, LogprobRows reference,
                              StepTotals& totals) const {
  std::vector<double> kl(items.size(), 0.0), group_sum(batch.groups.size(), 0.0);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const TrainSequence& s = batch.groups[items[i].group].sequences[items[i].sequence];
    for (std::size_t t = 0; t < s.completion.size(); ++t) {
      if (s.loss_mask[t] == 0) continue;
      const double x = static_cast<double>(reference[i][t]) - s.old_logprobs[t];
      const double k3 = std::exp(x) - x - 1.0;
      totals.charged_kl += k3;
      totals.charged_tokens += 1.0;
      switch (options_.loss.kl) {
        case KlEstimator::kK1:
          kl[i] -= x;
          break;
        case KlEstimator::kK2:
          kl[i] += 0.5 * x * x;
          break;
        case KlEstimator::kK3:
          kl[i] += k3;
          break;
      }
    }
    group_sum[items[i].group] += kl[i];
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    TrainGroup& group = batch.groups[items[i].group];
    const auto n = static_cast<double>(group.sequences.size());
    double charge = kl[i] - group_sum[items[i].group] / n;
    // Less the mean of the others, as rloo's rewards are: x − (n·mean − x)/(n − 1) = (x − mean)·n/(n − 1).
    if (options_.loss.type == LossType::kRloo && n > 1.0) charge *= n / (n - 1.0);
    group.sequences[items[i].sequence].advantage -= options_.loss.beta * charge;
  }
}

UpdateReport PolicyLearner::report_of(StepTotals totals) const {
  UpdateReport report{metrics_of(totals), {}};
  for (auto& [item, passes] : totals.clipped)
    report.clipped.push_back({item.first, item.second, std::move(passes)});
  return report;
}

Metrics PolicyLearner::metrics_of(const StepTotals& totals) const {
  Metrics metrics;
  const double steps = std::max(1, totals.optimizer_steps);
  const double tokens = std::max(totals.statistics.tokens, 1.0);
  metrics["loss"] = totals.loss / steps;
  metrics["grad_norm"] = totals.grad_norm / steps;
  metrics["learning_rate"] = totals.learning_rate;
  if (totals.statistics.tokens > 0.0) metrics["entropy"] = totals.entropy / tokens;
  if (options_.supervised || totals.statistics.tokens == 0.0) return metrics;
  const LossStatistics& s = totals.statistics;
  metrics["policy_loss"] = metrics["loss"];
  metrics["clip_ratio/low_mean"] = s.clipped_low / tokens;
  metrics["clip_ratio/high_mean"] = s.clipped_high / tokens;
  metrics["clip_ratio/region_mean"] = (s.clipped_low + s.clipped_high) / tokens;
  metrics["sampling/sampling_logp_difference/mean"] = s.difference_sum / tokens;
  metrics["sampling/sampling_logp_difference/max"] = s.difference_max;
  metrics["sampling/importance_sampling_ratio/min"] = s.ratio_min;
  metrics["sampling/importance_sampling_ratio/mean"] = s.ratio_sum / tokens;
  metrics["sampling/importance_sampling_ratio/max"] = s.ratio_max;
  if (reference_) {
    const bool charged = options_.loss.kl_place == KlPlace::kReward;
    metrics["kl"] = charged ? totals.charged_kl / std::max(totals.charged_tokens, 1.0) : s.kl / tokens;
  }
  return metrics;
}

}  // namespace hone
