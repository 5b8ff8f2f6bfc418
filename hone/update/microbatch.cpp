#include "hone/update/microbatch.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "hone/base/check.h"

namespace hone {
namespace {

template <class T>
at::Tensor tensor_of(const std::vector<T>& values, at::ScalarType type) {
  auto tensor = at::empty({static_cast<std::int64_t>(values.size())}, type);
  std::copy(values.begin(), values.end(), tensor.data_ptr<T>());
  return tensor;
}

}  // namespace

std::vector<std::vector<SequenceRef>> cut_microbatches(
    const TrainBatch& batch, std::span<const SequenceRef> items, const MicrobatchLimits& limits,
    const std::function<bool(const SequenceRef&)>& kind_of) {
  std::vector<std::vector<SequenceRef>> runs;
  std::int64_t tokens = 0;
  for (const SequenceRef& item : items) {
    const TrainGroup& group = batch.groups[item.group];
    const auto own = static_cast<std::int64_t>(group.sequences[item.sequence].completion.size());
    const auto prompt = static_cast<std::int64_t>(group.prompt.size());
    const bool same_group = !runs.empty() && runs.back().back().group == item.group;
    const bool full =
        runs.empty() ||
        (limits.sequences > 0 && static_cast<std::int64_t>(runs.back().size()) >= limits.sequences) ||
        tokens + own + (same_group ? 0 : prompt) > limits.tokens ||
        (kind_of && kind_of(runs.back().back()) != kind_of(item));
    if (full) {
      runs.emplace_back();
      tokens = 0;
    }
    tokens += own + (full || !same_group ? prompt : 0);
    runs.back().push_back(item);
  }
  return runs;
}

std::vector<std::span<const SequenceRef>> cut_bundles(const TrainBatch& batch,
                                                      std::span<const SequenceRef> items) {
  std::vector<std::span<const SequenceRef>> bundles;
  std::size_t begin = 0;
  std::int64_t tokens = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0 && items[i].group == items[i - 1].group) continue;
    const auto prompt = static_cast<std::int64_t>(batch.groups[items[i].group].prompt.size());
    if (i > begin && tokens + prompt > kBundlePromptTokens) {
      bundles.push_back(items.subspan(begin, i - begin));
      begin = i;
      tokens = 0;
    }
    tokens += prompt;
  }
  if (begin < items.size()) bundles.push_back(items.subspan(begin));
  return bundles;
}

Microbatch pack_microbatch(const TrainBatch& batch, std::span<const SequenceRef> items, double softcap,
                           const PromptPlaces* places) {
  PackBuilder builder(places != nullptr ? places->rows : 0);
  std::vector<float> old_logprobs, mask, inverse_temperature, advantages;
  std::vector<std::int64_t> sequence, offsets = {0};
  std::vector<std::int32_t> kept;
  bool truncated = false;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const TrainGroup& group = batch.groups[items[i].group];
    const TrainSequence& s = group.sequences[items[i].sequence];
    const std::size_t T = s.completion.size();
    HONE_CHECK(s.loss_mask.size() == T && (s.old_logprobs.empty() || s.old_logprobs.size() == T),
               "{} tokens, {} mask entries, {} logprobs", T, s.loss_mask.size(), s.old_logprobs.size());
    HONE_CHECK(s.kept.empty() || s.kept.offsets.size() == T + 1, "{} tokens, {} kept offsets", T,
               s.kept.offsets.size());
    if (i == 0 || items[i - 1].group != items[i].group) {
      if (places != nullptr) {
        builder.continue_prompt(places->at.at(items[i].group), std::ssize(group.prompt));
      } else {
        builder.add_prompt(group.prompt);
      }
    }
    builder.add_completion(s.completion);
    for (std::size_t t = 0; t < T; ++t) {
      old_logprobs.push_back(s.old_logprobs.empty() ? 0.0f : s.old_logprobs[t]);
      mask.push_back(s.loss_mask[t] != 0 ? 1.0f : 0.0f);
      // Greedy decoding records the logprob at temperature 1 (engine/sampler.h).
      inverse_temperature.push_back(s.temperature > 0.0 ? static_cast<float>(1.0 / s.temperature) : 1.0f);
      sequence.push_back(static_cast<std::int64_t>(i));
      if (!s.kept.empty()) {
        kept.insert(kept.end(), s.kept.ids.begin() + s.kept.offsets[t],
                    s.kept.ids.begin() + s.kept.offsets[t + 1]);
        truncated = true;
      }
      offsets.push_back(static_cast<std::int64_t>(kept.size()));
    }
    advantages.push_back(static_cast<float>(s.advantage));
  }
  Microbatch m;
  m.pack = builder.finish();
  m.query.targets_N = m.pack.targets_tensor();
  m.query.inverse_temperature_N = tensor_of(inverse_temperature, at::kFloat);
  m.query.softcap = softcap;
  if (truncated) {
    m.query.kept_ids = tensor_of(kept, at::kInt);
    m.query.kept_offsets = tensor_of(offsets, at::kLong);
  }
  m.old_logprobs_N = tensor_of(old_logprobs, at::kFloat);
  m.mask_N = tensor_of(mask, at::kFloat);
  m.sequence_N = tensor_of(sequence, at::kLong);
  m.advantages_S = tensor_of(advantages, at::kFloat);
  return m;
}

}  // namespace hone
