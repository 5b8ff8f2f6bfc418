#include "hone/verify/friends.h"

#include <algorithm>
#include <map>

#include "hone/base/check.h"
#include "hone/base/hash.h"
#include "hone/config/judge_prompt.h"
#include "hone/verify/answer.h"
#include "hone/verify/friends_tally.h"

namespace hone {
namespace {

// What is asked, as a person would put it. Of a problem only this reaches a judge.
std::string question_of(const Problem& problem) {
  std::string text;
  for (const Message& message : problem.messages) {
    if (message.role == "system") continue;
    if (!text.empty()) text += "\n";
    text += message.content;
  }
  return text;
}

// What a completion says to its reader: the marked answer, else all that follows the thought.
std::string reply_of(const Completion& completion) {
  if (const auto tagged = tagged_answer(completion.text)) return std::string(trimmed(*tagged));
  return std::string(trimmed(after_thinking(completion.text)));
}

// The questions of a step, each text once.
class Questions {
 public:
  std::size_t add(std::string text) {
    const auto [place, is_new] = places_.emplace(text, all_.size());
    if (is_new) {
      const std::uint64_t key = hash64(text);
      all_.push_back({std::move(text), key});
    }
    return place->second;
  }
  const std::vector<JudgeQuestion>& all() const { return all_; }

 private:
  std::map<std::string, std::size_t> places_;
  std::vector<JudgeQuestion> all_;
};

// One group under pairwise comparison: equal replies are one contestant.
struct Contest {
  struct Comparison {
    std::size_t first, second;      // contestants
    std::size_t forward, backward;  // questions: first shown first, second shown first
  };
  std::vector<std::string> contestants;
  std::vector<std::optional<std::size_t>> place;  // [rollouts] its contestant; none: an empty reply
  std::vector<Comparison> comparisons;
};

class FriendsVerifier : public GroupVerifier {
 public:
  FriendsVerifier(const VerifierOptions& options, std::shared_ptr<const Verifier> answers,
                  std::shared_ptr<const Friends> friends)
      : options_(options),
        prompt_(judge_prompt(options)),
        name_(options.name.empty() ? "friends" : options.name),
        answers_(std::move(answers)),
        friends_(std::move(friends)) {
    const std::vector<std::string> used = prompt_names(prompt_);
    needs_answer_ = std::find(used.begin(), used.end(), "answer") != used.end();
  }

  std::string name() const override { return "friends"; }

  Result<Judgement> verify(std::span<const Group> groups, std::int64_t step) override {
    return options_.pairwise ? compare(groups, step) : judge(groups, step);
  }

 private:
  Result<Judgement> judge(std::span<const Group> groups, std::int64_t step) {
    Questions questions;
    std::vector<std::vector<std::optional<std::size_t>>> asked;  // [groups][rollouts]
    for (const Group& group : groups) {
      const std::string question = question_of(group.problem);
      auto& places = asked.emplace_back();
      for (const Rollout& rollout : group.rollouts) {
        const auto text = single_prompt(question, rollout.completion);
        places.push_back(text ? std::optional(questions.add(*text)) : std::nullopt);
      }
    }
    Judgement judgement;
    HONE_TRY(const std::vector<Voice> voices, ask(questions.all(), step, judgement.metrics));
    for (const auto& places : asked) {
      auto& verdicts = judgement.verdicts.emplace_back();
      for (const auto& place : places) {
        verdicts.push_back(place ? verdict_of(count_of(voices, *place), options_.score == "majority")
                                 : Verdict{VerdictStatus::kUnparsable, 0.0, "no answer to show"});
      }
    }
    return judgement;
  }

  // None: it has nothing to show.
  std::optional<std::string> single_prompt(const std::string& question, const Completion& completion) const {
    std::string answer;
    if (needs_answer_) {
      const auto read = answers_->final_answer(completion);
      if (!read) return std::nullopt;
      answer = *read;
    }
    const std::string reply = reply_of(completion);
    if (!needs_answer_ && reply.empty()) return std::nullopt;
    return fill_prompt(prompt_, {{"question", question},
                                 {"answer", answer},
                                 {"reply", reply},
                                 {"completion", completion.text},
                                 {"rubric", options_.rubric}});
  }

  Result<Judgement> compare(std::span<const Group> groups, std::int64_t step) {
    Questions questions;
    std::vector<Contest> contests;
    for (const Group& group : groups) contests.push_back(contest_of(group, questions));
    Judgement judgement;
    HONE_TRY(const std::vector<Voice> voices, ask(questions.all(), step, judgement.metrics));
    for (const Contest& contest : contests) judgement.verdicts.push_back(settle(contest, voices));
    return judgement;
  }

