// Every rollout is judged once and in its place, while others are still added.
#include "hone/loop/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "hone/base/check.h"
#include "hone/base/threads.h"

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

Completion numbered(int i) {
  Completion c;
  c.text = std::to_string(i);
  return c;
}

// The i-th of all rollouts.
void add(RolloutJudge& judge, int i, int samples) {
  const Completion completion = numbered(i);  // gone when this returns
  judge.add(static_cast<std::size_t>(i / samples), static_cast<std::size_t>(i % samples), completion);
}

void expect_judged(const std::vector<Group>& groups) {
  int i = 0;
  for (const Group& group : groups) {
    for (const Rollout& rollout : group.rollouts) {
      EXPECT_EQ(rollout.completion.text, std::to_string(i));
      EXPECT_EQ(rollout.reward.total, i++);
    }
  }
}

// A place at which calls stop until it is opened.
class Gate {
 public:
  // Returns whether it was opened.
  bool pass() {
    std::unique_lock lock(mutex_);
    most_ = std::max(most_, ++here_);
    changed_.notify_all();
    const bool opened = changed_.wait_for(lock, kForever, [&] { return open_; });
    --here_;
    return opened;
  }
  bool wait_until_here(int calls) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kForever, [&] { return here_ >= calls; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  int most() {
    const std::lock_guard lock(mutex_);
    return most_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int here_ = 0, most_ = 0;
};

TEST(RolloutJudge, EveryRolloutOnceInItsPlace) {
  for (const int concurrency : {0, 1, 5}) {
    std::vector<Group> groups(8);
    groups[3].rollouts.resize(2);  // what was there goes
    std::vector<std::atomic<int>> times(400);
    const Rubric rubric = rubric_of(concurrency, [&](int i) { ++times[static_cast<std::size_t>(i)]; });
    RolloutJudge judge(groups, 50, rubric);
    for (int i = 0; i < 400; ++i) add(judge, i * 171 % 400, 50);  // 171 and 400 share no factor
    judge.finish();
    for (const auto& count : times) ASSERT_EQ(count, 1);
    expect_judged(groups);
  }
}

TEST(RolloutJudge, NothingToJudge) {
  const Rubric rubric = rubric_of(3, [](int) { FAIL(); });
  RolloutJudge none({}, 4, rubric);
  none.finish();
  std::vector<Group> groups(2);
  RolloutJudge empty(groups, 0, rubric);
  empty.finish();
  EXPECT_TRUE(groups[1].rollouts.empty());
}

TEST(RolloutJudge, WaitingVerifiersAreAskedAtOnce) {
  std::vector<Group> groups(3);
  std::vector<Gate> gates(3);
  const Rubric rubric = rubric_of(1, [&](int i) { gates[static_cast<std::size_t>(i)].pass(); });
  RolloutJudge judge(groups, 1, rubric);
  for (int i = 0; i < 3; ++i) {  // one after another: a worker without work takes the next
    add(judge, i, 1);
    Gate& gate = gates[static_cast<std::size_t>(i)];
    ASSERT_TRUE(gate.wait_until_here(1));
    gate.open();
  }
  judge.finish();
  expect_judged(groups);
}

TEST(RolloutJudge, ComputedVerdictsLeaveTheCoresToDecoding) {
  std::vector<Group> groups(1);
  std::atomic<bool> decoding = true;
  const Rubric rubric = rubric_of(0, [&](int) { EXPECT_FALSE(decoding); });
  RolloutJudge judge(groups, 300, rubric);
  for (int i = 0; i < 300; ++i) add(judge, i, 300);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // for one to begin, if it may
  decoding = false;
  judge.finish();
  expect_judged(groups);
}

TEST(RolloutJudge, NoMoreAtOnceThanAreWorthIt) {
  std::vector<Group> groups(1);
  Gate gate;
  const Rubric rubric = rubric_of(3, [&](int) { gate.pass(); });
  RolloutJudge judge(groups, 40, rubric);
  for (int i = 0; i < 40; ++i) add(judge, i, 40);
  EXPECT_TRUE(gate.wait_until_here(3));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // for a fourth to come, if one may
  EXPECT_EQ(gate.most(), 3);
  gate.open();
  judge.finish();
  EXPECT_LE(gate.most(), 3 + thread_count());
  expect_judged(groups);
}

TEST(RolloutJudge, AtTheEndEveryCoreHelps) {
  const int calls = thread_count() + 6;
  std::vector<Group> groups(1);
  Gate gate;
  const Rubric rubric = rubric_of(6, [&](int) { gate.pass(); });
  RolloutJudge judge(groups, calls, rubric);
  for (int i = 0; i < calls; ++i) add(judge, i, calls);
  std::jthread opener([&] {
    EXPECT_TRUE(gate.wait_until_here(calls)) << gate.most() << " of " << calls << " at once";
    gate.open();
  });
  judge.finish();
  expect_judged(groups);
}

TEST(RolloutJudge, ASlowOneHoldsUpNoOther) {
  for (const int slow : {0, 17, 39}) {
    std::vector<Group> groups(2);
    std::mutex mutex;
    std::condition_variable changed;
    int others = 0;
    bool waited_in_vain = false;
    // At least two threads: one for each core, and one more.
    const Rubric rubric = rubric_of(1, [&](int i) {
      std::unique_lock lock(mutex);
      if (i != slow) {
        ++others;
        changed.notify_all();
      } else {
        waited_in_vain = !changed.wait_for(lock, kForever, [&] { return others == 39; });
      }
    });
    RolloutJudge judge(groups, 20, rubric);
    for (int i = 0; i < 40; ++i) add(judge, i, 20);
    judge.finish();
    EXPECT_FALSE(waited_in_vain);
    expect_judged(groups);
  }
}

TEST(RolloutJudge, ABrokenInvariantIsThrownByFinish) {
  for (const int concurrency : {0, 2}) {
    std::vector<Group> groups(1);
    std::atomic<int> judged = 0;
    const Rubric rubric = rubric_of(concurrency, [&](int i) {
      ++judged;
      if (i == 3) throw BrokenInvariant("three");
      std::this_thread::yield();
    });
    RolloutJudge judge(groups, 2000, rubric);
    for (int i = 0; i < 2000; ++i) add(judge, i, 2000);
    EXPECT_THROW(judge.finish(), BrokenInvariant);
    EXPECT_LE(judged, 2000);
  }
}

TEST(RolloutJudge, AnAbandonedOneEndsWhatItBegan) {
  std::vector<Group> groups(1);
  Gate gate;
  std::atomic<int> begun = 0, ended = 0;
  const Rubric rubric = rubric_of(2, [&](int) {
    ++begun;
    gate.pass();
    ++ended;
  });
  std::jthread opener;
  {
    RolloutJudge judge(groups, 30, rubric);
    for (int i = 0; i < 20; ++i) add(judge, i, 30);
    EXPECT_TRUE(gate.wait_until_here(2));
    opener = std::jthread([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the judge is being destroyed meanwhile
      gate.open();
    });
  }
  EXPECT_EQ(ended, begun);
  EXPECT_LT(begun, 20) << "what waits is dropped";
}

TEST(RolloutJudge, CompletionsThatAreMissingOrTooMany) {
  std::vector<Group> groups(2);
  const Rubric rubric = rubric_of(1, [](int) {});
  RolloutJudge judge(groups, 1, rubric);
  add(judge, 0, 1);
  EXPECT_THROW(judge.finish(), BrokenInvariant);
  EXPECT_THROW(add(judge, 2, 1), BrokenInvariant);
  add(judge, 1, 1);
  EXPECT_THROW(add(judge, 1, 1), BrokenInvariant);
  judge.finish();
  expect_judged(groups);
}

}  // namespace
}  // namespace hone
