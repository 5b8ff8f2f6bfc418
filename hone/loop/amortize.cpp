#include "hone/loop/amortize.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "hone/rl/advantage.h"
#include "hone/verify/vote.h"

namespace hone {
namespace {

constexpr double kRemovalSmoothing = 4.0;

TrainSequence learned(std::vector<std::int32_t> ids) {
  TrainSequence sequence;
  sequence.loss_mask.assign(ids.size(), 1);
  sequence.completion = std::move(ids);
  return sequence;
}

// The first completion that gave the answer and came to its end.
const Completion* to_rehearse(const Group& group, const Votes& votes, std::size_t answer) {
  for (std::size_t i = 0; i < group.rollouts.size(); ++i) {
    const Completion& completion = group.rollouts[i].completion;
    if (votes.choice[i] == answer && completion.finish == FinishReason::kEos) return &completion;
  }
  return nullptr;
}

// What stands between the think tags; empty without them.
std::string thought_in(const std::string& text) {
  constexpr std::string_view kOpen = "<think>", kClose = "</think>";
  const auto open = text.find(kOpen), close = text.rfind(kClose);
  if (open == std::string::npos || close == std::string::npos || close < open + kOpen.size()) return {};
  return text.substr(open + kOpen.size(), close - open - kOpen.size());
}

std::vector<std::int32_t> joined(std::vector<std::int32_t> ids, const std::vector<std::int32_t>& more,
                                 const std::vector<std::int32_t>& last = {}) {
  ids.insert(ids.end(), more.begin(), more.end());
  ids.insert(ids.end(), last.begin(), last.end());
  return ids;
}

class Amortizer {
 public:
  Amortizer(const TrainParts& parts, std::int64_t step) : p_(parts), o_(parts.recipe.amortize), step_(step) {
    draft_.batch.step = step;
  }

  Result<StepDraft> run(std::int64_t next_problem) {
    HONE_TRY_VOID(think(next_problem));
    for (std::size_t i = 0; i < draft_.groups.size(); ++i) learn(i);
    const auto groups = static_cast<double>(draft_.groups.size());
    Metrics& m = draft_.metrics;
    m = rollout_metrics(draft_.groups);
    m["amortize/kept"] = kept_ / groups;
    m["amortize/majority_ratio"] = majority_ / groups;
    if (o_.remove_per_step > 0 && kept_ > 0) m["amortize/thought"] = thought_ / kept_;
    m["amortize/flops"] = flops_;
    if (labelled_ > 0) m["amortize/label_accuracy"] = right_ / labelled_;
    return std::move(draft_);
  }

 private:
  Result<void> think(std::int64_t next_problem) {
    std::vector<Problem> problems;
    for (int i = 0; i < o_.prompts_per_step; ++i) problems.push_back(p_.dataset.train(next_problem + i));
    RolloutRequest request;
    request.samples = o_.samples;
    request.sampling.max_new_tokens = o_.max_new_tokens;
    request.sampling.temperature = o_.temperature;
    request.sampling.stop = p_.recipe.grpo.rollout.stop;
    request.max_prompt_tokens = p_.recipe.data.max_prompt_tokens;
    request.key = {.seed = p_.recipe.seed,
                   .purpose = Purpose::kAmortizeSampling,
                   .step = static_cast<std::uint64_t>(step_),
                   .problem = static_cast<std::uint64_t>(next_problem)};
    HONE_TRY(Generator * thinker, p_.thinker(step_));
    HONE_TRY(draft_.groups, roll_out(problems, request, p_.environment, *thinker, p_.rubric,
                                     [&](std::size_t done, std::size_t all) {
                                       p_.observer.on_activity(fmt::format("thinking {}/{}", done, all));
                                     }));
    for (const Group& group : draft_.groups) {
      const std::int64_t prompt = std::ssize(group.prompt_ids);
      flops_ += p_.forward_flops(0, prompt);
      for (const Rollout& r : group.rollouts)
        flops_ += p_.forward_flops(prompt, prompt + std::ssize(r.completion.ids));
    }
    return {};
  }