  // Contestants stand in a circle, and each meets the next few: all have equally many opponents.
  Contest contest_of(const Group& group, Questions& questions) const {
    Contest contest;
    auto& contestants = contest.contestants;
    for (const Rollout& rollout : group.rollouts) {
      std::string reply = reply_of(rollout.completion);
      if (reply.empty()) {
        contest.place.push_back(std::nullopt);
        continue;
      }
      const auto same = std::find(contestants.begin(), contestants.end(), reply);
      contest.place.push_back(static_cast<std::size_t>(same - contestants.begin()));
      if (same == contestants.end()) contestants.push_back(std::move(reply));
    }
    const std::string question = question_of(group.problem);
    const auto shown = [&](std::size_t a, std::size_t b) {
      return questions.add(fill_prompt(prompt_, {{"question", question},
                                                 {"a", contestants[a]},
                                                 {"b", contestants[b]},
                                                 {"rubric", options_.rubric}}));
    };
    const std::size_t n = contestants.size();
    const auto reach = static_cast<std::size_t>(options_.opponents) / 2;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t d = 1; d <= reach && 2 * d <= n; ++d) {
        const std::size_t other = (i + d) % n;
        if (2 * d == n && other < i) continue;  // they met from the other side
        contest.comparisons.push_back({i, other, shown(i, other), shown(other, i)});
      }
    }
    return contest;
  }

  std::vector<Verdict> settle(const Contest& contest, const std::vector<Voice>& voices) const {
    std::vector<Count> counts(contest.contestants.size());
    for (const Contest::Comparison& c : contest.comparisons) {
      for (const Voice& voice : voices) {
        for (std::size_t v = 0; v < voice.opinions[c.forward].size(); ++v) {
          const Opinion &forward = voice.opinions[c.forward][v], &backward = voice.opinions[c.backward][v];
          Opinion won = forward.yes ? backward : forward, lost = won;  // an abstention, should there be one
          if (forward.yes && backward.yes) {
            won.yes = (*forward.yes + 1 - *backward.yes) / 2;
            lost.yes = 1 - *won.yes;
          }
          counts[c.first].add(won);
          counts[c.second].add(lost);
        }
      }
    }
    std::vector<Verdict> verdicts;
    for (const auto& place : contest.place) {
      verdicts.push_back(place ? standing(counts[*place])
                               : Verdict{VerdictStatus::kUnparsable, 0.0, "no reply to show"});
    }
    return verdicts;
  }

  Verdict standing(const Count& count) const {
    if (count.held == 0 && count.abstained == 0)
      return {VerdictStatus::kWrong, 0.5, "nothing to compare with: the group's replies are the same"};
    if (count.held == 0) return undecided(count);
    const bool better = count.share() > 0.5;
    const double score = options_.score == "majority" ? (better ? 1.0 : 0.0) : count.share();
    return {better ? VerdictStatus::kCorrect : VerdictStatus::kWrong, score,
            fmt::format("wins {:g} of {} comparisons", count.yes, count.held)};
  }

  Result<std::vector<Voice>> ask(const std::vector<JudgeQuestion>& questions, std::int64_t step,
                                 Metrics& metrics) const {
    HONE_CHECK(!friends_->empty(), "nobody to ask");
    std::vector<Voice> voices;
    for (const std::unique_ptr<Friend>& judge : *friends_) {
      const auto& wanted = options_.judges;
      if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), judge->name()) == wanted.end()) continue;
      Voice voice{judge->name(), {}};
      if (!questions.empty()) {
        HONE_TRY(voice.opinions, judge->ask(questions, step));
      }
      HONE_CHECK(voice.opinions.size() == questions.size(), "{} answered {} of {} questions", voice.judge,
                 voice.opinions.size(), questions.size());
      voices.push_back(std::move(voice));
    }
    HONE_CHECK(!voices.empty(), "none of the friends is among judges");
    if (auto held = check_abstentions(voices, questions, options_.max_abstain, name_); !held.ok()) {
      for (const std::unique_ptr<Friend>& judge : *friends_) HONE_TRY_VOID(judge->withdraw(step));
      return held.error();
    }
    metrics.merge(opinion_metrics(voices, name_));
    return voices;
  }

  VerifierOptions options_;
  std::string prompt_, name_;
  std::shared_ptr<const Verifier> answers_;
  std::shared_ptr<const Friends> friends_;
  bool needs_answer_ = false;
};

}  // namespace

std::unique_ptr<GroupVerifier> make_friends_verifier(const VerifierOptions& options,
                                                     std::shared_ptr<const Verifier> answers,
                                                     std::shared_ptr<const Friends> friends) {
  HONE_CHECK(answers && answers->compares_answers() && friends, "friends need answers to show and a list");
  return std::make_unique<FriendsVerifier>(options, std::move(answers), std::move(friends));
}

}  // namespace hone
