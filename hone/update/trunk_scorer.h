// The Scorer of policies that have a trunk.
#pragma once

#include <optional>
#include <vector>

#include "hone/tensor/head.h"
#include "hone/update/scorer.h"

namespace hone {

class TrunkScorer : public Scorer {
 public:
  TrunkScorer(Policy& policy, bool gradients, const ActivationTape* tape)
      : policy_(policy), gradients_(gradients), tape_(tape) {}

  void start() override { embedding_ = {}; }
  std::vector<std::span<const SequenceRef>> bundles(const TrainBatch& batch,
                                                    std::span<const SequenceRef> items) const override {
    return cut_bundles(batch, items);
  }
  void begin(const TrainBatch& batch, std::span<const SequenceRef> bundle) override;
  bool has_forward(const SequenceRef& item) const override { return entry_of(item) != nullptr; }
  Scored forward(std::span<const SequenceRef> run) override;
  void backward(const HeadScores& scores) override;
  void end() override;
  void finish() override;

 private:
  const ActivationTape::Entry* entry_of(const SequenceRef& item) const;
  bool prompts_from_tape(std::span<const SequenceRef> bundle);
  bool run_from_tape(std::span<const SequenceRef> run);
  PromptRows prompt_rows();
  void take_scored_rows(const Pack& pack);
  void give_scored_rows(const Pack& pack);
  void backward_through(const Pack& pack, const PromptRows& prompts, const Trunk::Kept& kept,
                        const float* own_gradients, const float* d_hidden);

  Policy& policy_;
  const bool gradients_;
  const ActivationTape* tape_;  // may be null
  const TrainBatch* batch_ = nullptr;
  PromptPlaces places_;
  Pack prompts_;
  Activations prompts_kept_, kept_;
  ActivationTape::Rows taped_;           // of the last forward's rows; empty: it was computed
  std::optional<Microbatch> run_;        // of the last forward
  std::vector<kernel::RowStats> stats_;  // of its tokens
  EmbeddingGradient embedding_;
  FloatBuffer prompts_hidden_, d_prompts_hidden_, d_prompts_keys_;  // [P, H], [P, H], [layers, 2, P, K]
  FloatBuffer hidden_, d_hidden_, d_x_;                             // [T, H]
  FloatBuffer scored_, d_scored_;                                   // [N, H]
};

}  // namespace hone
