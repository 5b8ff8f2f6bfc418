// A register that is added to, subtracted from and multiplied modulo m; each step shows the value and its
// residue.
#include <array>

#include "hone/data/tasks/graded_task.h"

namespace hone {
namespace {

struct ModularChainGrade {
  int operations;
  std::int64_t min_modulus, max_modulus;
};
constexpr std::array<ModularChainGrade, 6> kModularChainGrades = {
    {{2, 5, 10}, {3, 5, 12}, {4, 7, 20}, {5, 11, 30}, {7, 11, 50}, {10, 23, 99}}};

class ModularChain final : public GradedTask {
 public:
  ModularChain()
      : GradedTask({"modular_chain",
                    "a number carried through + - * steps modulo m",
                    "number",
                    static_cast<int>(kModularChainGrades.size()),
                    {2, 3}}) {}

 private:
  Draft pose(RandomStream& random, int grade) const override {
    const ModularChainGrade& g = kModularChainGrades[static_cast<std::size_t>(grade - 1)];
    const std::int64_t m = random.between(g.min_modulus, g.max_modulus);
    std::int64_t value = random.between(1, m - 1);
    std::string question = fmt::format("Modulo {}, start at {}:", m, value);
    std::vector<std::string> steps;
    for (int i = 0; i < g.operations; ++i) {
      const char op = "+-*"[random.below(3)];
      const std::int64_t operand = random.between(op == '*' ? 2 : 1, m - 1);
      const std::int64_t result = op == '+' ? value + operand : op == '-' ? value - operand : value * operand;
      const std::int64_t residue = (result % m + m) % m;
      question += fmt::format("{} {}{}", i == 0 ? "" : ",", op, operand);
      // "7*3=21->10"; the arrow is left out where there is nothing to reduce.
      steps.push_back(residue == result ? fmt::format("{}{}{}={}", value, op, operand, result)
                                        : fmt::format("{}{}{}={}->{}", value, op, operand, result, residue));
      value = residue;
    }
    return {question + ".", std::to_string(value), join(steps), ""};
  }
};

}  // namespace

std::unique_ptr<Task> make_modular_chain() { return std::make_unique<ModularChain>(); }

}  // namespace hone
