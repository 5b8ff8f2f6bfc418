// Tasks that pose problems, and the problems that are posed.
#include <gtest/gtest.h>

#include "hone/data/task.h"
#include "hone/symbolic/proposals.h"

namespace hone {
namespace {

const ProposalLanguage& language(const std::string& name) {
  const ProposalLanguage* found = find_proposal_language(name);
  EXPECT_NE(found, nullptr);
  return *found;
}

// A sum that the policy proposes is the same problem as when the task asks it: what is held out stays so.
TEST(ProposeTasks, ProposalsShareTheTasksIds) {
  const Task* task = find_task("arithmetic");
  for (std::uint64_t i = 0; i < 50; ++i) {
    RandomStream random({.problem = i});
    const Problem asked = task->make(random, 1 + static_cast<int>(i % 8));
    const auto proposed = language("arithmetic").read(asked.messages.back().content);
    ASSERT_TRUE(proposed.ok()) << proposed.error().message();
    EXPECT_EQ(proposed->id, asked.id);
    EXPECT_EQ(proposed->answer, asked.answer);
  }
  const Task* countdown = find_task("countdown");
  int read = 0;
  for (std::uint64_t i = 0; i < 20; ++i) {
    RandomStream random({.problem = i});
    const Problem asked = countdown->make(random, 2);
    const std::string question = asked.messages.back().content;  // "Make 36 from 1, 4, 12."
    const std::string numbers = question.substr(question.find("from ") + 5, std::string::npos);
    const auto proposed =
        language("countdown").read(numbers.substr(0, numbers.size() - 1) + ": " + asked.answer);
    ASSERT_TRUE(proposed.ok()) << proposed.error().message();
    EXPECT_EQ(proposed->messages.back().content, question);
    EXPECT_EQ(proposed->id, asked.id);
    ++read;
  }
  EXPECT_EQ(read, 20);
}

// What is shown as a proposal can be read, and is held out with the problem that it poses.
TEST(ProposeTasks, ShowProposalsThatCanBeRead) {
  for (const char* name : {"arithmetic", "countdown", "program"}) {
    const Task* task = find_task(std::string("propose_") + name);
    ASSERT_NE(task, nullptr) << name;
    EXPECT_EQ(task->verifier(), "proposal");
    for (std::uint64_t i = 0; i < 30; ++i) {
      RandomStream random({.problem = i});
      const Problem problem = task->make(random, 1);
      EXPECT_EQ(problem.messages.back().content, language(name).request());
      const auto posed = language(name).read(problem.answer);
      ASSERT_TRUE(posed.ok()) << posed.error().message();
      EXPECT_EQ(problem.kin, posed->id);
    }
  }
}

}  // namespace
}  // namespace hone
