// Answers and every worked step of the tasks about numbers, recomputed exactly.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "data/exact.h"
#include "hone/base/hash.h"
#include "hone/config/judge_prompt.h"

namespace hone::testing {
namespace {

// "a=b=c": every part has the first one's value; returns it.
Fraction equal_parts(const std::string& step) {
  const auto parts = split(step, "=");
  EXPECT_GE(parts.size(), 2u) << step;
  const Fraction value = exact(parts[0]);
  for (const auto& part : parts) EXPECT_EQ(exact(part), value) << step;
  return value;
}

TEST(Arithmetic, StepsAndAnswerAreTheExpressionsValue) {
  for_each_problem("arithmetic", [](const Problem& p, int) {
    ASSERT_EQ(exact(question_of(p)), Fraction(std::stoll(p.answer))) << question_of(p);
    Fraction last = 0;
    for (const auto& step : split(think_of(p), ";")) last = equal_parts(step);
    ASSERT_EQ(last, Fraction(std::stoll(p.answer)));
  });
}

TEST(Arithmetic, GradesGrow) {
  for_each_problem("arithmetic", [](const Problem& p, int grade) {
    Expression expression(question_of(p), 0);
    expression.value();
    static constexpr std::size_t kOperands[] = {2, 3, 4, 6, 2, 3, 4, 4, 4, 5, 6};
    ASSERT_EQ(expression.numbers.size(), kOperands[grade - 1]);
    static constexpr std::int64_t kLargest[] = {9, 9, 9, 9, 99, 99, 99, 9, 99, 999, 999};
    for (const auto n : expression.numbers) ASSERT_TRUE(n >= 1 && n <= kLargest[grade - 1]) << question_of(p);
    ASSERT_EQ(question_of(p).find('*') != std::string::npos, grade >= 8) << question_of(p);
  });
}

// The question is a judge's, word for word; the work repeats the sum's own and compares.
TEST(CheckArithmetic, SaysYesToRightAnswersAlone) {
  const Task& sums = *find_task("arithmetic");
  int yes = 0, all = 0, near = 0;
  for_each_problem("check_arithmetic", [&](const Problem& p, int) {
    const std::string question = question_of(p);
    const auto lines = split(question, "\n");
    ASSERT_EQ(lines.size(), 3u) << question;
    ASSERT_TRUE(lines[0].starts_with("Question: ") && lines[1].starts_with("Answer: ")) << question;
    const std::string sum = lines[0].substr(10), proposed = lines[1].substr(8);
    ASSERT_EQ(question, fill_prompt(kJudgePrompt, {{"question", sum}, {"answer", proposed}}));
    const Fraction value = exact(sum);
    const bool right = value == Fraction(std::stoll(proposed));
    ASSERT_EQ(p.answer, right ? "yes" : "no") << question;
    ASSERT_TRUE(think_of(p).ends_with(fmt::format(";{}{}{}", value.n, right ? "==" : "!=", proposed)))
        << think_of(p);
    ASSERT_EQ(p.kin, hash64("arithmetic\n" + sum));
    ++all;
    yes += right ? 1 : 0;
    near += !right && std::abs(value.n - std::stoll(proposed)) <= 10 ? 1 : 0;
  });
  EXPECT_NEAR(static_cast<double>(yes) / all, 0.5, 0.05);
  EXPECT_GT(near, all / 3);
  EXPECT_EQ(find_task("check_arithmetic")->max_difficulty(), sums.max_difficulty());
}

TEST(Countdown, ExpressionsHitTheTargetWithEachNumberOnce) {
  int failed_attempts = 0;
  for_each_problem("countdown", [&](const Problem& p, int grade) {
    const auto fields = nlohmann::json::parse(p.fields);
    auto numbers = fields.at("numbers").get<std::vector<std::int64_t>>();
    const auto target = fields.at("target").get<std::int64_t>();
    ASSERT_EQ(question_of(p), fmt::format("Make {} from {}.", target, fmt::join(numbers, ", ")));
    static constexpr std::size_t kNumbers[] = {3, 3, 3, 4, 4, 5, 6};
    ASSERT_EQ(numbers.size(), kNumbers[grade - 1]);

    ASSERT_EQ(std::count(numbers.begin(), numbers.end(), target), 0) << question_of(p);

    Expression answer(p.answer, 0);
    ASSERT_EQ(answer.value(), Fraction(target)) << p.answer;
    std::sort(numbers.begin(), numbers.end());
    std::sort(answer.numbers.begin(), answer.numbers.end());
    ASSERT_EQ(answer.numbers, numbers) << p.answer;

    const auto attempts = split(think_of(p), "\n");
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      const bool last = i + 1 == attempts.size();
      auto steps = split(attempts[i], ";");
      ASSERT_EQ(steps.size(), numbers.size()) << p.solution;
      const std::string comparison = steps.back();  // "8<22"
      steps.pop_back();
      Fraction value = 0;
      for (const auto& step : steps) value = equal_parts(step);
      ASSERT_EQ(value == Fraction(target), last) << p.solution;
      const auto sign = comparison.find_first_of("<=>");
      ASSERT_NE(sign, std::string::npos) << p.solution;
      const std::int64_t made = std::stoll(comparison.substr(0, sign));
      ASSERT_EQ(Fraction(made), value) << p.solution;
      ASSERT_EQ(comparison.substr(sign + 1), std::to_string(target)) << p.solution;
      ASSERT_EQ(comparison[sign], made < target ? '<' : made > target ? '>' : '=') << p.solution;
      failed_attempts += last ? 0 : 1;
    }
  });
  EXPECT_GT(failed_attempts, kProblemsAGrade);
}

// Digits 0-9a-z, as the standard library reads them.
std::int64_t read_in_base(const std::string& digits, int base) {
  std::size_t used = 0;
  const std::int64_t n = std::stoll(digits, &used, base);
  EXPECT_EQ(used, digits.size()) << digits << " in base " << base;
  return n;
}

TEST(BaseConversion, AnswersNameTheSameNumber) {
  for_each_problem("base_conversion", [](const Problem& p, int) {
    char digits[32];
    int from = 0, to = 0;
    ASSERT_EQ(
        std::sscanf(question_of(p).c_str(), "Convert %31s from base %d to base %d.", digits, &from, &to), 3);
    ASSERT_NE(from, to);
    const std::int64_t n = read_in_base(digits, from);
    ASSERT_EQ(read_in_base(p.answer, to), n) << question_of(p);
    ASSERT_NE(p.answer.front(), '0');
    for (const auto& step : split(think_of(p), ";")) {
      long long dividend = 0, divisor = 0, quotient = 0, rest = 0;
      if (std::sscanf(step.c_str(), "%lld/%lld=%lld r%lld", &dividend, &divisor, &quotient, &rest) == 4) {
        ASSERT_EQ(divisor, to);
        ASSERT_EQ(quotient * divisor + rest, dividend) << step;
        ASSERT_LT(rest, divisor);
      } else if (step.find('=') != std::string::npos) {
        equal_parts(step);
      }
    }
  });
}

TEST(ModularChain, ResiduesFollow) {
  for_each_problem("modular_chain", [](const Problem& p, int) {
    long long m = 0, value = 0;
    ASSERT_EQ(std::sscanf(question_of(p).c_str(), "Modulo %lld, start at %lld:", &m, &value), 2);
    const std::string list = between(question_of(p), ": ", ".");
    const auto operations = split(list, ", "), steps = split(think_of(p), ";");
    ASSERT_EQ(operations.size(), steps.size());
    for (std::size_t i = 0; i < operations.size(); ++i) {
      const std::string whole = std::to_string(value) + operations[i];
      const Fraction result = exact(whole);
      ASSERT_EQ(result.d, 1);
      value = result.n % m;
      if (value < 0) value += m;
      std::string expected = fmt::format("{}={}", whole, result.n);
      if (value != result.n) expected += fmt::format("->{}", value);
      ASSERT_EQ(steps[i], expected);
    }
    ASSERT_EQ(p.answer, std::to_string(value));
  });
}

TEST(LinearEquation, EveryLineHoldsForTheAnswer) {
  int fractions = 0;
  for_each_problem("linear_equation", [&](const Problem& p, int grade) {
    const Fraction x = exact(p.answer);
    // In lowest terms, as it is written.
    ASSERT_EQ(p.answer, x.d == 1 ? std::to_string(x.n) : fmt::format("{}/{}", x.n, x.d));
    const std::string equation = between(question_of(p), "Solve for x: ", "");
    auto lines = split(think_of(p), ";");
    ASSERT_NE(lines.front(), equation) << "the question is no step";
    ASSERT_EQ(lines.back(), "x=" + p.answer);
    lines.push_back(equation);
    for (const auto& line : lines) {
      const auto sides = split(line, "=");
      ASSERT_EQ(sides.size(), 2u) << line;
      ASSERT_EQ(exact(sides[0], x), exact(sides[1], x)) << line << " of " << p.solution;
    }
    // One solution: the difference of the sides changes with x.
    const auto sides = split(equation, "=");
    ASSERT_NE(exact(sides[0], x + 1), exact(sides[1], x + 1)) << equation;
    if (x.d != 1) {
      ASSERT_GE(grade, 6);
      ++fractions;
    }
  });
  EXPECT_GT(fractions, kProblemsAGrade / 2);
}

std::vector<std::int64_t> integers(const std::string& text) {
  std::vector<std::int64_t> numbers;
  for (const auto& word : split(text, " ")) numbers.push_back(std::stoll(word));
  return numbers;
}

TEST(Sorting, EveryStepIsTheSortedStart) {
  int descending_count = 0;
  for_each_problem("sorting", [&](const Problem& p, int grade) {
    const bool descending = question_of(p).starts_with("Sort descending: ");
    ASSERT_TRUE(descending || question_of(p).starts_with("Sort ascending: "));
    ASSERT_TRUE(!descending || grade >= 3);
    descending_count += descending ? 1 : 0;
    const auto numbers = integers(between(question_of(p), ": ", ""));
    const auto steps = split(think_of(p), ";");
    ASSERT_EQ(steps.size(), numbers.size());
    for (std::size_t i = 0; i < steps.size(); ++i) {
      std::vector<std::int64_t> start(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      if (descending) {
        std::sort(start.begin(), start.end(), std::greater<>());
      } else {
        std::sort(start.begin(), start.end());
      }
      ASSERT_EQ(integers(steps[i]), start) << p.solution;
    }
    ASSERT_EQ(steps.back(), p.answer);
  });
  EXPECT_GT(descending_count, kProblemsAGrade);
}

}  // namespace
}  // namespace hone::testing
