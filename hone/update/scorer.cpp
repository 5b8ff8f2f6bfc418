#include "hone/update/scorer.h"

#include <torch/csrc/autograd/autograd.h>

#include "hone/update/trunk_scorer.h"

namespace hone {
namespace {

class AutogradScorer : public Scorer {
 public:
  AutogradScorer(Policy& policy, bool gradients) : policy_(policy), gradients_(gradients) {}

  void start() override { graph_ = {}; }
  std::vector<std::span<const SequenceRef>> bundles(const TrainBatch&,
                                                    std::span<const SequenceRef> items) const override {
    return items.empty() ? std::vector<std::span<const SequenceRef>>{} : std::vector{items};
  }
  void begin(const TrainBatch& batch, std::span<const SequenceRef>) override { batch_ = &batch; }
  bool has_forward(const SequenceRef&) const override { return false; }
  Scored forward(std::span<const SequenceRef> run) override {
    const at::AutoGradMode mode(gradients_);
    Scored result{pack_microbatch(*batch_, run, policy_.config().final_logit_softcap), {}};
    const Pack& pack = result.tokens.pack;
    const auto hidden = policy_.forward(pack.ids_tensor(), pack.positions_tensor(), pack.spans_tensor());
    graph_ = score_tokens(gather_rows(hidden, pack.score_rows_tensor()), policy_.head(), result.tokens.query);
    result.scores = {graph_.logprobs_N.detach(), graph_.entropy_N.detach()};
    if (gradients_) {
      result.scores.logprobs_N.set_requires_grad(true);
      result.scores.entropy_N.set_requires_grad(true);
    }
    return result;
  }
  void backward(const HeadScores& scores) override {
    std::vector<at::Tensor> roots, gradients;
    const auto add = [&](const at::Tensor& root, const at::Tensor& gradient) {
      if (!gradient.defined()) return;
      roots.push_back(root);
      gradients.push_back(gradient);
    };
    add(graph_.logprobs_N, scores.logprobs_N.grad());
    add(graph_.entropy_N, scores.entropy_N.grad());
    if (!roots.empty()) torch::autograd::backward(roots, gradients);
    graph_ = {};
  }
  void end() override {}
  void finish() override {}

 private:
  Policy& policy_;
  const bool gradients_;
  const TrainBatch* batch_ = nullptr;
  HeadScores graph_;
};

}  // namespace

std::unique_ptr<Scorer> make_scorer(Policy& policy, bool gradients, const ActivationTape* tape) {
  if (policy.has_trunk()) return std::make_unique<TrunkScorer>(policy, gradients, tape);
  return std::make_unique<AutogradScorer>(policy, gradients);
}

}  // namespace hone
