#include "hone/symbolic/proposals.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "hone/base/ascii.h"
#include "hone/base/hash.h"
#include "hone/symbolic/program_language.h"

namespace hone {
namespace {

constexpr std::size_t kMaxNumbers = 8;
constexpr std::int64_t kLargestNumber = 999;

std::string without_space(std::string_view text) {
  std::string packed;
  for (const char c : text) {
    if (!is_space(c)) packed += c;
  }
  return packed;
}

Error no_proposal(const std::string& language, std::string rule, std::string_view got) {
  return Error{language + " proposal", std::move(rule), std::string(got.substr(0, 60))};
}

// The numbers of an expression, in order. Error: a sign or letter that does not belong, a leading zero,
// numbers or counts beyond the limits.
Result<std::vector<std::int64_t>> numbers_in(const std::string& language, std::string_view text,
                                             std::string_view between) {
  std::vector<std::int64_t> numbers;
  for (std::size_t at = 0; at < text.size();) {
    if (!is_digit(text[at])) {
      if (between.find(text[at]) == std::string_view::npos)
        return no_proposal(language, fmt::format("must be of whole numbers and {}", between), text);
      ++at;
      continue;
    }
    const std::size_t begin = at;
    std::int64_t value = 0;
    for (; at < text.size() && is_digit(text[at]) && value <= kLargestNumber; ++at)
      value = value * 10 + (text[at] - '0');
    if (value > kLargestNumber || (text[begin] == '0' && at > begin + 1))
      return no_proposal(language,
                         fmt::format("numbers must be 0 to {}, without leading zeros", kLargestNumber), text);
    numbers.push_back(value);
  }
  if (numbers.size() < 2 || numbers.size() > kMaxNumbers)
    return no_proposal(language, fmt::format("must have 2 to {} numbers", kMaxNumbers), text);
  return numbers;
}

Result<std::int64_t> value_of(const std::string& language, const std::string& expression) {
  const auto run = run_program("x=" + expression + ";print x");
  if (!run.ok()) return no_proposal(language, run.error().rule, expression);
  return run->output;
}

Problem posed(const std::string& task, std::string question, std::string answer) {
  Problem problem;
  problem.id = hash64(task + "\n" + question);  // as the task itself would give it
  problem.source = "proposed " + task;
  problem.messages = {{"user", std::move(question)}};
  problem.answer = std::move(answer);
  return problem;
}

class ArithmeticProposals : public ProposalLanguage {
 public:
  std::string name() const override { return "arithmetic"; }
  std::string verifier() const override { return "number"; }
  std::string request() const override { return "Propose a sum."; }

  Result<Problem> read(const std::string& proposal) const override {
    const std::string text = without_space(proposal);
    HONE_TRY_VOID(to_void(numbers_in(name(), text, "+ - *")));
    if (!is_digit(text.front())) return no_proposal(name(), "must begin with a number", text);
    HONE_TRY(const std::int64_t value, value_of(name(), text));
    return posed(name(), text, std::to_string(value));
  }

  std::string draw(RandomStream& random) const override {
    constexpr std::array<std::int64_t, 3> kLargest = {9, 99, kLargestNumber};
    std::string text;
    do {
      const std::int64_t count = random.between(2, kMaxNumbers);
      const std::int64_t largest = kLargest[random.below(kLargest.size())];
      text.clear();
      for (std::int64_t i = 0; i < count; ++i) {
        if (i > 0) text += "+-*"[random.below(3)];
        text += std::to_string(random.between(1, largest));
      }
    } while (!read(text).ok());  // too large a product, now and then
    return text;
  }
};

class CountdownProposals : public ProposalLanguage {
 public:
  std::string name() const override { return "countdown"; }
  std::string verifier() const override { return "expression"; }
  std::string request() const override { return "Propose numbers and what they can make."; }

  Result<Problem> read(const std::string& proposal) const override {
    const std::size_t colon = proposal.find(':');
    if (colon == std::string::npos) return no_proposal(name(), "must be NUMBERS: EXPRESSION", proposal);
    const std::string expression = without_space(std::string_view(proposal).substr(colon + 1));
    HONE_TRY(std::vector<std::int64_t> given, numbers_in(name(), proposal.substr(0, colon), " ,"));
    HONE_TRY(std::vector<std::int64_t> used, numbers_in(name(), expression, "+ - * ( )"));
    std::sort(given.begin(), given.end());
    std::sort(used.begin(), used.end());
    if (given != used) return no_proposal(name(), "must use each number exactly once", proposal);
    HONE_TRY(const std::int64_t target, value_of(name(), expression));
    if (target <= 0) return no_proposal(name(), "must make a positive number", std::to_string(target));
    Problem problem =
        posed(name(), fmt::format("Make {} from {}.", target, fmt::join(given, ", ")), expression);
    problem.fields = fmt::format("{{\"numbers\":[{}],\"target\":{}}}", fmt::join(given, ","), target);
    return problem;
  }

  std::string draw(RandomStream& random) const override {
    std::vector<std::int64_t> numbers;
    std::string expression;
    const std::int64_t count = random.between(2, 4);
    for (std::int64_t i = 0; i < count; ++i) {
      numbers.push_back(random.between(1, 20));
      // The first numbers are added, so that what is taken away or not keeps most targets positive.
      if (i > 0) expression += i == 1 ? '+' : "+-*"[random.below(3)];
      expression += std::to_string(numbers.back());
    }
    return fmt::format("{}: {}", fmt::join(numbers, " "), expression);
  }
};

class ProgramProposals : public ProposalLanguage {
 public:
  std::string name() const override { return "program"; }
  std::string verifier() const override { return "number"; }
  std::string request() const override { return "Propose a program."; }

  Result<Problem> read(const std::string& proposal) const override {
    HONE_TRY(const ProgramRun run, run_program(proposal));
    return posed(name(), "What does it print? " + run.text, std::to_string(run.output));
  }

  std::string draw(RandomStream& random) const override {
    // a and b set, then some updates of them, at times repeated by a loop that counts.
    std::string text = fmt::format("a={};b={}", random.between(1, 9), random.between(1, 9));
    const std::int64_t updates = random.between(1, 3);
    for (std::int64_t i = 0; i < updates; ++i) {
      const char target = "ab"[random.below(2)];
      const std::string update = fmt::format("{}={}{}{}", target, "ab"[random.below(2)],
                                             "+-*"[random.below(3)], random.between(1, 5));
      if (random.below(3) == 0) {
        const char counter = "ij"[i % 2];
        text += fmt::format(";{0}=0;while {0}<{1}{{{2};{0}={0}+1}}", counter, random.between(2, 4), update);
      } else {
        text += ";" + update;
      }
    }
    return text + fmt::format(";print {}", "ab"[random.below(2)]);
  }
};

}  // namespace

const std::vector<std::unique_ptr<ProposalLanguage>>& all_proposal_languages() {
  static const std::vector<std::unique_ptr<ProposalLanguage>> languages = [] {
    std::vector<std::unique_ptr<ProposalLanguage>> list;
    list.push_back(std::make_unique<ArithmeticProposals>());
    list.push_back(std::make_unique<CountdownProposals>());
    list.push_back(std::make_unique<ProgramProposals>());
    return list;
  }();
  return languages;
}

const ProposalLanguage* find_proposal_language(const std::string& name) {
  for (const auto& language : all_proposal_languages())
    if (language->name() == name) return language.get();
  return nullptr;
}

}  // namespace hone
