#include "hone/cli/policy_scorer.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "hone/policy/pack.h"

namespace hone {
namespace {

constexpr std::int64_t kPassTokens = 4096;  // prompt tokens of one forward pass

class PolicyScorer : public YesNoScorer {
 public:
  PolicyScorer(Policy& policy, std::vector<std::int32_t> prefix, std::vector<std::int32_t> yes,
               std::vector<std::int32_t> no)
      : policy_(policy), prefix_(std::move(prefix)), yes_(std::move(yes)), no_(std::move(no)) {}

  Result<std::vector<std::optional<double>>> probabilities(
      std::span<const std::vector<std::int32_t>> prompts) override {
    std::vector<std::optional<double>> all(prompts.size());
    PackBuilder builder;
    std::vector<std::size_t> packed;
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      std::vector<std::int32_t> ids = prompts[i];
      ids.insert(ids.end(), prefix_.begin(), prefix_.end());
      if (ids.empty() || std::ssize(ids) >= policy_.config().max_position_embeddings) continue;
      const std::int64_t before = builder.size();
      if (before > 0 && before + std::ssize(ids) > kPassTokens) read(builder, packed, all);
      builder.add_prompt(ids);
      for (const auto* words : {&yes_, &no_}) {
        for (const std::int32_t& id : *words) builder.add_completion({&id, 1});
      }
      packed.push_back(i);
    }
    if (!packed.empty()) read(builder, packed, all);
    return all;
  }

 private:
  void read(PackBuilder& builder, std::vector<std::size_t>& packed,
            std::vector<std::optional<double>>& all) const {
    const HeadScores scores = score_pack(policy_, builder.finish());
    const auto logprobs = scores.logprobs_N.cpu().contiguous();
    const float* next = logprobs.data_ptr<float>();
    const auto take = [&next](std::size_t count) {
      double sum = 0;
      for (std::size_t i = 0; i < count; ++i) sum += std::exp(static_cast<double>(*next++));
      return sum;
    };
    for (const std::size_t i : packed) {
      const double yes = take(yes_.size()), no = take(no_.size());
      if (yes + no > 0 && std::isfinite(yes + no)) all[i] = yes / (yes + no);
    }
    packed.clear();
  }

  Policy& policy_;
  std::vector<std::int32_t> prefix_, yes_, no_;
};

std::set<std::int32_t> first_tokens(const Tokenizer& tokenizer, std::initializer_list<const char*> words) {
  std::set<std::int32_t> first;
  for (const char* word : words) {
    const auto ids = tokenizer.encode(word);
    if (!ids.empty()) first.insert(ids.front());
  }
  return first;
}

}  // namespace

Result<std::unique_ptr<YesNoScorer>> make_policy_scorer(Model& model, const std::string& prefix) {
  const auto yes = first_tokens(model.tokenizer, {"yes", "Yes", "YES", " yes", " Yes", " YES"});
  const auto no = first_tokens(model.tokenizer, {"no", "No", "NO", " no", " No", " NO"});
  // A space that is a token of its own begins both.
  std::vector<std::int32_t> only_yes, only_no;
  std::set_difference(yes.begin(), yes.end(), no.begin(), no.end(), std::back_inserter(only_yes));
  std::set_difference(no.begin(), no.end(), yes.begin(), yes.end(), std::back_inserter(only_no));
  if (only_yes.empty() || only_no.empty()) {
    return Error{"friends: verdict: probability", "yes and no must begin with tokens of their own",
                 "a tokenizer in which they begin alike"};
  }
  return std::unique_ptr<YesNoScorer>(std::make_unique<PolicyScorer>(
      *model.policy, model.tokenizer.encode(prefix), std::move(only_yes), std::move(only_no)));
}

}  // namespace hone
