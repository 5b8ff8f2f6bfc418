// Tautologies and C functions: statements are true, and examples, tests and programs agree, found another
// way.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "data/exact.h"

namespace hone::testing {
namespace {

// The truth table of a formula of set.mm's propositional calculus: a bit for each of the 16 assignments to
// ph, ps, ch and th. Throws on anything else.
class TruthTable {
 public:
  explicit TruthTable(const std::string& formula) : tokens_(split(formula, " ")) {}
  std::uint16_t value() {
    const std::uint16_t v = formula();
    if (at_ != tokens_.size()) throw std::invalid_argument("more than a formula");
    return v;
  }

 private:
  std::uint16_t formula() {
    static const std::map<std::string, std::uint16_t> variables = {
        {"ph", 0xAAAA}, {"ps", 0xCCCC}, {"ch", 0xF0F0}, {"th", 0xFF00}};
    const std::string token = tokens_.at(at_++);
    if (token == "-.") return static_cast<std::uint16_t>(~formula());
    if (token != "(") return variables.at(token);
    const std::uint16_t left = formula();
    if (tokens_.at(at_++) != "->") throw std::invalid_argument("no ->");
    const std::uint16_t right = formula();
    if (tokens_.at(at_++) != ")") throw std::invalid_argument("no )");
    return static_cast<std::uint16_t>(~left | right);
  }
  std::vector<std::string> tokens_;
  std::size_t at_ = 0;
};

bool is_tautology(const std::string& formula) { return TruthTable(formula).value() == 0xFFFF; }

TEST(Tautology, EveryStatementAndGoalIsTrue) {
  ASSERT_FALSE(is_tautology("( ph -> ps )"));
  std::set<std::string> labels;
  for_each_problem("tautology", [&](const Problem& p, int grade) {
    ASSERT_TRUE(is_tautology(question_of(p))) << question_of(p);
    ASSERT_EQ(nlohmann::json::parse(p.fields)["statement"], "|- " + question_of(p));
    const auto steps = split(think_of(p), "\n");
    ASSERT_EQ(static_cast<int>(steps.size()), grade == 1 ? 2 : grade <= 3 ? 3 : grade) << p.solution;
    for (const auto& step : steps) {
      const std::size_t space = step.find(' ');
      labels.insert(step.substr(0, space));
      if (space == std::string::npos) continue;
      ASSERT_TRUE(is_tautology(step.substr(space + 1))) << p.solution;
    }
  });
  EXPECT_EQ(labels.size(), 14u);  // every lemma and rule is drawn
}

// "f(3)=10 f(4)=13"
std::map<std::int64_t, std::int64_t> examples_of(const Problem& p) {
  std::map<std::int64_t, std::int64_t> points;
  for (const auto& example : split(question_of(p), " "))
    points[std::stoll(between(example, "f(", ")"))] = std::stoll(between(example, "=", ""));
  return points;
}

TEST(CFunction, ProgramsGiveTheExamplesAndTheTests) {
  std::set<std::string> answers;
  for_each_problem("c_function", [&](const Problem& p, int grade) {
    const auto shown = examples_of(p);
    const auto tests = nlohmann::json::parse(p.fields).at("tests");
    ASSERT_EQ(tests.at("entry_point"), "f");
    ASSERT_EQ(tests.at("cases").size(), 5u);
    for (const auto& test : tests.at("cases"))
      ASSERT_FALSE(shown.contains(test.at("args").at(0).get<std::int64_t>()))
          << "shown and tested: " << p.fields;
    if (grade > 2) return;
    const std::string body = between(p.answer, "return ", ";");
    answers.insert(body);
    for (const auto& [x, y] : shown) ASSERT_EQ(exact(body, x), Fraction(y)) << p.answer;
    for (const auto& test : tests.at("cases"))
      ASSERT_EQ(exact(body, test.at("args").at(0).get<std::int64_t>()),
                Fraction(test.at("expected").get<std::int64_t>()));
  });
  EXPECT_GE(answers.size(), 200u);
}

TEST(CFunction, EveryWorkedStepIsTrue) {
  for_each_problem("c_function", [&](const Problem& p, int grade) {
    if (grade > 3) return;
    bool last_fits = false;
    for (const auto& line : split(think_of(p), "\n")) {
      if (!line.starts_with("a*x")) continue;
      auto steps = split(line.substr(line.find(':') + 1), ";");
      last_fits = !line.ends_with(" no");
      for (auto& step : steps) {
        if (step.ends_with(" no")) step.resize(step.size() - 3);
        if (step.find('=') == std::string::npos && step.find('<') == std::string::npos) continue;  // "7/2"
        const auto sides = split(step, step.find("<>") == std::string::npos ? "=" : "<>");
        ASSERT_EQ(exact(step.substr(0, step.find('='))), exact(split(sides[0], "=").back())) << step;
        if (step.find("<>") != std::string::npos) {
          ASSERT_NE(exact(split(sides[0], "=").back()), exact(sides[1])) << step;
          continue;
        }
        for (const auto& side : sides) {
          ASSERT_EQ(exact(side), exact(sides[0])) << step;
        }
      }
    }
    ASSERT_TRUE(last_fits || grade == 3) << p.solution;
  });
}

}  // namespace
}  // namespace hone::testing
