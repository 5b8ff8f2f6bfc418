#include "hone/verify/rubric.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <thread>

#include "hone/base/check.h"
#include "hone/base/suggest.h"
#include "hone/verify/code/code_verifier.h"
#include "hone/verify/math/math_verifier.h"
#include "hone/verify/program/program_verifier.h"
#include "hone/verify/proof/proof.h"
#include "hone/verify/verifiers.h"
#include "hone/verify/vote.h"

namespace hone {

Verdict guarded_verdict(const Verifier& verifier, const Problem& problem, const Completion& completion) {
  Verdict verdict;
  try {
    verdict = verifier.verify(problem, completion);
  } catch (const BrokenInvariant&) {
    throw;
  } catch (const std::exception& e) {
    return {VerdictStatus::kError, 0.0, std::string("threw: ") + e.what()};
  } catch (...) {
    return {VerdictStatus::kError, 0.0, "threw what is no std::exception"};
  }
  if (verdict.decided() && !std::isfinite(verdict.score)) {
    return {VerdictStatus::kError, 0.0, fmt::format("scored {}", verdict.score)};
  }
  return verdict;
}

namespace {

CodeOptions code_options(const VerifierOptions& options) {
  CodeOptions code;
  code.language = options.language;
  code.seconds = options.seconds;
  code.case_seconds = std::min(code.case_seconds, options.seconds);
  code.memory_bytes = std::int64_t{options.memory_mb} << 20;
  code.partial_credit = options.partial_credit;
  code.workers = options.workers;
  return code;
}

ProofOptions proof_options(const VerifierOptions& options) {
  ProofOptions proof;
  proof.checker = options.checker;
  proof.metamath_database = options.database;
  proof.coq_axioms = options.axioms;
  proof.seconds = options.seconds;
  proof.memory_bytes = std::int64_t{options.memory_mb} << 20;
  proof.processes = options.workers > 0 ? options.workers
                                        : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  return proof;
}

ProgramOptions program_options(const VerifierOptions& options) {
  ProgramOptions program;
  program.command = options.command;
  program.seconds = options.seconds;
  program.workers = options.workers;
  program.accuracy = options.accuracy;
  return program;
}

}  // namespace

std::vector<std::string> known_verifiers() {
  return {"math", "code",       "proof",    "program", "format", "number",
          "text", "expression", "proposal", "length",  "random"};
}

Result<std::unique_ptr<Verifier>> make_verifier(const VerifierOptions& options, std::uint64_t seed) {
  const std::string& name = options.verifier;
  if (name == "math") return make_math_verifier();
  if (name == "code") return make_code_verifier(code_options(options));
  if (name == "proof") return make_proof_verifier(proof_options(options));
  if (name == "program") return make_program_verifier(program_options(options));
  if (name == "format") return make_format_verifier();
  if (name == "number") return make_number_verifier();
  if (name == "text") return make_text_verifier();
  if (name == "expression") return make_expression_verifier();
  if (name == "proposal") return make_proposal_verifier();
  if (name == "random") return make_random_verifier(seed);
  if (name == "length") {
    if (!std::isfinite(options.scale) || options.scale <= 0) {
      return Error{"reward: length: scale", "must be a positive cost a token",
                   fmt::format("{}", options.scale)};
    }
    return make_length_verifier(options.scale);
  }
  const std::vector<std::string> known = known_verifiers();
  const std::string near = nearest(name, known);
  const std::string hint = near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near);
  return Error{"reward", fmt::format("must name one of {}", fmt::join(known, ", ")),
               fmt::format("'{}'{}", name, hint)};
}

