#include "hone/update/policy_loss.h"

#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include "hone/base/check.h"

namespace hone {
namespace {

bool per_sequence(const LossOptions& o) {
  return o.type == LossType::kGspo || o.type == LossType::kRloo || o.ratio_level == RatioLevel::kSequence;
}

// Σ of a sequence's tokens, for every sequence.
at::Tensor sequence_sum(const at::Tensor& x_N, const LossTokens& t) {
  return at::zeros({t.advantages_S.size(0)}, x_N.options()).index_add(0, t.sequence_N, x_N);
}

at::Tensor spread(const at::Tensor& x_S, const LossTokens& t) { return x_S.index_select(0, t.sequence_N); }

at::Tensor own_tokens(const LossTokens& t) { return sequence_sum(t.mask_N, t).clamp_min(1.0); }

// Zero where masked, whatever stands there: an infinity times a zero mask would be NaN.
at::Tensor masked(const at::Tensor& x_N, const LossTokens& t) {
  return x_N.masked_fill(t.mask_N.eq(0.0), 0.0);
}

// log ρ of each token: its own, or its sequence's mean (rloo: sum).
at::Tensor log_ratio(const LossTokens& t, const LossOptions& o) {
  const auto own = masked(t.logprobs_N.sub(t.old_logprobs_N), t);
  if (!per_sequence(o)) return own;
  const auto sum = sequence_sum(own, t);
  return spread(o.type == LossType::kRloo ? sum : sum.div(own_tokens(t)), t);
}

at::Tensor surrogate(const at::Tensor& ratio, const at::Tensor& advantage, const LossOptions& o) {
  const auto bounded = o.delta > 0.0 ? ratio.clamp_max(o.delta) : ratio;
  const auto clipped = ratio.clamp(1.0 - o.clip_low, 1.0 + o.clip_high);
  auto loss = bounded.mul(advantage).minimum(clipped.mul(advantage)).neg();
  if (o.dual_clip > 0.0) {
    loss = at::where(advantage.lt(0.0), loss.minimum(advantage.mul(-o.dual_clip)), loss);
  }
  return loss;
}

at::Tensor soft_gate(const at::Tensor& ratio, const at::Tensor& advantage, const LossOptions& o) {
  // TRL's temperatures pass through float32.
  const double pos = static_cast<float>(o.sapo_temperature_pos),
               neg = static_cast<float>(o.sapo_temperature_neg);
  const auto tau = at::where(advantage.gt(0.0), at::zeros({}, ratio.options()).fill_(pos),
                             at::zeros({}, ratio.options()).fill_(neg));
  return ratio.sub(1.0).mul(tau).sigmoid().mul(4.0).div(tau).mul(advantage).neg();
}

at::Tensor kl_term(const LossTokens& t, KlEstimator estimator) {
  const auto x = masked(t.ref_logprobs_N.sub(t.logprobs_N), t);
  switch (estimator) {
    case KlEstimator::kK1:
      return x.neg();
    case KlEstimator::kK2:
      return x.pow(2).mul(0.5);
    case KlEstimator::kK3:
      return x.exp().sub(x).sub(1.0);
  }
  HONE_CHECK(false, "a KL estimator without a formula");
  return x;
}

// Each token's share of the step's one denominator, mask included.
at::Tensor token_weights(const LossTokens& t, const LossScale& scale, const LossOptions& o) {
  const auto sequences = static_cast<double>(scale.sequences);
  switch (o.type) {
    case LossType::kGrpo:
    case LossType::kSapo:
    case LossType::kGspo:
      return t.mask_N.div(spread(own_tokens(t), t)).div(sequences);
    case LossType::kBnpo:
    case LossType::kDapo:
    case LossType::kCispo:
      return t.mask_N.div(static_cast<double>(std::max<std::int64_t>(scale.tokens, 1)));
    case LossType::kDrGrpo:
      HONE_CHECK(scale.max_completion_length > 0, "dr_grpo of {} tokens", scale.max_completion_length);
      return t.mask_N.div(sequences * static_cast<double>(scale.max_completion_length));
    case LossType::kRloo:
      return t.mask_N.div(sequences);
  }
  HONE_CHECK(false, "a loss without a denominator");
  return t.mask_N;
}

}  // namespace

at::Tensor policy_loss(const LossTokens& t, const LossScale& scale, const LossOptions& o) {
  HONE_CHECK(scale.sequences > 0, "a loss over {} sequences", scale.sequences);
  const auto advantage = spread(t.advantages_S, t);
  const auto weights = token_weights(t, scale, o);
  const auto ratio = log_ratio(t, o).exp();
  at::Tensor loss;
  if (o.type == LossType::kCispo) {
    loss = ratio.clamp_max(o.clip_high)
               .detach()
               .mul(advantage)
               .mul(masked(t.logprobs_N, t))
               .neg()
               .mul(weights)
               .sum();
  } else if (o.type == LossType::kSapo) {
    loss = soft_gate(ratio, advantage, o).mul(weights).sum();
  } else if (o.type == LossType::kRloo) {
    // The sequence is one action: its surrogate counts once, not once a token, and where every token is
    // masked as well (ρ = 1, no gradient), as in TRL.
    const auto own = masked(t.logprobs_N.sub(t.old_logprobs_N), t);
    const auto each = surrogate(sequence_sum(own, t).exp(), t.advantages_S, o);
    loss = each.sum().div(static_cast<double>(scale.sequences));
  } else {
    loss = surrogate(ratio, advantage, o).mul(weights).sum();
  }
  if (t.ref_logprobs_N.defined() && o.beta != 0.0 && o.kl_place == KlPlace::kLoss) {
    loss = loss.add(kl_term(t, o.kl).mul(weights).sum().mul(o.beta));
  }
  if (t.entropy_N.defined() && o.entropy_bonus != 0.0) {
    loss = loss.sub(t.entropy_N.mul(weights).sum().mul(o.entropy_bonus));
  }
  return loss;
}

at::Tensor supervised_loss(const LossTokens& t, const LossScale& scale) {
  return t.logprobs_N.mul(t.mask_N).sum().div(-static_cast<double>(std::max<std::int64_t>(scale.tokens, 1)));
}

LossStatistics loss_statistics(const LossTokens& t, const LossOptions& o) {
  const at::NoGradGuard no_grad;
  LossStatistics s;
  const auto keep = t.mask_N.gt(0.0);
  const auto difference = t.logprobs_N.sub(t.old_logprobs_N).abs().masked_select(keep);
  s.tokens = static_cast<double>(difference.numel());
  if (difference.numel() == 0) return s;
  const auto ratio_N = log_ratio(t, o).exp();
  const auto ratio = ratio_N.masked_select(keep);
  s.difference_sum = difference.sum().item().toDouble();
  s.difference_max = difference.max().item().toDouble();
  s.ratio_min = ratio.min().item().toDouble();
  s.ratio_max = ratio.max().item().toDouble();
  s.ratio_sum = ratio.sum().item().toDouble();
  if (o.type != LossType::kSapo) {
    const bool cispo = o.type == LossType::kCispo;
    const auto advantage_N = spread(t.advantages_S, t);
    const auto high_N = ratio_N.gt(cispo ? o.clip_high : 1.0 + o.clip_high).logical_and(advantage_N.gt(0.0));
    s.clipped_high = high_N.logical_and(keep).sum().item().toDouble();
    s.clipped_N = high_N;
    if (!cispo) {
      const auto low_N = ratio_N.lt(1.0 - o.clip_low).logical_and(advantage_N.lt(0.0));
      s.clipped_low = low_N.logical_and(keep).sum().item().toDouble();
      s.clipped_N = high_N.logical_or(low_N);
    }
    const bool any = s.clipped_low + s.clipped_high > 0.0;
    s.clipped_N = any ? s.clipped_N.logical_and(keep) : at::Tensor();
  }
  if (t.ref_logprobs_N.defined()) {
    s.kl = kl_term(t, KlEstimator::kK3).sum().item().toDouble();
  }
  return s;
}

}  // namespace hone
