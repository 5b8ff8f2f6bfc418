#include "hone/update/trunk_scorer.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>

#include "hone/base/check.h"
#include "hone/tensor/ops_kernels.h"

namespace hone {
namespace {

PassRows rows_of(const Pack& pack) {
  return {pack.size(), pack.ids.data(), pack.positions.data(), pack.spans.data()};
}

std::int64_t positions_reached(const Pack& pack) {
  return pack.positions.empty() ? 0 : *std::max_element(pack.positions.begin(), pack.positions.end()) + 1;
}

std::size_t bytes(std::int64_t floats) { return static_cast<std::size_t>(floats) * sizeof(float); }

}  // namespace

// The sequence's rows on the tape; null when it is not there.
const ActivationTape::Entry* TrunkScorer::entry_of(const SequenceRef& item) const {
  if (tape_ == nullptr || !gradients_) return nullptr;
  const TrainGroup& group = batch_->groups[item.group];
  const TrainSequence& sequence = group.sequences[item.sequence];
  const ActivationTape::Entry* entry = tape_->find(sequence.activations);
  if (entry != nullptr) {
    HONE_CHECK(
        entry->prompt->size() == group.prompt.size() && entry->own.size() + 1 == sequence.completion.size(),
        "a tape of {} and {} rows for {} prompt and {} completion tokens", entry->prompt->size(),
        entry->own.size(), group.prompt.size(), sequence.completion.size());
  }
  return entry;
}

// The prompts' activations from the tape, where it has them all.
bool TrunkScorer::prompts_from_tape(std::span<const SequenceRef> bundle) {
  ActivationTape::Rows rows;
  for (std::size_t i = 0; i < bundle.size(); ++i) {
    if (i > 0 && bundle[i].group == bundle[i - 1].group) continue;
    const ActivationTape::Entry* entry = entry_of(bundle[i]);
    if (entry == nullptr) return false;
    rows.insert(rows.end(), entry->prompt->begin(), entry->prompt->end());
  }
  const std::size_t layers = policy_.decoder().layers.size();
  for (std::size_t i = 0; i <= layers; ++i) prompts_kept_.gather(i, tape_->activations(), rows);
  policy_.trunk().final_norm(prompts_.size(), prompts_kept_.layer(layers).x, prompts_hidden_.at_least(0));
  return true;
}

// The run's last states from the tape; its layers follow as the backward pass asks for them.
bool TrunkScorer::run_from_tape(std::span<const SequenceRef> run) {
  taped_.clear();
  if (run.empty() || !has_forward(run.front())) return false;
  for (const SequenceRef& item : run) {
    const ActivationTape::Entry* entry = entry_of(item);
    HONE_CHECK(entry != nullptr, "a run that is only in part on the tape");
    taped_.insert(taped_.end(), entry->own.begin(), entry->own.end());
  }
  const Decoder& d = policy_.decoder();
  kept_.reserve(d, std::ssize(taped_), /*every_layer=*/false);
  const LayerActivations last = kept_.gather(d.layers.size(), tape_->activations(), taped_);
  policy_.trunk().final_norm(std::ssize(taped_), last.x, hidden_.at_least(0));
  return true;
}

PromptRows TrunkScorer::prompt_rows() {
  const Decoder& d = policy_.decoder();
  const std::int64_t keys = d.config.layers * 2 * prompts_.size() * d.config.kv_heads * d.config.head_dim;
  return {prompts_.size(), &prompts_kept_, gradients_ ? d_prompts_keys_.at_least(keys) : nullptr};
}

void TrunkScorer::begin(const TrainBatch& batch, std::span<const SequenceRef> bundle) {
  const Decoder& d = policy_.decoder();
  batch_ = &batch;
  places_ = {};
  PackBuilder builder;
  for (const SequenceRef& item : bundle) {
    if (!places_.at.try_emplace(item.group, builder.size()).second) continue;
    builder.add_prompt(batch.groups[item.group].prompt);
  }
  prompts_ = builder.finish();
  places_.rows = prompts_.size();
  policy_.reach(positions_reached(prompts_));
  const std::int64_t H = d.config.hidden_size, P = prompts_.size();
  prompts_kept_.reserve(d, P, /*every_layer=*/true);
  float* hidden = prompts_hidden_.at_least(P * H);
  if (!prompts_from_tape(bundle)) policy_.trunk().forward(rows_of(prompts_), {}, prompts_kept_, 0, hidden);
  if (!gradients_) return;
  std::memset(d_prompts_hidden_.at_least(P * H), 0, bytes(P * H));
  std::memset(prompt_rows().gradients, 0,
              bytes(d.config.layers * 2 * P * d.config.kv_heads * d.config.head_dim));
}

// The hidden states that the head is asked about, from the prompts' pass and the completions'.
void TrunkScorer::take_scored_rows(const Pack& pack) {
  const std::int64_t H = policy_.config().hidden_size, P = prompts_.size();
  float* to = scored_.at_least(std::ssize(pack.score_rows) * H);
  const float *before = prompts_hidden_.at_least(0), *own = hidden_.at_least(0);
  for (const std::int64_t row : pack.score_rows) {
    std::memcpy(to, row < P ? before + row * H : own + (row - P) * H, bytes(H));
    to += H;
  }
}

// Their gradients, back to where they came from.
void TrunkScorer::give_scored_rows(const Pack& pack) {
  const std::int64_t H = policy_.config().hidden_size, P = prompts_.size();
  float *before = d_prompts_hidden_.at_least(0), *own = d_hidden_.at_least(pack.size() * H);
  std::fill_n(own, pack.size() * H, 0.0f);
  const float* from = d_scored_.at_least(0);
  for (const std::int64_t row : pack.score_rows) {
    kernel::add(H, from, row < P ? before + row * H : own + (row - P) * H);
    from += H;
  }
}

Scored TrunkScorer::forward(std::span<const SequenceRef> run) {
  const Decoder& d = policy_.decoder();
  const std::int64_t H = d.config.hidden_size;
  run_ = pack_microbatch(*batch_, run, d.config.final_logit_softcap, &places_);
  const Pack& pack = run_->pack;
  policy_.reach(positions_reached(pack));
  float* hidden = hidden_.at_least(pack.size() * H);
  if (pack.size() > 0 && !run_from_tape(run)) {
    kept_.reserve(d, pack.size(), gradients_);
    policy_.trunk().forward(rows_of(pack), prompt_rows(), kept_, 0, hidden);
  }
  take_scored_rows(pack);
  const std::int64_t N = std::ssize(pack.targets);
  Scored result{*run_, {at::empty({N}, at::kFloat), at::empty({N}, at::kFloat)}};
  stats_.resize(static_cast<std::size_t>(N));
  native::HeadTask task = native::head_task(policy_.head(), run_->query);
  task.hidden = scored_.at_least(0);
  native::score_rows(task, result.scores.logprobs_N.data_ptr<float>(), stats_.data());
  for (std::int64_t i = 0; i < N; ++i)
    result.scores.entropy_N.data_ptr<float>()[i] = stats_[static_cast<std::size_t>(i)].entropy;
  if (gradients_) {
    result.scores.logprobs_N.set_requires_grad(true);
    result.scores.entropy_N.set_requires_grad(true);
  }
  return result;
}

void TrunkScorer::backward_through(const Pack& pack, const PromptRows& prompts, const Trunk::Kept& kept,
                                   const float* own_gradients, const float* d_hidden) {
  const Decoder& d = policy_.decoder();
  const std::int64_t H = d.config.hidden_size;
  float* d_x = d_x_.at_least(pack.size() * H);
  policy_.trunk().backward(rows_of(pack), prompts, kept, own_gradients, d_hidden, d_x);
  embedding_.add(pack.size(), H, pack.ids.data(), d_x, d.embedding_scale());
}

void TrunkScorer::backward(const HeadScores& scores) {
  const Pack& pack = run_->pack;
  const std::int64_t H = policy_.config().hidden_size, N = std::ssize(pack.targets);
  const auto gradient = [](const at::Tensor& leaf) {
    return leaf.grad().defined() ? leaf.grad().contiguous() : leaf.grad();
  };
  const at::Tensor by_logprob = gradient(scores.logprobs_N), by_entropy = gradient(scores.entropy_N);
  native::HeadTask task = native::head_task(policy_.head(), run_->query);
  task.hidden = scored_.at_least(0);
  native::score_rows_backward(task, stats_.data(),
                              by_logprob.defined() ? by_logprob.data_ptr<float>() : nullptr,
                              by_entropy.defined() ? by_entropy.data_ptr<float>() : nullptr,
                              d_scored_.at_least(N * H), native::gradient_of(policy_.head()));
  give_scored_rows(pack);
  if (pack.size() == 0) return;
  const Trunk::Kept kept = [this](std::size_t layer) {
    return taped_.empty() ? kept_.layer(layer) : kept_.gather(layer, tape_->activations(), taped_);
  };
  backward_through(pack, prompt_rows(), kept, nullptr, d_hidden_.at_least(0));
}

void TrunkScorer::end() {
  if (!gradients_) return;
  const Trunk::Kept kept = [this](std::size_t layer) { return prompts_kept_.layer(layer); };
  backward_through(prompts_, {}, kept, prompt_rows().gradients, d_prompts_hidden_.at_least(0));
}

void TrunkScorer::finish() {
  if (float* gradient = native::gradient_of(policy_.decoder().embedding)) embedding_.fold_into(gradient);
}

}  // namespace hone