namespace {

bool judges_groups(const VerifierOptions& options) {
  return options.verifier == "vote" || options.verifier == "friends";
}

VerifierOptions reader_of_answers(VerifierOptions options) {
  options.verifier = options.answers.empty() ? "number" : options.answers;
  return options;
}

// "vote" and "friends".
Result<std::unique_ptr<GroupVerifier>> make_group_verifier(const VerifierOptions& options, std::uint64_t seed,
                                                           std::shared_ptr<const Friends> friends) {
  const VerifierOptions of = reader_of_answers(options);
  HONE_TRY(std::shared_ptr<const Verifier> answers, make_verifier(of, seed));
  if (!answers->compares_answers()) {
    return Error{fmt::format("reward: {}: answers", options.verifier),
                 "must read answers that can be compared", of.verifier};
  }
  if (options.verifier == "vote")
    return make_vote_verifier(std::move(answers), {.shuffled = options.shuffled});
  if (!friends) return Error{"reward: friends", "can be asked in training alone", "no training run"};
  return make_friends_verifier(options, std::move(answers), std::move(friends));
}

// Σ weight · score; absent when a part of weight is undecided.
std::optional<double> total_of(const std::vector<RewardPart>& parts) {
  double total = 0.0;
  for (const RewardPart& part : parts) {
    if (part.weight == 0.0) continue;
    if (!part.verdict.decided()) return std::nullopt;
    total += part.weight * part.verdict.score;
  }
  return total;
}

}  // namespace

std::shared_ptr<const Verifier> make_answer_verifier(const RewardOptions& options) {
  constexpr std::array<std::string_view, 4> kReaders = {"math", "number", "text", "expression"};
  for (const VerifierOptions& entry : options.rubric) {
    const VerifierOptions of = judges_groups(entry) ? reader_of_answers(entry) : entry;
    if (std::ranges::find(kReaders, of.verifier) == kReaders.end()) continue;
    auto verifier = make_verifier(of, /*seed=*/0);
    HONE_CHECK(verifier.ok() && (*verifier)->compares_answers(), "{} reads no answers", of.verifier);
    return std::move(verifier).value();
  }
  return nullptr;
}

Result<Rubric> Rubric::make(const RewardOptions& options, std::uint64_t seed,
                            std::shared_ptr<const Friends> friends) {
  std::vector<Weighted> weighted;
  for (const VerifierOptions& entry : options.rubric) {
    if (judges_groups(entry)) {
      HONE_TRY(std::unique_ptr<GroupVerifier> group, make_group_verifier(entry, seed, friends));
      weighted.push_back({entry.weight, nullptr, entry.name, std::move(group)});
      continue;
    }
    HONE_TRY(std::unique_ptr<Verifier> verifier, make_verifier(entry, seed));
    weighted.push_back({entry.weight, std::move(verifier), entry.name});
  }
  return of(std::move(weighted));
}

Result<Rubric> Rubric::of(std::vector<Weighted> weighted) {
  if (weighted.empty()) return Error{"reward", "must hold at least one verifier", "none"};
  std::set<std::string> seen;
  for (Weighted& entry : weighted) {
    HONE_CHECK((entry.verifier != nullptr) != (entry.group != nullptr), "an entry is of one kind");
    if (entry.name.empty()) entry.name = entry.group ? entry.group->name() : entry.verifier->name();
    const std::string& name = entry.name;
    if (!std::isfinite(entry.weight)) {
      return Error{"reward: " + name + ": weight", "must be finite", fmt::format("{}", entry.weight)};
    }
    if (!seen.insert(name).second)
      return Error{"reward", "must name each verifier once", "'" + name + "' twice"};
  }
  Rubric rubric;
  rubric.entries_ = std::move(weighted);
  return rubric;
}

Reward Rubric::judge(const Problem& problem, const Completion& completion) const {
  Reward reward;
  bool judged = false, correct = true, waits = false;
  for (const Weighted& entry : entries_) {
    if (entry.group) {
      waits = waits || entry.weight != 0.0;
      continue;
    }
    Verdict verdict = guarded_verdict(*entry.verifier, problem, completion);
    if (entry.verifier->judges_correctness()) {
      judged = true;
      correct = correct && verdict.status == VerdictStatus::kCorrect;
    }
    reward.parts.push_back({entry.name, entry.weight, std::move(verdict)});
  }
  if (!waits) reward.total = total_of(reward.parts);
  reward.correct = judged && correct;
  return reward;
}

