// Tasks and verifiers meet: what a task shows as right is right to the verifier that it names, and what is
// not, is not.
#include <gtest/gtest.h>

#include <filesystem>

#include "hone/data/task.h"
#include "hone/verify/rubric.h"

namespace hone {
namespace {

Problem sample(const Task& task, int grade, int i) {
  RandomStream random({.seed = 5,
                       .purpose = Purpose::kTest,
                       .step = static_cast<std::uint64_t>(grade),
                       .problem = static_cast<std::uint64_t>(i)});
  return task.make(random, grade);
}

VerdictStatus judged(const Verifier& verifier, const Problem& problem, std::string text) {
  Completion completion;
  completion.text = std::move(text);
  const Verdict verdict = guarded_verdict(verifier, problem, completion);
  EXPECT_TRUE(verdict.decided()) << verdict.detail;
  return verdict.status;
}

class EveryTask : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryTask, ItsVerifierAcceptsTheWorkedSolutionsAndNoOthers) {
  const Task& task = *find_task(GetParam());
  const auto verifier = make_verifier({.verifier = task.verifier()}, 1);
  ASSERT_TRUE(verifier.ok()) << verifier.error().message();
  const int count = task.verifier() == "code" ? 4 : 40;  // compilers take their time
  for (int grade = 1; grade <= task.max_difficulty(); ++grade) {
    int taken_for_another = 0;
    for (int i = 0; i < count; ++i) {
      const Problem problem = sample(task, grade, i);
      ASSERT_EQ(judged(**verifier, problem, problem.solution), VerdictStatus::kCorrect) << problem.solution;
      const Problem other = sample(task, grade, i + count);
      // Of an open question any answer of another problem is right too.
      if (other.answer == problem.answer || other.messages.back().content == problem.messages.back().content)
        continue;
      taken_for_another += judged(**verifier, problem, other.solution) == VerdictStatus::kCorrect ? 1 : 0;
    }
    EXPECT_LE(taken_for_another, count / 10) << "grade " << grade;
  }
}

std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (const auto& task : all_tasks()) names.push_back(task->name());
  return names;
}
INSTANTIATE_TEST_SUITE_P(Tasks, EveryTask, ::testing::ValuesIn(task_names()),
                         [](const auto& name) { return name.param; });

// The built-in database is a part of set.mm: what is proved with it is proved there.
TEST(Tautology, ProofsHoldInSetMm) {
  const std::filesystem::path set_mm = "/usr/share/metamath/databases/set.mm";
  if (!std::filesystem::exists(set_mm)) GTEST_SKIP() << "no " << set_mm << " (metamath-databases)";
  const auto verifier = make_verifier({.verifier = "proof", .database = set_mm.string()}, 1);
  ASSERT_TRUE(verifier.ok()) << verifier.error().message();
  const Task& task = *find_task("tautology");
  for (int grade = 1; grade <= task.max_difficulty(); ++grade)
    for (int i = 0; i < 100; ++i) {
      const Problem problem = sample(task, grade, i);
      ASSERT_EQ(judged(**verifier, problem, problem.solution), VerdictStatus::kCorrect) << problem.solution;
    }
}

}  // namespace
}  // namespace hone
