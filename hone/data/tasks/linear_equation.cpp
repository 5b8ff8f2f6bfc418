// One linear equation in x: brackets opened, terms gathered, divided; answers are exact integers or
// fractions.
#include <cstdlib>
#include <numeric>

#include "hone/data/tasks/graded_task.h"

namespace hone {
namespace {

constexpr int kLinearEquationGradeCount = 7;

std::string x_term(std::int64_t a) { return a == 1 ? "x" : a == -1 ? "-x" : fmt::format("{}x", a); }

// Adds a term to a side with the sign it needs there; zero terms are left out.
void add(std::string& side, std::int64_t coefficient, const std::string& term) {
  if (coefficient == 0) return;
  if (coefficient > 0 && !side.empty()) side += "+";
  side += term;
}

// a x + b, "0" when both are zero.
std::string side(std::int64_t a, std::int64_t b) {
  std::string text;
  add(text, a, x_term(a));
  add(text, b, std::to_string(b));
  return text.empty() ? "0" : text;
}

std::string fraction(std::int64_t numerator, std::int64_t denominator) {
  if (denominator < 0) numerator = -numerator, denominator = -denominator;
  const std::int64_t common = std::gcd(numerator, denominator);
  numerator /= common, denominator /= common;
  return denominator == 1 ? std::to_string(numerator) : fmt::format("{}/{}", numerator, denominator);
}

std::int64_t not_zero(RandomStream& random, std::int64_t lo, std::int64_t hi) {
  for (;;)
    if (const std::int64_t n = random.between(lo, hi); n != 0) return n;
}

struct Equation {
  std::int64_t a = 1, b = 0, c = 0, d = 0;  // a x + b = c x + d, a ≠ c
};

// Gathers x on the left and numbers on the right, then divides. Steps that would repeat the last line are
// left out.
std::string solve(const Equation& e, std::vector<std::string> steps, std::string line, std::string& answer) {
  const auto step = [&](const std::string& text) {
    if (text == line) return;
    steps.push_back(text);
    line = text;
  };
  std::string left, right;
  add(left, e.a, x_term(e.a));
  add(left, -e.c, x_term(-e.c));
  add(right, e.d, std::to_string(e.d));
  add(right, -e.b, std::to_string(-e.b));
  step(left + "=" + (right.empty() ? "0" : right));
  const std::int64_t a = e.a - e.c, d = e.d - e.b;
  step(fmt::format("{}={}", x_term(a), d));
  answer = fraction(d, a);
  if (a != 1) step(fmt::format("x={}/{}", d, a));
  step("x=" + answer);
  return join(steps);
}

class LinearEquation final : public GradedTask {
 public:
  LinearEquation()
      : GradedTask({"linear_equation",
                    "a linear equation solved for x, exactly",
                    "number",
                    kLinearEquationGradeCount,
                    {3, 4}}) {}

 private:
  Draft pose(RandomStream& random, int grade) const override {
    Draft draft;
    if (grade == kLinearEquationGradeCount) {
      // p(x+q)=r(x+s)+t
      const std::int64_t p = random.between(2, 9), q = not_zero(random, -9, 9), s = not_zero(random, -9, 9),
                         t = not_zero(random, -20, 20);
      std::int64_t r = p;
      while (r == p) r = random.between(2, 9);
      std::string line = fmt::format("{}({})={}({})", p, side(1, q), r, side(1, s));
      add(line, t, std::to_string(t));
      draft.question = "Solve for x: " + line;
      const std::string opened = fmt::format("{}={}{:+}", side(p, p * q), side(r, r * s), t);
      draft.think =
          solve({p, p * q, r, r * s + t}, {opened, fmt::format("{}={}", side(p, p * q), side(r, r * s + t))},
                "", draft.answer);
      return draft;
    }
    Equation e;
    const bool wide = grade >= 4;
    const std::int64_t x = wide ? random.between(-12, 12) : random.between(1, 12);
    if (grade >= 2) e.a = wide ? not_zero(random, -12, 12) : random.between(2, 9);
    if (grade != 2) e.b = wide ? not_zero(random, -30, 30) : random.between(1, 20);
    if (grade >= 5) do
        e.c = not_zero(random, -12, 12);
      while (e.c == e.a);
    // LinearEquationGrade 6 draws the right side freely, so that most answers are fractions.
    e.d = grade == 6 ? random.between(-30, 30) : (e.a - e.c) * x + e.b;
    const std::string line = side(e.a, e.b) + "=" + side(e.c, e.d);
    draft.question = "Solve for x: " + line;
    draft.think = solve(e, {}, line, draft.answer);
    return draft;
  }
};

}  // namespace

std::unique_ptr<Task> make_linear_equation() { return std::make_unique<LinearEquation>(); }

}  // namespace hone
