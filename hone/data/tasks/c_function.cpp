// A tiny C function from examples of what it gives. The tests are other inputs, so that a table of the
// examples fails; examples are drawn until every program of the grade that fits them agrees on the tests. The
// worked solution tries kinds of programs one after the other: fits each to two examples, checks the fit on a
// third.
#include <algorithm>
#include <array>
#include <functional>
#include <map>

#include "hone/data/tasks/graded_task.h"

namespace hone {
namespace {

enum class ProgramKind { kLinear, kSquare, kThreshold, kLimit, kRemainder, kPower, kSum };

struct Program {
  ProgramKind kind;
  std::int64_t a = 0, b = 0, c = 0;

  std::int64_t operator()(std::int64_t x) const {
    switch (kind) {
      case ProgramKind::kLinear:
        return a * x + b;
      case ProgramKind::kSquare:
        return a * x * x + b;
      case ProgramKind::kThreshold:
        return x < c ? a : b;
      case ProgramKind::kLimit:
        return x < c ? c : x;
      case ProgramKind::kRemainder:
        return x % c + b;
      case ProgramKind::kPower: {
        std::int64_t s = b;
        for (std::int64_t i = 0; i < x; ++i) s *= a;
        return s;
      }
      case ProgramKind::kSum:
        return b + a * x + x * (x - 1) / 2;
    }
    return 0;
  }
};

// "+7", "-4", "" for 0.
std::string plus(std::int64_t b) { return b == 0 ? "" : fmt::format("{:+}", b); }
std::string times(std::int64_t a, std::string_view what) {
  return a == 1 ? std::string(what) : a == -1 ? fmt::format("-{}", what) : fmt::format("{}*{}", a, what);
}

std::string in_c(const Program& p) {
  const auto returns = [](const std::string& value) { return "int f(int x){return " + value + ";}"; };
  const auto loop = [&](const std::string& body) {
    return fmt::format("int f(int x){{int s={};for(int i=0;i<x;i++){};return s;}}", p.b, body);
  };
  switch (p.kind) {
    case ProgramKind::kLinear:
      return returns(times(p.a, "x") + plus(p.b));
    case ProgramKind::kSquare:
      return returns(times(p.a, "x*x") + plus(p.b));
    case ProgramKind::kThreshold:
      return returns(fmt::format("x<{}?{}:{}", p.c, p.a, p.b));
    case ProgramKind::kLimit:
      return returns(fmt::format("x<{}?{}:x", p.c, p.c));
    case ProgramKind::kRemainder:
      return returns(fmt::format("x%{}{}", p.c, plus(p.b)));
    case ProgramKind::kPower:
      return loop(fmt::format("s*={}", p.a));
    case ProgramKind::kSum:
      return loop(fmt::format("s+=i{}", plus(p.a)));
  }
  return {};
}

constexpr std::int64_t kLargestFactor = 9;

// The programs of a grade. Numbers are small, so that examples are what there is to think about.
std::vector<Program> programs_of(int grade) {
  std::vector<Program> all;
  const bool negative = grade >= 2;
  for (std::int64_t a = negative ? -kLargestFactor : 1; a <= kLargestFactor; ++a)
    for (std::int64_t b = negative ? -9 : 0; b <= 9; ++b)
      if (a != 0 && grade <= 3)
        for (const ProgramKind kind : {ProgramKind::kLinear, ProgramKind::kSquare})
          if (kind == ProgramKind::kLinear || std::abs(a) <= 5) all.push_back({kind, a, b});
  if (grade == 3) {
    for (std::int64_t c = 2; c <= 9; ++c) {
      all.push_back({ProgramKind::kLimit, 0, 0, c});
      for (std::int64_t b = -9; b <= 9; ++b) {
        all.push_back({ProgramKind::kRemainder, 0, b, c});
        for (std::int64_t a = -9; a <= 9; ++a)
          if (a != b) all.push_back({ProgramKind::kThreshold, a, b, c});
      }
    }
  }
  if (grade == 4) {
    for (std::int64_t b = 1; b <= 9; ++b) {
      for (std::int64_t a = 2; a <= 4; ++a) all.push_back({ProgramKind::kPower, a, b});
      for (std::int64_t a = 0; a <= 9; ++a) all.push_back({ProgramKind::kSum, a, b});
    }
  }
  return all;
}

using Points = std::vector<std::pair<std::int64_t, std::int64_t>>;

// Whether a x^power + b fits, worked: the slope between the first two points, then the third as a check.
bool try_polynomial(const Points& points, int power, std::string& work) {
  const auto [x1, y1] = points[0];
  const auto [x2, y2] = points[1];
  const auto [x3, y3] = points[2];
  const auto raised = [&](std::int64_t x) {
    if (power == 1) return x;
    work += fmt::format("{}*{}={};", x, x, x * x);
    return x * x;
  };
  work += power == 1 ? "a*x+b:" : "a*x*x+b:";
  const std::int64_t p1 = raised(x1), p2 = raised(x2), dx = p2 - p1, dy = y2 - y1;
  work += fmt::format("{}-{}={};{}-{}={};", y2, y1, dy, p2, p1, dx);
  const std::int64_t a = dy / dx, b = y1 - a * p1;
  if (dy % dx != 0 || a == 0 || std::abs(a) > kLargestFactor) {
    work += fmt::format("{}/{} no\n", dy, dx);
    return false;
  }
  work += fmt::format("{}/{}={};{}*{}={};{}-{}={};", dy, dx, a, a, p1, a * p1, y1, a * p1, b);
  const std::int64_t p3 = raised(x3), made = a * p3 + b;
  const bool fits = made == y3;
  work += fmt::format("{}*{}={};{}{:+}={}{}{}", a, p3, a * p3, a * p3, b, made, fits ? "=" : "<>", y3);
  if (!fits) work += " no\n";
  return fits;
}

std::string listed(const Points& points, const std::function<std::int64_t(std::size_t)>& value) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < points.size(); ++i) texts.push_back(std::to_string(value(i)));
  return join(texts, ",");
}

