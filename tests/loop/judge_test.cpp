// Every rollout is judged once, on threads that take the next one when they are done.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "hone/base/check.h"
#include "hone/base/threads.h"
#include "hone/loop/evaluate.h"

namespace hone {
namespace {

constexpr std::chrono::seconds kForever{30};  // only a failing test waits so long

// What `judge` does with the i-th rollout, whose text is i.
class Scripted : public Verifier {
 public:
  Scripted(int concurrency, std::function<void(int)> judge)
      : concurrency_(concurrency), judge_(std::move(judge)) {}
  std::string name() const override { return "scripted"; }
  bool judges_correctness() const override { return true; }
  int concurrency() const override { return concurrency_; }
  Verdict verify(const Problem&, const Completion& c) const override {
    const int i = std::stoi(c.text);
    judge_(i);
    return {VerdictStatus::kCorrect, static_cast<double>(i), ""};
  }

 private:
  int concurrency_;
  std::function<void(int)> judge_;
};

Rubric rubric_of(int concurrency, std::function<void(int)> judge) {
  auto rubric = Rubric::of({{1.0, std::make_shared<Scripted>(concurrency, std::move(judge))}});
  EXPECT_TRUE(rubric.ok());
  return std::move(rubric).value();
}

// Rollouts 0, 1, 2 … in groups of different sizes, one of them empty.
std::vector<Group> groups_of(std::vector<int> sizes) {
  std::vector<Group> groups;
  int i = 0;
  for (const int size : sizes) {
    Group& group = groups.emplace_back();
    for (int r = 0; r < size; ++r) group.rollouts.emplace_back().completion.text = std::to_string(i++);
  }
  return groups;
}

void expect_judged(const std::vector<Group>& groups) {
  int i = 0;
  for (const Group& group : groups) {
    for (const Rollout& rollout : group.rollouts) EXPECT_EQ(rollout.reward.total, i++);
  }
}

TEST(JudgeGroups, EveryRolloutOnceInItsPlace) {
  for (const int concurrency : {0, 5}) {
    auto groups = groups_of({8, 1, 0, 300, 91});
    std::vector<std::atomic<int>> times(400);
    judge_groups(groups, rubric_of(concurrency, [&](int i) { ++times[static_cast<std::size_t>(i)]; }));
    for (const auto& count : times) ASSERT_EQ(count, 1);
    expect_judged(groups);
  }
  judge_groups({}, rubric_of(3, [](int) { FAIL(); }));
}

TEST(JudgeGroups, ASlowOneHoldsUpNoOther) {
  for (const int slow : {0, 17}) {
    auto groups = groups_of({16, 24});
    std::mutex mutex;
    std::condition_variable changed;
    int others = 0;
    bool waited_in_vain = false;
    // At least two threads: one for each core, and one more.
    judge_groups(groups, rubric_of(1, [&](int i) {
                   std::unique_lock lock(mutex);
                   if (i != slow) {
                     ++others;
                     changed.notify_all();
                   } else {
                     waited_in_vain = !changed.wait_for(lock, kForever, [&] { return others == 39; });
                   }
                 }));
    EXPECT_FALSE(waited_in_vain);
    expect_judged(groups);
  }
}

TEST(JudgeGroups, VerifiersThatWaitHaveThreadsBeyondTheCores) {
  const int calls = thread_count() + 6;
  auto groups = groups_of({calls});
  std::mutex mutex;
  std::condition_variable changed;
  int begun = 0;
  bool waited_in_vain = false;
  judge_groups(groups, rubric_of(6, [&](int) {
                 std::unique_lock lock(mutex);
                 ++begun;
                 changed.notify_all();
                 const bool all =
                     changed.wait_for(lock, kForever, [&] { return begun == calls || waited_in_vain; });
                 waited_in_vain = waited_in_vain || !all;
               }));
  EXPECT_FALSE(waited_in_vain) << begun << " of " << calls << " at once";
}

TEST(JudgeGroups, ABrokenInvariantIsThrownOn) {
  auto groups = groups_of({2000});
  std::atomic<int> judged = 0;
  const auto judge = [&] {
    judge_groups(groups, rubric_of(2, [&](int i) {
                   ++judged;
                   if (i == 3) throw BrokenInvariant("three");
                   std::this_thread::yield();
                 }));
  };
  EXPECT_THROW(judge(), BrokenInvariant);
  EXPECT_LE(judged, 2000);
}

}  // namespace
}  // namespace hone
