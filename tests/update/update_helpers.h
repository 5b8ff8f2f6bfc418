// Tiny policies and batches sampled from nowhere, whose logprobs are the policy's own.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

#include "hone/base/rng.h"
#include "hone/policy/policy.h"
#include "hone/update/learner.h"

namespace hone::testing {

inline ModelConfig tiny_config(int layers = 2, bool tied = true) {
  ModelInitOptions o;
  o.hidden_size = 32;
  o.intermediate_size = 48;
  o.layers = layers;
  o.heads = 4;
  o.kv_heads = 2;
  o.max_position_embeddings = 64;
  o.tie_word_embeddings = tied;
  auto config = make_model_config(o, 48, 0, 1);
  if (!config.ok()) throw std::runtime_error(config.error().message());
  return std::move(config).value();
}

inline Policy tiny_policy(std::uint64_t seed = 3, const std::string& dtype = "float32", int layers = 2) {
  // Wide enough for probabilities that differ, and so for gradients that matter.
  auto policy = Policy::init(tiny_config(layers), seed, 0.2, "cpu", dtype);
  if (!policy.ok()) throw std::runtime_error(policy.error().message());
  return std::move(policy).value();
}

inline std::vector<SequenceRef> every_sequence(const TrainBatch& batch) {
  std::vector<SequenceRef> items;
  for (std::size_t g = 0; g < batch.groups.size(); ++g) {
    for (std::size_t s = 0; s < batch.groups[g].sequences.size(); ++s) items.push_back({g, s});
  }
  return items;
}

// Logprobs of one sequence under the policy, alone in its pack: what sampling it would record.
inline std::vector<float> own_logprobs(Policy& policy, const TrainBatch& batch, SequenceRef item) {
  const at::NoGradGuard no_grad;
  const Microbatch m = pack_microbatch(batch, std::span(&item, 1), policy.config().final_logit_softcap);
  const auto hidden = policy.forward(m.pack.ids_tensor(), m.pack.positions_tensor(), m.pack.spans_tensor());
  const auto scores = score_tokens(gather_rows(hidden, m.pack.score_rows_tensor()), policy.head(), m.query);
  const float* p = scores.logprobs_N.data_ptr<float>();
  return {p, p + scores.logprobs_N.numel()};
}

inline void record_logprobs(Policy& policy, TrainBatch& batch) {
  for (const SequenceRef& item : every_sequence(batch)) {
    auto logprobs = own_logprobs(policy, batch, item);
    batch.groups[item.group].sequences[item.sequence].old_logprobs = std::move(logprobs);
  }
}

struct BatchShape {
  int groups = 4, sequences = 3;
  double temperature = 1.0;
  bool kept = false;  // truncated sampling
};

// Prompts of 2 to 6 tokens, completions of 1 to 9 with a masked token here and there, advantages that sum to
// 0 in a group.
inline TrainBatch random_batch(Policy& policy, std::uint64_t seed, const BatchShape& shape = {}) {
  RandomStream random({.seed = seed, .problem = 9});
  const auto token = [&] { return static_cast<std::int32_t>(random.between(2, 47)); };
  TrainBatch batch;
  for (int g = 0; g < shape.groups; ++g) {
    TrainGroup group;
    for (auto n = random.between(2, 6); n > 0; --n) group.prompt.push_back(token());
    double sum = 0.0;
    for (int s = 0; s < shape.sequences; ++s) {
      TrainSequence sequence;
      sequence.temperature = shape.temperature;
      sequence.advantage = s + 1 == shape.sequences ? -sum : random.normal();
      sum += sequence.advantage;
      if (shape.kept) sequence.kept.offsets = {0};
      for (auto n = random.between(1, 9); n > 0; --n) {
        sequence.completion.push_back(token());
        sequence.loss_mask.push_back(sequence.loss_mask.empty() || random.uniform() < 0.85 ? 1 : 0);
        if (!shape.kept) continue;
        for (std::int32_t id = 0; id < 48; ++id) {
          if (id == sequence.completion.back() || random.uniform() < 0.2) sequence.kept.ids.push_back(id);
        }
        sequence.kept.offsets.push_back(static_cast<std::int64_t>(sequence.kept.ids.size()));
      }
      group.sequences.push_back(std::move(sequence));
    }
    batch.groups.push_back(std::move(group));
  }
  record_logprobs(policy, batch);
  return batch;
}

// Every weight, in fp32, end to end.
inline std::vector<float> weights(const Policy& policy) {
  std::vector<float> all;
  for (const Parameter& p : policy.parameters()) {
    const auto value = p.value.detach().to(at::kFloat).contiguous();
    const float* w = value.data_ptr<float>();
    all.insert(all.end(), w, w + value.numel());
  }
  return all;
}

inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

inline double relative_distance(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0.0, norm = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = static_cast<double>(a[i]) - b[i];
    difference += d * d;
    norm += static_cast<double>(b[i]) * b[i];
  }
  return std::sqrt(difference / norm);
}

inline Result<Metrics> metrics_of_update(Learner& learner, const TrainBatch& batch) {
  HONE_TRY(UpdateReport report, learner.update(batch));
  return std::move(report.metrics);
}

inline LearnerOptions learner_options() {
  LearnerOptions o;
  o.optimizer.learning_rate = 1e-3;
  o.max_completion_length = 9;
  o.total_steps = 100;
  o.eos_ids = {0};
  return o;
}

}  // namespace hone::testing