std::string work_out(const Program& p, const Points& points) {
  std::string work;
  if (p.kind == ProgramKind::kPower || p.kind == ProgramKind::kSum) {
    const Points later(points.begin() + 1, points.end());
    const auto before = [&](std::size_t i) { return points[i].second; };
    work += "y-y:" + listed(later, [&](std::size_t i) { return later[i].second - before(i); });
    if (p.kind == ProgramKind::kPower)
      work += "\ny/y:" + listed(later, [&](std::size_t i) { return later[i].second / before(i); });
    return work;
  }
  if (try_polynomial(points, 1, work)) return work;
  if (p.kind == ProgramKind::kSquare && try_polynomial(points, 2, work)) return work;
  if (p.kind == ProgramKind::kRemainder)
    return work + "x-y:" + listed(points, [&](std::size_t i) { return points[i].first - points[i].second; });
  return work +
         fmt::format("y:{};x<{}", listed(points, [&](std::size_t i) { return points[i].second; }), p.c);
}

class CFunction final : public GradedTask {
 public:
  CFunction()
      : GradedTask({"c_function",
                    "a C function of one integer from examples, judged by compiler and hidden tests",
                    "code",
                    kCFunctionGrades,
                    {1}}) {
    for (int grade = 1; grade <= kCFunctionGrades; ++grade)
      for (const Program& p : programs_of(grade)) kinds_[grade][p.kind].push_back(p);
  }

 private:
  static constexpr int kCFunctionGrades = 4;
  static constexpr std::array<std::int64_t, kCFunctionGrades> kLargest = {9, 9, 12, 8};
  static constexpr std::array<std::size_t, kCFunctionGrades> kShown = {3, 3, 6, 4};
  static constexpr std::size_t kTests = 5;

  Draft pose(RandomStream& random, int grade) const override {
    const auto& kinds = kinds_.at(grade);
    auto kind = kinds.begin();
    std::advance(kind, static_cast<std::ptrdiff_t>(random.below(kinds.size())));
    const Program program = pick(random, kind->second);
    for (;;) {
      std::vector<std::int64_t> inputs;
      for (std::int64_t x = 0; x <= kLargest[static_cast<std::size_t>(grade - 1)]; ++x) inputs.push_back(x);
      const std::size_t shown = kShown[static_cast<std::size_t>(grade - 1)];
      if (grade < 4) random.shuffle(std::span(inputs));
      std::sort(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(shown));
      Points points;
      for (std::size_t i = 0; i < shown; ++i) points.emplace_back(inputs[i], program(inputs[i]));
      inputs.erase(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(shown));
      inputs.resize(kTests);
      if (grade == 4 || is_settled(kinds, program, points, inputs)) return draft(program, points, inputs);
    }
  }

  // Whether whatever fits the points agrees with `program` on the inputs, so that there is one right answer.
  static bool is_settled(const std::map<ProgramKind, std::vector<Program>>& kinds, const Program& program,
                         const Points& points, const std::vector<std::int64_t>& inputs) {
    for (const auto& [kind, programs] : kinds)
      for (const Program& other : programs) {
        const auto fits = [&](const auto& point) { return other(point.first) == point.second; };
        const auto agrees = [&](std::int64_t x) { return other(x) == program(x); };
        if (std::all_of(points.begin(), points.end(), fits) &&
            !std::all_of(inputs.begin(), inputs.end(), agrees))
          return false;
      }
    return true;
  }

  static Draft draft(const Program& program, const Points& points, const std::vector<std::int64_t>& inputs) {
    std::vector<std::string> examples, cases;
    for (const auto& [x, y] : points) examples.push_back(fmt::format("f({})={}", x, y));
    for (const std::int64_t x : inputs)
      cases.push_back(fmt::format("{{\"args\":[{}],\"expected\":{}}}", x, program(x)));
    return {
        join(examples, " "), in_c(program), work_out(program, points),
        fmt::format(
            "{{\"language\":\"c\",\"tests\":{{\"kind\":\"calls\",\"entry_point\":\"f\",\"cases\":[{}]}}}}",
            join(cases, ","))};
  }

  std::map<int, std::map<ProgramKind, std::vector<Program>>> kinds_;
};

}  // namespace

std::unique_ptr<Task> make_c_function() { return std::make_unique<CFunction>(); }

}  // namespace hone
