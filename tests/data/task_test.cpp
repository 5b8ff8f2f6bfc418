// What holds for every task and grade.
#include "hone/data/task.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "data/exact.h"
#include "hone/base/check.h"
#include "hone/data/dataset.h"

namespace hone {
namespace {

using testing::kProblemsAGrade;
using testing::question_of;
using testing::sample;

class EveryGrade : public ::testing::TestWithParam<std::pair<std::string, int>> {
 protected:
  const Task& task() const { return *find_task(GetParam().first); }
  int grade() const { return GetParam().second; }
};

std::vector<std::pair<std::string, int>> every_grade() {
  std::vector<std::pair<std::string, int>> all;
  for (const auto& task : all_tasks()) {
    // Posing problems is one question with many answers: propose_tasks_test.cpp.
    if (task->verifier() == "proposal") continue;
    for (int grade = 1; grade <= task->max_difficulty(); ++grade) all.emplace_back(task->name(), grade);
  }
  return all;
}

TEST_P(EveryGrade, ProblemsAreAFunctionOfTheStream) {
  for (int i = 0; i < kProblemsAGrade; ++i) {
    const Problem a = sample(task(), grade(), i), b = sample(task(), grade(), i);
    ASSERT_EQ(question_of(a), question_of(b));
    ASSERT_EQ(a.id, b.id);
    ASSERT_EQ(a.answer, b.answer);
    ASSERT_EQ(a.solution, b.solution);
    ASSERT_EQ(a.fields, b.fields);
  }
}

TEST_P(EveryGrade, SolutionsEndInTheAnswer) {
  for (int i = 0; i < kProblemsAGrade; ++i) {
    const Problem p = sample(task(), grade(), i);
    ASSERT_EQ(p.messages.size(), 1u);
    ASSERT_EQ(p.messages[0].role, "user");
    ASSERT_FALSE(p.answer.empty());
    ASSERT_EQ(p.difficulty, grade());
    ASSERT_TRUE(p.solution.starts_with("<think>"));
    ASSERT_TRUE(p.solution.ends_with("</think><answer>" + p.answer + "</answer>"));
    ASSERT_FALSE(testing::think_of(p).empty());
    ASSERT_TRUE(std::all_of(p.solution.begin(), p.solution.end(),
                            [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
  }
}

TEST_P(EveryGrade, IdsAreThoseOfQuestionsAndSplitThem) {
  std::map<std::string, std::uint64_t> ids;
  std::set<std::uint64_t> distinct;
  int held_out = 0;
  for (int i = 0; i < kProblemsAGrade; ++i) {
    const Problem p = sample(task(), grade(), i);
    const auto [it, is_new] = ids.emplace(question_of(p), p.id);
    ASSERT_EQ(it->second, p.id) << question_of(p);
    if (!is_new) continue;
    ASSERT_TRUE(distinct.insert(p.id).second) << question_of(p);
    held_out += is_held_out(p, 0.5) ? 1 : 0;
  }
  EXPECT_GE(ids.size(), 60u) << "a grade with so few problems teaches by heart";
  EXPECT_NEAR(static_cast<double>(held_out) / static_cast<double>(ids.size()), 0.5, 0.2);
}

TEST_P(EveryGrade, NoAnswerIsRightTooOften) {
  std::map<std::string, int> counts;
  for (int i = 0; i < kProblemsAGrade; ++i) ++counts[sample(task(), grade(), i).answer];
  const auto most = std::max_element(counts.begin(), counts.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  EXPECT_LE(most->second, counts.size() == 2 ? kProblemsAGrade * 3 / 5 : kProblemsAGrade * 3 / 10)
      << most->first;
}

INSTANTIATE_TEST_SUITE_P(Tasks, EveryGrade, ::testing::ValuesIn(every_grade()), [](const auto& grade) {
  return grade.param.first + "_" + std::to_string(grade.param.second);
});

TEST(Tasks, AreSixteenWithCardsThatHold) {
  std::set<std::string> names;
  const std::set<std::string> verifiers = {"number", "text", "expression", "proof", "code", "proposal"};
  for (const auto& task : all_tasks()) {
    names.insert(task->name());
    EXPECT_EQ(find_task(task->name()), task.get());
    EXPECT_FALSE(task->summary().empty());
    EXPECT_TRUE(verifiers.contains(task->verifier())) << task->name();
    EXPECT_FALSE(task->default_difficulty().empty());
    for (const int grade : task->default_difficulty()) {
      EXPECT_GE(grade, 1);
      EXPECT_LE(grade, task->max_difficulty());
    }
  }
  EXPECT_EQ(names,
            (std::set<std::string>{"arithmetic", "base_conversion", "c_function", "calendar",
                                   "check_arithmetic", "countdown", "knights_knaves", "linear_equation",
                                   "mini_sudoku", "modular_chain", "propose_arithmetic", "propose_countdown",
                                   "propose_program", "reachability", "sorting", "tautology"}));
  EXPECT_EQ(find_task("arithmetik"), nullptr);
}

TEST(Tasks, RefuseAGradeTheyLack) {
  const Task& task = *find_task("sorting");
  RandomStream random(RandomKey{});
  EXPECT_THROW(task.make(random, 0), BrokenInvariant);
  EXPECT_THROW(task.make(random, task.max_difficulty() + 1), BrokenInvariant);
}

// A problem's text is part of what a seed means: this pins it, so that a change is seen to be one.
TEST(Tasks, AskTheSameInEveryVersion) {
  EXPECT_EQ(question_of(sample(*find_task("arithmetic"), 6, 0)), "1-45+61");
  EXPECT_EQ(question_of(sample(*find_task("countdown"), 4, 0)), "Make 19 from 6, 11, 16, 18.");
}

}  // namespace
}  // namespace hone
