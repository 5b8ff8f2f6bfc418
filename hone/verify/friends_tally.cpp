#include "hone/verify/friends_tally.h"

#include <algorithm>

namespace hone {
namespace {

struct Agreement {
  double sum = 0, questions = 0;

  // The share of pairs of voters that say the same, of one question.
  void add(const Count& count) {
    const double yes = count.yes_votes, no = count.held - count.yes_votes, all = yes + no;
    if (all < 2) return;
    sum += (yes * (yes - 1) + no * (no - 1)) / (all * (all - 1));
    questions += 1;
  }
};

void add_rates(Metrics& metrics, const std::string& prefix, const Count& count) {
  const double asked = count.held + count.abstained;
  if (asked > 0) metrics[prefix + "abstain_rate"] = count.abstained / asked;
  if (count.held > 0) metrics[prefix + "yes_rate"] = count.yes_votes / static_cast<double>(count.held);
}

Count count_all(const Voice& voice) {
  Count count;
  for (const auto& voters : voice.opinions) {
    for (const Opinion& opinion : voters) count.add(opinion);
  }
  return count;
}

// At most `most` bytes on one line, no character cut in two.
std::string in_short(std::string text, std::size_t most) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
  return text.substr(0, most) + "…";
}

}  // namespace

void Count::add(const Opinion& opinion) {
  if (opinion.yes) {
    yes += *opinion.yes;
    ++held;
    yes_votes += *opinion.yes > 0.5 ? 1 : 0;
    return;
  }
  if (abstained == 0) why = opinion.why;
  ++abstained;
  timed_out += opinion.timed_out ? 1 : 0;
}

Count count_of(const std::vector<Voice>& voices, std::size_t question) {
  Count count;
  for (const Voice& voice : voices) {
    for (const Opinion& opinion : voice.opinions[question]) count.add(opinion);
  }
  return count;
}

Verdict undecided(const Count& count) {
  return {count.timed_out == count.abstained ? VerdictStatus::kTimeout : VerdictStatus::kError, 0.0,
          fmt::format("all {} friends abstain: {}", count.abstained, in_short(count.why, 120))};
}

Verdict verdict_of(const Count& count, bool majority) {
  if (count.held == 0) return undecided(count);
  std::string detail = fmt::format("{} of {} friend{} say{} yes", count.yes_votes, count.held,
                                   count.held == 1 ? "" : "s", count.yes_votes == 1 ? "s" : "");
  if (count.abstained > 0)
    detail += fmt::format(", {} abstain{}", count.abstained, count.abstained == 1 ? "s" : "");
  const bool most = 2 * count.yes_votes > count.held;
  const double score = majority ? (most ? 1.0 : 0.0) : count.share();
  return {score > 0.5 ? VerdictStatus::kCorrect : VerdictStatus::kWrong, score, std::move(detail)};
}

Metrics opinion_metrics(const std::vector<Voice>& voices, const std::string& name) {
  Metrics metrics;
  Count all;
  for (const Voice& voice : voices) {
    const Count own = count_all(voice);
    add_rates(metrics, fmt::format("{}/{}/", name, voice.judge), own);
    all.held += own.held;
    all.yes_votes += own.yes_votes;
    all.abstained += own.abstained;
  }
  add_rates(metrics, name + "/", all);
  Agreement agreement;
  for (std::size_t q = 0; q < voices.front().opinions.size(); ++q) agreement.add(count_of(voices, q));
  if (agreement.questions > 0) metrics[name + "/agreement"] = agreement.sum / agreement.questions;
  return metrics;
}

Result<void> check_abstentions(const std::vector<Voice>& voices, std::span<const JudgeQuestion> questions,
                               double max_abstain, const std::string& name) {
  int asked = 0, abstained = 0;
  Count worst;
  const Voice* of = nullptr;
  for (const Voice& voice : voices) {
    Count own = count_all(voice);
    asked += own.held + own.abstained;
    abstained += own.abstained;
    if (of == nullptr || own.abstained > worst.abstained) worst = std::move(own), of = &voice;
  }
  if (abstained <= max_abstain * asked) return {};
  std::string question;
  for (std::size_t q = 0; q < questions.size() && question.empty(); ++q) {
    for (const Opinion& opinion : of->opinions[q]) {
      if (!opinion.yes) question = questions[q].text;
    }
  }
  return Error{"reward: " + name,
               fmt::format("of a step's opinions at most {:.0f} % may be abstentions (max_abstain)",
                           100 * max_abstain),
               fmt::format("{} of {}; {} abstained {} times of {}, for one: {}, when asked \"{}\"", abstained,
                           asked, of->judge, worst.abstained, worst.held + worst.abstained,
                           in_short(worst.why, 200), in_short(question, 160))};
}

}  // namespace hone
