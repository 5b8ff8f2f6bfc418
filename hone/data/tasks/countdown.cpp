// Countdown: a target made from given numbers, each used once. The worked solution is a search: random
// attempts with different results, each compared with the target, until one hits, so that a warm start
// teaches trying and checking rather than an oracle. Where the search would be long it is cut, and the
// attempt that the problem was made from ends it.
#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "hone/data/tasks/graded_task.h"

namespace hone {
namespace {

struct CountdownGrade {
  int numbers;
  std::int64_t largest_number, largest_target;
  std::string_view operations;
  int failed_attempts;  // at most, in the worked solution
};
constexpr std::array<CountdownGrade, 7> kCountdownGrades = {{
    {3, 15, 40, "+-", 7},
    {3, 20, 100, "+-*", 7},
    {3, 50, 100, "+-*/", 7},
    {4, 20, 100, "+-*", 3},
    {4, 99, 100, "+-*/", 3},
    {5, 99, 500, "+-*/", 1},
    {6, 99, 999, "+-*/", 1},
}};

struct Term {
  std::int64_t value = 0;
  std::string text;
  int precedence = 2;  // 2: a number, 1: a product or quotient, 0: a sum or difference
};

std::string in_brackets_if(bool needed, const std::string& text) { return needed ? "(" + text + ")" : text; }

// a op b with a ≥ b; nothing where the result is no positive integer or the operation changes nothing.
std::optional<Term> combine(const Term& a, const Term& b, char op) {
  switch (op) {
    case '+':
      return Term{a.value + b.value, a.text + "+" + b.text, 0};
    case '-':
      if (a.value == b.value) return std::nullopt;
      return Term{a.value - b.value, a.text + "-" + in_brackets_if(b.precedence == 0, b.text), 0};
    case '*':
      if (b.value == 1) return std::nullopt;
      return Term{a.value * b.value,
                  in_brackets_if(a.precedence == 0, a.text) + "*" + in_brackets_if(b.precedence < 2, b.text),
                  1};
    default:
      if (b.value == 1 || a.value % b.value != 0) return std::nullopt;
      return Term{a.value / b.value,
                  in_brackets_if(a.precedence == 0, a.text) + "/" + in_brackets_if(b.precedence < 2, b.text),
                  1};
  }
}

struct Attempt {
  Term result;
  std::string steps;  // "25*3=75;75+7=82"
};

// Random pairs are combined until one term is left; intermediate values stay below four digits.
Attempt draw_attempt(RandomStream& random, const std::vector<std::int64_t>& numbers,
                     std::string_view operations) {
  for (;;) {
    std::vector<Term> terms;
    for (const std::int64_t n : numbers) terms.push_back({n, std::to_string(n), 2});
    std::vector<std::string> steps;
    for (int tries = 0; terms.size() > 1 && tries < 40; ++tries) {
      const std::size_t i = random.below(terms.size());
      std::size_t j = random.below(terms.size() - 1);
      if (j >= i) ++j;
      const bool in_order = terms[i].value >= terms[j].value;
      const Term& a = terms[in_order ? i : j];
      const Term& b = terms[in_order ? j : i];
      const char op = operations[random.below(operations.size())];
      const std::optional<Term> made = combine(a, b, op);
      if (!made || made->value > 999) continue;
      steps.push_back(fmt::format("{}{}{}={}", a.value, op, b.value, made->value));
      terms[std::min(i, j)] = *made;
      terms.erase(terms.begin() + static_cast<std::ptrdiff_t>(std::max(i, j)));
    }
    if (terms.size() == 1) return {terms[0], join(steps)};
  }
}

class Countdown final : public GradedTask {
 public:
  Countdown()
      : GradedTask({"countdown",
                    "a target made from given numbers, each used once, with + - * /",
                    "expression",
                    static_cast<int>(kCountdownGrades.size()),
                    {1, 2}}) {}

 private:
  Draft pose(RandomStream& random, int grade) const override {
    const CountdownGrade& g = kCountdownGrades[static_cast<std::size_t>(grade - 1)];
    std::vector<std::int64_t> numbers;
    std::optional<Attempt> hit;
    while (!hit) {
      numbers.clear();
      for (int i = 0; i < g.numbers; ++i) numbers.push_back(random.between(1, g.largest_number));
      // Ascending: the same numbers in another order are the same question, and fall on the same side of the
      // split.
      std::sort(numbers.begin(), numbers.end());
      Attempt attempt = draw_attempt(random, numbers, g.operations);
      const std::int64_t made = attempt.result.value;
      const bool is_given = std::find(numbers.begin(), numbers.end(), made) != numbers.end();
      if (made <= g.largest_target && !is_given) hit = std::move(attempt);
    }
    const std::int64_t target = hit->result.value;

    std::string think;
    std::set<std::int64_t> tried;
    for (int draws = 0; static_cast<int>(tried.size()) < g.failed_attempts && draws < 60; ++draws) {
      Attempt attempt = draw_attempt(random, numbers, g.operations);
      if (attempt.result.value == target) {
        hit = std::move(attempt);
        break;
      }
      const std::int64_t made = attempt.result.value;
      if (!tried.insert(made).second) continue;
      think += fmt::format("{};{}{}{}\n", attempt.steps, made, made < target ? '<' : '>', target);
    }
    think += fmt::format("{};{}={}", hit->steps, target, target);
    const std::string list = fmt::format("{}", fmt::join(numbers, ","));
    return {fmt::format("Make {} from {}.", target, fmt::join(numbers, ", ")), hit->result.text, think,
            fmt::format("{{\"numbers\":[{}],\"target\":{}}}", list, target)};
  }
};

}  // namespace

std::unique_ptr<Task> make_countdown() { return std::make_unique<Countdown>(); }

}  // namespace hone
