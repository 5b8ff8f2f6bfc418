// Conversion of numbers between bases 2 to 16: into decimal by Horner's rule, out of it by repeated division.
#include <algorithm>
#include <array>

#include "hone/data/tasks/graded_task.h"

namespace hone {
namespace {

struct BaseConversionGrade {
  std::vector<int> bases;
  std::int64_t largest;
};

const std::array<BaseConversionGrade, 5>& grades() {
  static const std::array<BaseConversionGrade, 5> kBaseConversionGrades = {{
      {{2, 10}, 255},
      {{2, 4, 8, 10}, 511},
      {{2, 8, 10, 16}, 1023},
      {{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, 4095},
      {{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, 65535},
  }};
  return kBaseConversionGrades;
}

// Most significant digit first.
std::vector<std::int64_t> digits_of(std::int64_t n, std::int64_t base) {
  std::vector<std::int64_t> digits;
  for (; n > 0; n /= base) digits.push_back(n % base);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::string spell(const std::vector<std::int64_t>& digits) {
  std::string text;
  for (const std::int64_t d : digits) text += "0123456789abcdef"[d];
  return text;
}

class BaseConversion final : public GradedTask {
 public:
  BaseConversion()
      : GradedTask({"base_conversion",
                    "numbers written in another base, 2 to 16",
                    "text",
                    static_cast<int>(grades().size()),
                    {1, 2}}) {}

 private:
  Draft pose(RandomStream& random, int grade) const override {
    const BaseConversionGrade& g = grades()[static_cast<std::size_t>(grade - 1)];
    const int from = pick(random, g.bases);
    int to = from;
    while (to == from) to = pick(random, g.bases);
    const std::int64_t n = random.between(2, g.largest);
    const auto source = digits_of(n, from), result = digits_of(n, to);

    std::vector<std::string> steps;
    if (from != 10) {
      std::int64_t value = source[0];
      steps.push_back(std::to_string(value));
      for (std::size_t i = 1; i < source.size(); ++i) {
        const std::int64_t next = value * from + source[i];
        steps.push_back(fmt::format("{}*{}+{}={}", value, from, source[i], next));
        value = next;
      }
    }
    if (to != 10)
      for (std::int64_t left = n; left > 0; left /= to)
        steps.push_back(fmt::format("{}/{}={} r{}", left, to, left / to, left % to));

    Draft draft;
    draft.question = fmt::format("Convert {} from base {} to base {}.", spell(source), from, to);
    draft.think = join(steps);
    draft.answer = spell(result);
    return draft;
  }
};

}  // namespace

std::unique_ptr<Task> make_base_conversion() { return std::make_unique<BaseConversion>(); }

}  // namespace hone