namespace {

// How many verdicts of groups say what the label says.
struct Agreement {
  double yes = 0, of = 0;
  void add(const Agreement& other) {
    yes += other.yes;
    of += other.of;
  }
};

// An entry with a name of its own reports under it.
std::string metric_name(const Rubric::Weighted& entry, const std::string& key) {
  const std::string own = entry.name + "/";
  return entry.name == entry.group->name() || key.starts_with(own) ? key : own + key;
}

}  // namespace

Result<Metrics> Rubric::judge_groups(std::span<Group> groups, std::int64_t step) const {
  Metrics metrics;
  Agreement weighty;
  for (std::size_t place = 0; place < entries_.size(); ++place) {
    const Weighted& entry = entries_[place];
    if (!entry.group) continue;
    HONE_TRY(GroupVerifier::Judgement judgement, entry.group->verify(groups, step));
    for (const auto& [key, value] : judgement.metrics) metrics[metric_name(entry, key)] = value;
    Agreement own;
    HONE_CHECK(judgement.verdicts.size() == groups.size(), "{} groups of verdicts",
               judgement.verdicts.size());
    for (std::size_t g = 0; g < groups.size(); ++g) {
      std::vector<Rollout>& rollouts = groups[g].rollouts;
      HONE_CHECK(judgement.verdicts[g].size() == rollouts.size(), "{} verdicts",
                 judgement.verdicts[g].size());
      for (std::size_t r = 0; r < rollouts.size(); ++r) {
        std::vector<RewardPart>& parts = rollouts[r].reward.parts;
        Verdict& verdict = judgement.verdicts[g][r];
        if (verdict.decided() && labelled(rollouts[r].reward)) {
          own.add(
              {(verdict.status == VerdictStatus::kCorrect) == rollouts[r].reward.correct ? 1.0 : 0.0, 1.0});
        }
        parts.insert(parts.begin() + static_cast<std::ptrdiff_t>(place),
                     {entry.name, entry.weight, std::move(verdict)});
        rollouts[r].reward.total = total_of(parts);
      }
    }
    if (own.of > 0) metrics[entry.name + "/reward_accuracy"] = own.yes / own.of;
    if (entry.weight != 0) weighty.add(own);
  }
  if (weighty.of > 0) metrics["reward_accuracy"] = weighty.yes / weighty.of;
  return metrics;
}

bool Rubric::labelled(const Reward& reward) const {
  bool any = false;
  for (const Weighted& entry : entries_) {
    if (entry.group || !entry.verifier->judges_correctness()) continue;
    const auto part = std::find_if(reward.parts.begin(), reward.parts.end(),
                                   [&](const RewardPart& p) { return p.verifier == entry.name; });
    if (part == reward.parts.end() || !part->verdict.decided()) return false;
    any = true;
  }
  return any;
}

std::vector<std::string> Rubric::names() const {
  std::vector<std::string> names;
  for (const Weighted& entry : entries_) names.push_back(entry.name);
  return names;
}

int Rubric::concurrency() const {
  int sum = 0;
  for (const Weighted& entry : entries_) sum += entry.group ? 0 : entry.verifier->concurrency();
  return sum;
}

bool Rubric::judges_correctness() const {
  return std::any_of(entries_.begin(), entries_.end(), [](const Weighted& entry) {
    return !entry.group && entry.verifier->judges_correctness();
  });
}

std::shared_ptr<const Verifier> Rubric::answers() const {
  for (const Weighted& entry : entries_) {
    if (!entry.group && entry.verifier->compares_answers()) return entry.verifier;
  }
  return nullptr;
}

}  // namespace hone
