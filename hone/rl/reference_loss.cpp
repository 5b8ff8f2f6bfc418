#include "hone/rl/reference_loss.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "hone/base/check.h"

namespace hone {
namespace {

// A value and its derivative by one variable.
struct Term {
  double value = 0.0;
  double slope = 0.0;
};

Term times(Term a, double factor) { return {a.value * factor, a.slope * factor}; }

Term at_most(Term a, double bound) { return a.value > bound ? Term{bound, 0.0} : a; }

Term clamped(Term a, double low, double high) {
  if (a.value < low) return {low, 0.0};
  return at_most(a, high);
}

Term smaller(Term a, Term b) {
  if (a.value == b.value) return {a.value, 0.5 * (a.slope + b.slope)};
  return a.value < b.value ? a : b;
}

// The surrogate of one ratio, negated: the loss, with its slope by the ratio.
Term clipped_loss(Term ratio, double advantage, const LossOptions& o) {
  const Term bounded = o.delta > 0.0 ? at_most(ratio, o.delta) : ratio;
  const Term clipped = clamped(ratio, 1.0 - o.clip_low, 1.0 + o.clip_high);
  const Term loss = times(smaller(times(bounded, advantage), times(clipped, advantage)), -1.0);
  if (o.dual_clip <= 0.0 || advantage >= 0.0) return loss;
  return smaller(loss, {-o.dual_clip * advantage, 0.0});
}

Term soft_loss(Term ratio, double advantage, const LossOptions& o) {
  // TRL chooses between two Python numbers with torch.where, which makes them float32: 1.05 is 1.0499999523
  // there.
  const auto tau = static_cast<double>(
      static_cast<float>(advantage > 0.0 ? o.sapo_temperature_pos : o.sapo_temperature_neg));
  const double gate = 1.0 / (1.0 + std::exp(-tau * (ratio.value - 1.0)));
  return times({gate * 4.0 / tau, 4.0 * gate * (1.0 - gate) * ratio.slope}, -advantage);
}

// By logπ.
Term kl_penalty(double logprob, double reference, KlEstimator estimator) {
  const double x = reference - logprob;
  switch (estimator) {
    case KlEstimator::kK1:
      return {-x, 1.0};
    case KlEstimator::kK2:
      return {0.5 * x * x, -x};
    case KlEstimator::kK3:
      return {std::exp(x) - x - 1.0, 1.0 - std::exp(x)};
  }
  return {};
}

bool per_sequence(const LossOptions& o) {
  return o.type == LossType::kGspo || o.type == LossType::kRloo || o.ratio_level == RatioLevel::kSequence;
}

void check(const LossInput& in, bool with_kl) {
  const std::size_t batch = in.logprobs.size();
  HONE_CHECK(in.old_logprobs.size() == batch && in.mask.size() == batch && in.advantages.size() == batch,
             "{} sequences of logprobs, {} of old, {} of mask, {} advantages", batch, in.old_logprobs.size(),
             in.mask.size(), in.advantages.size());
  HONE_CHECK(!with_kl || in.ref_logprobs.size() == batch, "{} sequences, {} of the reference", batch,
             in.ref_logprobs.size());
  for (std::size_t b = 0; b < batch; ++b) {
    const std::size_t length = in.logprobs[b].size();
    HONE_CHECK(in.old_logprobs[b].size() == length && in.mask[b].size() == length &&
                   (!with_kl || in.ref_logprobs[b].size() == length),
               "sequence {}: lengths differ from {}", b, length);
  }
}

double masked_tokens(const std::vector<int>& mask) {
  double count = 0.0;
  for (const int m : mask) count += m != 0 ? 1.0 : 0.0;
  return count;
}

// 1 / denominator of each token's loss, for every sequence.
std::vector<double> token_weights(const LossInput& in, const LossOptions& o) {
  const auto batch = static_cast<double>(in.mask.size());
  double all = 0.0;
  for (const auto& mask : in.mask) all += masked_tokens(mask);
  std::vector<double> weights;
  for (const auto& mask : in.mask) {
    const double own = std::max(masked_tokens(mask), 1.0);
    switch (o.type) {
      case LossType::kGrpo:
      case LossType::kSapo:
      case LossType::kGspo:
        weights.push_back(1.0 / own / batch);
        break;
      case LossType::kBnpo:
      case LossType::kDapo:
      case LossType::kCispo:
        weights.push_back(1.0 / std::max(all, 1.0));
        break;
      case LossType::kDrGrpo:
        HONE_CHECK(in.max_completion_length > 0, "dr_grpo of {} tokens", in.max_completion_length);
        weights.push_back(1.0 / (batch * static_cast<double>(in.max_completion_length)));
        break;
      case LossType::kRloo:
        weights.push_back(1.0 / batch);
        break;
    }
  }
  return weights;
}

// One sequence's part of the loss; its gradient goes to `grad`.
double sequence_loss(const LossInput& in, const LossOptions& o, std::size_t b, double weight, bool with_kl,
                     std::vector<double>& grad) {
  const auto& logprobs = in.logprobs[b];
  const auto& mask = in.mask[b];
  const double advantage = in.advantages[b], own = std::max(masked_tokens(mask), 1.0);
  const bool summed = o.type == LossType::kRloo;
  double log_ratio = 0.0;  // of the sequence
  for (std::size_t t = 0; t < logprobs.size(); ++t) {
    if (mask[t] != 0) log_ratio += logprobs[t] - in.old_logprobs[b][t];
  }
  if (!summed) log_ratio /= own;
  // d log ratio / d logπ_t of a masked token.
  const double share = per_sequence(o) && !summed ? 1.0 / own : 1.0;

  double loss = 0.0, through_ratio = 0.0;  // through_ratio: d loss / d log ratio of the sequence
  const auto policy_term = [&](std::size_t t) {
    const double level = per_sequence(o) ? log_ratio : logprobs[t] - in.old_logprobs[b][t];
    const Term ratio{std::exp(level), std::exp(level)};  // d ρ / d log ρ = ρ
    return o.type == LossType::kSapo ? soft_loss(ratio, advantage, o) : clipped_loss(ratio, advantage, o);
  };
  if (summed) {  // the sequence is one action
    const Term term = times(policy_term(0), weight);
    loss += term.value;
    through_ratio += term.slope;
  }
  for (std::size_t t = 0; t < logprobs.size(); ++t) {
    if (mask[t] == 0) continue;
    if (o.type == LossType::kCispo) {
      const double level = per_sequence(o) ? log_ratio : logprobs[t] - in.old_logprobs[b][t];
      const double held = std::min(std::exp(level), o.clip_high);
      loss -= weight * held * advantage * logprobs[t];
      grad[t] -= weight * held * advantage;
    } else if (!summed) {
      const Term term = times(policy_term(t), weight);
      loss += term.value;
      (per_sequence(o) ? through_ratio : grad[t]) += term.slope;
    }
    if (with_kl) {
      const Term kl = times(kl_penalty(logprobs[t], in.ref_logprobs[b][t], o.kl), weight * o.beta);
      loss += kl.value;
      grad[t] += kl.slope;
    }
  }
  for (std::size_t t = 0; t < logprobs.size(); ++t) {
    if (mask[t] != 0) grad[t] += through_ratio * share;
  }
  return loss;
}

}  // namespace

LossOutput reference_loss(const LossInput& input, const LossOptions& options) {
  const bool with_kl = options.beta != 0.0 && options.kl_place == KlPlace::kLoss;
  check(input, with_kl);
  const std::vector<double> weights = token_weights(input, options);
  LossOutput output;
  for (std::size_t b = 0; b < input.logprobs.size(); ++b) {
    output.grad.emplace_back(input.logprobs[b].size(), 0.0);
    output.loss += sequence_loss(input, options, b, weights[b], with_kl, output.grad.back());
  }
  return output;
}

}  // namespace hone
