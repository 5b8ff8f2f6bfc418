#include "hone/verify/vote.h"

#include <algorithm>

#include "hone/base/check.h"

namespace hone {

std::optional<std::size_t> Votes::winner() const {
  if (candidates.empty()) return std::nullopt;
  // The first of equals: candidates stand in the order in which they were named.
  const auto most =
      std::max_element(candidates.begin(), candidates.end(),
                       [](const Candidate& a, const Candidate& b) { return a.votes < b.votes; });
  return static_cast<std::size_t>(most - candidates.begin());
}

double Votes::total() const {
  double sum = 0;
  for (const Candidate& candidate : candidates) sum += candidate.votes;
  return sum;
}

Votes count_votes(const Verifier& verifier, std::span<const std::optional<std::string>> answers,
                  std::span<const double> weights) {
  HONE_CHECK(weights.empty() || weights.size() == answers.size(), "{} weights of {} answers", weights.size(),
             answers.size());
  Votes votes;
  votes.choice.resize(answers.size());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i]) continue;
    auto& candidates = votes.candidates;
    // The same text first: comparing meanings may cost milliseconds.
    auto same = std::find_if(candidates.begin(), candidates.end(),
                             [&](const Votes::Candidate& c) { return c.answer == *answers[i]; });
    if (same == candidates.end()) {
      same = std::find_if(candidates.begin(), candidates.end(), [&](const Votes::Candidate& c) {
        return verifier.same_answer(c.answer, *answers[i]);
      });
    }
    if (same == candidates.end()) same = candidates.insert(same, {*answers[i], 0.0, i});
    same->votes += weights.empty() ? 1.0 : weights[i];
    votes.choice[i] = static_cast<std::size_t>(same - candidates.begin());
  }
  return votes;
}

std::vector<std::optional<std::string>> final_answers_of(const Verifier& verifier,
                                                         std::span<const Rollout> rollouts) {
  HONE_CHECK(verifier.compares_answers(), "{} reads no answers", verifier.name());
  std::vector<std::optional<std::string>> answers;
  answers.reserve(rollouts.size());
  for (const Rollout& rollout : rollouts) answers.push_back(verifier.final_answer(rollout.completion));
  return answers;
}

namespace {

class VoteVerifier : public GroupVerifier {
 public:
  VoteVerifier(std::shared_ptr<const Verifier> answers, const VoteOptions& options)
      : answers_(std::move(answers)), options_(options) {}

  std::string name() const override { return "vote"; }

  Result<Judgement> verify(std::span<const Group> groups, std::int64_t) override {
    std::vector<Votes> ballots;
    for (const Group& group : groups)
      ballots.push_back(count_votes(*answers_, final_answers_of(*answers_, group.rollouts)));
    Judgement judgement;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const Votes& labelling = ballots[options_.shuffled ? (i + 1) % ballots.size() : i];
      judgement.verdicts.push_back(compare(ballots[i], labelling));
      measure(groups[i], ballots[i], judgement.metrics);
    }
    finish(judgement.metrics);
    return judgement;
  }

 private:
  std::vector<Verdict> compare(const Votes& own, const Votes& labelling) const {
    const std::size_t voters = own.choice.size();
    const auto winner = labelling.winner();
    if (!winner) {
      return std::vector<Verdict>(voters, {VerdictStatus::kError, 0.0,
                                           "no label: nobody in the group has an answer that can be read"});
    }
    const Votes::Candidate& label = labelling.candidates[*winner];
    const std::string counted =
        fmt::format("{} of {} say {}", label.votes, labelling.choice.size(), label.answer.substr(0, 60));
    std::vector<Verdict> verdicts;
    for (const auto choice : own.choice) {
      if (!choice) {
        verdicts.push_back({VerdictStatus::kUnparsable, 0.0, "no answer; " + counted});
        continue;
      }
      const std::string& answer = own.candidates[*choice].answer;
      const bool agrees = &own == &labelling ? choice == winner : answers_->same_answer(label.answer, answer);
      verdicts.push_back({agrees ? VerdictStatus::kCorrect : VerdictStatus::kWrong, agrees ? 1.0 : 0.0,
                          agrees ? counted : answer.substr(0, 60) + "; " + counted});
    }
    return verdicts;
  }

  // Sums; finish() makes means of them.
  static void measure(const Group& group, const Votes& votes, Metrics& sums) {
    const auto winner = votes.winner();
    sums["groups"] += 1;
    sums["answers_per_group"] += static_cast<double>(votes.candidates.size());
    if (!winner) return;
    const Votes::Candidate& majority = votes.candidates[*winner];
    sums["majority_ratio"] += majority.votes / static_cast<double>(group.rollouts.size());
    const Reward& reward = group.rollouts[majority.first].reward;
    const bool labelled =
        !reward.parts.empty() && std::all_of(reward.parts.begin(), reward.parts.end(),
                                             [](const RewardPart& part) { return part.verdict.decided(); });
    if (!labelled) return;
    sums["labelled"] += 1;
    sums["label_accuracy"] += reward.correct ? 1 : 0;
  }

  static void finish(Metrics& metrics) {
    const double groups = metrics["groups"], labelled = metrics["labelled"];
    metrics.erase("groups");
    metrics.erase("labelled");
    for (auto& [name, value] : metrics) value /= name == "label_accuracy" ? labelled : groups;
  }

  std::shared_ptr<const Verifier> answers_;
  VoteOptions options_;
};

}  // namespace

std::unique_ptr<GroupVerifier> make_vote_verifier(std::shared_ptr<const Verifier> answers,
                                                  const VoteOptions& options) {
  HONE_CHECK(answers && answers->compares_answers(), "votes need a verifier that reads answers");
  return std::make_unique<VoteVerifier>(std::move(answers), options);
}

}  // namespace hone