  void learn(std::size_t i) {
    const Group& group = draft_.groups[i];
    const auto answers = p_.rubric.answers();
    const Votes votes = count_votes(*answers, final_answers_of(*answers, group.rollouts));
    const auto winner = votes.winner();
    if (!winner) return;
    const Votes::Candidate& answer = votes.candidates[*winner];
    const double share = answer.votes / static_cast<double>(group.rollouts.size());
    majority_ += share;
    if (share < o_.min_agreement) return;
    kept_ += 1;
    const Reward& reward = group.rollouts[answer.first].reward;
    if (p_.rubric.labelled(reward)) {
      labelled_ += 1;
      right_ += reward.correct ? 1 : 0;
    }

    const Completion* thought = to_rehearse(group, votes, *winner);
    const std::vector<std::int32_t> left =
        thought != nullptr ? rest_of(*thought, i) : std::vector<std::int32_t>();
    thought_ += static_cast<double>(left.size());
    // The rest of a thought stands where the answer would begin.
    const std::size_t tag = left.empty() ? std::string::npos : o_.prefix.rfind("<answer>");
    const std::string before = o_.prefix.substr(0, tag), after = o_.prefix.substr(before.size());
    add(joined(group.prompt_ids, p_.encode(before)),
        joined(left, p_.encode(after + answer.answer + o_.suffix), {p_.eos_id}));

    const RandomKey key{.seed = p_.recipe.seed,
                        .purpose = Purpose::kRehearsal,
                        .step = static_cast<std::uint64_t>(step_),
                        .problem = i};
    if (random_uniform(key, 0) >= o_.rehearsal) return;
    if (thought != nullptr) add(group.prompt_ids, thought->ids);
  }

  // What this step leaves of a thought.
  std::vector<std::int32_t> rest_of(const Completion& completion, std::size_t i) const {
    if (o_.remove_per_step == 0) return {};
    const RandomKey key{.seed = p_.recipe.seed,
                        .purpose = Purpose::kThoughtRemoval,
                        .step = static_cast<std::uint64_t>(step_),
                        .problem = i};
    const double more = std::floor(-std::log1p(-random_uniform(key, 0)) / kRemovalSmoothing);
    const double removed = std::floor(static_cast<double>(step_) * o_.remove_per_step) + more;
    std::vector<std::int32_t> ids = p_.encode(thought_in(completion.text));
    const auto gone = std::min(static_cast<double>(ids.size()), removed);
    ids.erase(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(gone));
    return ids;
  }

  void add(std::vector<std::int32_t> prompt, std::vector<std::int32_t> completion) {
    flops_ += 3 * p_.forward_flops(0, std::ssize(prompt) + std::ssize(completion));
    draft_.batch.groups.push_back({std::move(prompt), {learned(std::move(completion))}});
  }

  const TrainParts& p_;
  const AmortizeOptions& o_;
  const std::int64_t step_;
  StepDraft draft_;
  double kept_ = 0, majority_ = 0, thought_ = 0, labelled_ = 0, right_ = 0, flops_ = 0;
};

}  // namespace

ForcedPrefix forced_prefix(const TrainParts& parts, const std::string& text) {
  return text.empty() ? ForcedPrefix{} : ForcedPrefix{text, parts.encode(text)};
}

Result<void> check_amortize(const Rubric& rubric) {
  if (rubric.answers()) return {};
  return Error{"amortize",
               "needs a verifier in `reward` whose answers can be compared (number, math, text …)",
               fmt::format("{}", fmt::join(rubric.names(), ", "))};
}

Result<StepDraft> amortize_step(const TrainParts& parts, std::int64_t step, std::int64_t next_problem) {
  return Amortizer(parts, step).run(next_problem);
}

std::optional<double> AmortizeLedger::break_even() const {
  const double saved = flops_thinking - flops_direct;
  if (saved <= 0) return std::nullopt;
  return flops_paid / saved;
}

}  // namespace hone
