// Chained sums and products. The steps do the products first, then go from left to right, one operation a
// step.
#include <array>
#include <cstddef>

#include "hone/data/tasks/graded_task.h"

namespace hone {
namespace {

struct ArithmeticGrade {
  int operands;
  int digits;         // an operand has 1 … digits digits
  bool products;      // some operations are products, never two in a row
  int factor_digits;  // of a product's left factor; the right one has a single digit
};
constexpr std::array<ArithmeticGrade, 11> kArithmeticGrades = {{
    {2, 1, false, 0},
    {3, 1, false, 0},
    {4, 1, false, 0},
    {6, 1, false, 0},
    {2, 2, false, 0},
    {3, 2, false, 0},
    {4, 2, false, 0},
    {4, 1, true, 1},
    {4, 2, true, 2},
    {5, 3, true, 2},
    {6, 3, true, 2},
}};

std::int64_t number_of_digits(RandomStream& random, int max_digits) {
  static constexpr std::array<std::int64_t, 4> kLowest = {1, 10, 100, 1000};
  const auto digits = static_cast<std::size_t>(random.between(1, max_digits));
  return random.between(kLowest[digits - 1], kLowest[digits] - 1);
}

// "47*8=320+56=376": the tens and the ones apart, where there are both.
std::string product_step(std::int64_t a, std::int64_t b) {
  if (a < 10 || a % 10 == 0) return fmt::format("{}*{}={}", a, b, a * b);
  return fmt::format("{}*{}={}+{}={}", a, b, a / 10 * 10 * b, a % 10 * b, a * b);
}

class Arithmetic final : public GradedTask {
 public:
  Arithmetic()
      : GradedTask({"arithmetic",
                    "chains of + - and *, worked out one operation a step",
                    "number",
                    static_cast<int>(kArithmeticGrades.size()),
                    {6, 7}}) {}

 private:
  Draft pose(RandomStream& random, int grade) const override {
    const ArithmeticGrade& g = kArithmeticGrades[static_cast<std::size_t>(grade - 1)];
    const auto operations = static_cast<std::size_t>(g.operands - 1);
    std::string ops;
    while (ops.size() < operations) {
      const bool may_multiply = g.products && (ops.empty() || ops.back() != '*');
      ops += "+-*"[random.below(may_multiply ? 3 : 2)];
    }
    if (g.products && ops.find('*') == std::string::npos) ops[random.below(operations)] = '*';

    std::vector<std::int64_t> values;
    for (std::size_t i = 0; i <= operations; ++i) {
      if (i > 0 && ops[i - 1] == '*') {
        values.push_back(random.between(2, 9));
      } else {
        values.push_back(
            number_of_digits(random, i < operations && ops[i] == '*' ? g.factor_digits : g.digits));
      }
    }

    Draft draft;
    draft.question = std::to_string(values[0]);
    for (std::size_t i = 0; i < operations; ++i) draft.question += ops[i] + std::to_string(values[i + 1]);

    std::vector<std::string> steps;
    for (std::size_t i = 0; i < ops.size();) {
      if (ops[i] != '*') {
        ++i;
        continue;
      }
      steps.push_back(product_step(values[i], values[i + 1]));
      values[i] *= values[i + 1];
      values.erase(values.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      ops.erase(i, 1);
    }
    std::int64_t total = values[0];
    for (std::size_t i = 0; i < ops.size(); ++i) {
      const std::int64_t next = ops[i] == '+' ? total + values[i + 1] : total - values[i + 1];
      steps.push_back(fmt::format("{}{}{}={}", total, ops[i], values[i + 1], next));
      total = next;
    }
    draft.think = join(steps);
    draft.answer = std::to_string(total);
    return draft;
  }
};

}  // namespace

std::unique_ptr<Task> make_arithmetic() { return std::make_unique<Arithmetic>(); }

}  // namespace hone
