// For tests: exact values of written expressions, by a grammar of its own, and 500 problems of a task's
// grade.
#pragma once

#include <fmt/format.h>

#include <cctype>
#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "hone/data/task.h"

namespace hone::testing {

struct Fraction {
  std::int64_t n = 0, d = 1;
  Fraction(std::int64_t num, std::int64_t den = 1) : n(num), d(den) {
    if (d == 0) throw std::domain_error("division by zero");
    const std::int64_t g = std::gcd(n, d) * (d < 0 ? -1 : 1);
    n /= g, d /= g;
  }
  friend bool operator==(const Fraction&, const Fraction&) = default;
};
inline Fraction operator+(Fraction a, Fraction b) { return {a.n * b.d + b.n * a.d, a.d * b.d}; }
inline Fraction operator-(Fraction a, Fraction b) { return {a.n * b.d - b.n * a.d, a.d * b.d}; }
inline Fraction operator*(Fraction a, Fraction b) { return {a.n * b.n, a.d * b.d}; }
inline Fraction operator/(Fraction a, Fraction b) { return {a.n * b.d, a.d * b.n}; }

// + - * / ( ) over integers and x, with "3x" and "3(x+1)" as products. Throws on anything else.
class Expression {
 public:
  Expression(std::string_view text, Fraction x) : text_(text), x_(x) {}
  Fraction value() {
    const Fraction v = sum();
    if (at_ != text_.size()) throw std::invalid_argument("cannot read " + text_);
    return v;
  }
  std::vector<std::int64_t> numbers;  // in order of appearance

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) { return peek() == c && ++at_ != 0; }
  Fraction sum() {
    Fraction v = product();
    for (;;) {
      if (take('+'))
        v = v + product();
      else if (take('-'))
        v = v - product();
      else
        return v;
    }
  }
  Fraction product() {
    Fraction v = factor();
    for (;;) {
      if (take('*'))
        v = v * factor();
      else if (take('/'))
        v = v / factor();
      else if (peek() == 'x' || peek() == '(')
        v = v * factor();
      else
        return v;
    }
  }
  Fraction factor() {
    if (take('-')) return Fraction(0) - factor();
    if (take('x')) return x_;
    if (take('(')) {
      const Fraction v = sum();
      if (!take(')')) throw std::invalid_argument("no ) in " + text_);
      return v;
    }
    if (std::isdigit(static_cast<unsigned char>(peek())) == 0)
      throw std::invalid_argument("cannot read " + text_);
    std::int64_t n = 0;
    while (std::isdigit(static_cast<unsigned char>(peek())) != 0) n = n * 10 + (text_[at_++] - '0');
    numbers.push_back(n);
    return n;
  }
  std::string text_;
  Fraction x_;
  std::size_t at_ = 0;
};

inline Fraction exact(std::string_view text, Fraction x = 0) { return Expression(text, x).value(); }

inline std::vector<std::string> split(const std::string& text, const std::string& at) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t end; (end = text.find(at, begin)) != std::string::npos; begin = end + at.size())
    parts.push_back(text.substr(begin, end - begin));
  parts.push_back(text.substr(begin));
  return parts;
}

// What stands between two marks; throws when they are not there.
inline std::string between(const std::string& text, const std::string& from, const std::string& to) {
  const std::size_t begin = text.find(from);
  if (begin == std::string::npos) throw std::invalid_argument(from + " is not in " + text);
  const std::size_t end = to.empty() ? text.size() : text.find(to, begin + from.size());
  if (end == std::string::npos) throw std::invalid_argument(to + " is not in " + text);
  return text.substr(begin + from.size(), end - begin - from.size());
}

inline std::string think_of(const Problem& p) { return between(p.solution, "<think>", "</think>"); }
inline std::string question_of(const Problem& p) { return p.messages.at(0).content; }

inline constexpr int kProblemsAGrade = 500;

inline Problem sample(const Task& task, int grade, int i) {
  RandomStream random({.seed = 11,
                       .purpose = Purpose::kTest,
                       .step = static_cast<std::uint64_t>(grade),
                       .problem = static_cast<std::uint64_t>(i)});
  return task.make(random, grade);
}

// Calls check(problem, grade) for 500 problems of every grade.
template <class Check>
void for_each_problem(const char* name, const Check& check) {
  const Task* task = find_task(name);
  if (task == nullptr) throw std::invalid_argument(std::string("no task ") + name);
  for (int grade = 1; grade <= task->max_difficulty(); ++grade)
    for (int i = 0; i < kProblemsAGrade; ++i) check(sample(*task, grade, i), grade);
}

}  // namespace hone::testing
