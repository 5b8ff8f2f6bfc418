#include "hone/engine/scheduler.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "hone/base/check.h"
#include "hone/base/rng.h"

namespace hone {
namespace {

using SampleIds = std::vector<std::size_t>;

// Carries plans out without tensors, and checks what must hold of every step.
class Clockwork {
 public:
  Clockwork(std::vector<ScheduledGroup> groups, Scheduler::Limits limits, std::vector<std::int64_t> lengths)
      : limits_(limits),
        lengths_(std::move(lengths)),
        scheduler_(groups, limits),
        groups_(std::move(groups)) {
    read_.assign(groups_.size(), 0);
    tokens_.assign(lengths_.size(), 0);
  }

  // One step; the samples that ended in it.
  SampleIds step() {
    plan_ = scheduler_.next();
    std::int64_t prefilled = 0;
    for (const auto& part : plan_.prefill) {
      EXPECT_EQ(part.begin, read_[part.group]) << "a prompt is read once, in order";
      EXPECT_GT(part.count, 0);
      read_[part.group] += part.count;
      prefilled += part.count;
    }
    EXPECT_LE(prefilled, limits_.prefill_tokens);
    for (const std::size_t id : plan_.start) {
      EXPECT_EQ(tokens_[id], 0);
      EXPECT_EQ(read_[group_of(id)], groups_[group_of(id)].prompt_tokens);
      running_.insert(id);
      tokens_[id] = 1;
    }
    for (const std::size_t id : plan_.decode) {
      EXPECT_TRUE(running_.contains(id));
      ++tokens_[id];
    }
    EXPECT_EQ(running_.size(), plan_.start.size() + plan_.decode.size()) << "whatever runs advances";
    EXPECT_LE(std::ssize(running_), limits_.max_sequences);
    check_rows();
    SampleIds ended;
    for (const std::size_t id : SampleIds(running_.begin(), running_.end())) {
      if (tokens_[id] < lengths_[id]) continue;
      scheduler_.finish(id);
      running_.erase(id);
      ended.push_back(id);
      ++finished_;
    }
    ++steps_;
    return ended;
  }

  void run() {
    while (!scheduler_.done()) {
      step();
      ASSERT_LT(steps_, 100000);
      if (::testing::Test::HasFailure()) return;
    }
    EXPECT_EQ(finished_, std::ssize(lengths_));
  }

  Scheduler& scheduler() { return scheduler_; }
  const Scheduler::Plan& plan() const { return plan_; }
  int steps() const { return steps_; }

 private:
  std::size_t group_of(std::size_t id) const { return scheduler_.sample(id).group; }

  // Rows of running samples and of their prompts lie in the cache and touch no others.
  void check_rows() {
    std::map<std::int64_t, std::int64_t> ranges;
    std::set<std::size_t> prompts;
    const auto add = [&](std::int64_t begin, std::int64_t count) {
      if (count == 0) return;
      EXPECT_GE(begin, 0);
      EXPECT_LE(begin + count, limits_.rows);
      EXPECT_TRUE(ranges.emplace(begin, begin + count).second);
    };
    for (const std::size_t id : running_) {
      add(scheduler_.sample(id).first_row, groups_[group_of(id)].sample_rows());
      prompts.insert(group_of(id));
    }
    for (const std::size_t g : prompts) add(scheduler_.prompt_row(g), groups_[g].prompt_tokens);
    std::int64_t end = 0;
    for (const auto& [begin, stop] : ranges) {
      EXPECT_LE(end, begin) << "rows overlap";
      end = stop;
    }
  }

  Scheduler::Limits limits_;
  std::vector<std::int64_t> lengths_;  // tokens that each sample draws before it ends
  Scheduler scheduler_;
  std::vector<ScheduledGroup> groups_;
  std::vector<std::int64_t> read_, tokens_;
  std::set<std::size_t> running_;
  Scheduler::Plan plan_;
  std::int64_t finished_ = 0;
  int steps_ = 0;
};

TEST(Scheduler, ReadsAPromptOnceAndStartsItsWholeGroupFromIt) {
  Clockwork clock({{5, 3, 4}}, {8, 100, 64}, {4, 2, 1});
  EXPECT_EQ(clock.step(), (SampleIds{2}));
  ASSERT_EQ(clock.plan().prefill.size(), 1u);
  EXPECT_EQ(clock.plan().prefill[0].count, 5);
  EXPECT_EQ(clock.plan().start, (SampleIds{0, 1, 2}));
  EXPECT_TRUE(clock.plan().decode.empty());
  EXPECT_EQ(clock.step(), (SampleIds{1}));
  EXPECT_TRUE(clock.plan().prefill.empty());
  EXPECT_TRUE(clock.plan().start.empty());
  EXPECT_EQ(clock.plan().decode, (SampleIds{0, 1}));
  clock.run();
  EXPECT_EQ(clock.steps(), 4);
}

TEST(Scheduler, AFinishedSamplesPlaceIsTakenInTheNextStep) {
  Clockwork clock({{2, 4, 9}}, {2, 100, 64}, {1, 3, 2, 1});
  EXPECT_EQ(clock.step(), (SampleIds{0}));
  EXPECT_TRUE(clock.scheduler().has_waiting(0));
  EXPECT_EQ(clock.step(), (SampleIds{}));
  EXPECT_TRUE(clock.plan().prefill.empty()) << "the prompt is in the cache";
  EXPECT_EQ(clock.plan().start, (SampleIds{2}));
  EXPECT_EQ(clock.plan().decode, (SampleIds{1}));
  EXPECT_EQ(clock.step(), (SampleIds{1, 2}));
  EXPECT_EQ(clock.step(), (SampleIds{3}));
  EXPECT_FALSE(clock.scheduler().has_waiting(0));
  EXPECT_TRUE(clock.scheduler().done());
}

TEST(Scheduler, LongPromptsAreReadInPartsWhileOthersDecode) {
  Clockwork clock({{3, 1, 9}, {10, 1, 9}}, {4, 100, 4}, {9, 2});
  clock.step();
  ASSERT_EQ(clock.plan().prefill.size(), 2u);
  EXPECT_EQ(clock.plan().prefill[1].count, 1);
  EXPECT_EQ(clock.plan().start, (SampleIds{0}));
  clock.step();
  EXPECT_EQ(clock.plan().prefill[0].begin, 1);
  EXPECT_EQ(clock.plan().prefill[0].count, 4);
  EXPECT_EQ(clock.plan().decode, (SampleIds{0}));
  EXPECT_TRUE(clock.plan().start.empty());
  clock.step();
  clock.step();
  EXPECT_EQ(clock.plan().prefill[0].begin, 9);
  EXPECT_EQ(clock.plan().start, (SampleIds{1}));
  clock.run();
}

TEST(Scheduler, RowsLimitWhatRunsAndNothingOvertakes) {
  // Group 1 (20 rows) does not fit beside group 0 (12), group 2 (3) would, but waits its turn.
  Clockwork clock({{4, 1, 9}, {4, 1, 17}, {1, 1, 3}}, {8, 24, 64}, {3, 2, 1});
  clock.step();
  EXPECT_EQ(clock.plan().start, (SampleIds{0}));
  clock.step();
  EXPECT_EQ(clock.plan().decode, (SampleIds{0}));
  EXPECT_TRUE(clock.plan().start.empty());
  clock.step();
  clock.step();
  EXPECT_EQ(clock.plan().start, (SampleIds{1, 2}));
  clock.run();
}

// Group 0 leaves a hole before group 1's prompt, into which none of group 1's samples fits.
TEST(Scheduler, APromptInTheMiddleOfTheCacheStopsNothing) {
  Clockwork clock({{2, 1, 4}, {3, 3, 9}}, {2, 16, 64}, {2, 4, 8, 1});
  clock.step();
  EXPECT_EQ(clock.plan().start, (SampleIds{0, 1}));
  EXPECT_EQ(clock.scheduler().prompt_row(1), 5);
  clock.run();
}

TEST(Scheduler, SamplesOfOneTokenNeedNoRowsOfTheirOwn) {
  Clockwork clock({{4, 5, 1}, {4, 5, 1}}, {3, 4, 64}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
  clock.run();
  EXPECT_EQ(clock.steps(), 4);
}

TEST(Scheduler, MostRowsIsEnoughForEverySampleAtOnceAndNoMore) {
  const std::vector<ScheduledGroup> groups = {{5, 2, 4}, {7, 1, 11}};
  EXPECT_EQ(most_rows(groups, 100), 5 + 7 + 2 * 3 + 10);
  EXPECT_EQ(most_rows(groups, 2), 5 + 7 + 10 + 3);
  EXPECT_EQ(most_rows(groups, 1), 7 + 10);
  Clockwork clock(groups, {100, most_rows(groups, 100), 64}, {4, 4, 11});
  clock.step();
  EXPECT_EQ(clock.plan().start, (SampleIds{0, 1, 2}));
}

TEST(Scheduler, RandomLoadsRunToTheirEndWithinTheLimits) {
  RandomStream random({.seed = 3});
  for (int trial = 0; trial < 300; ++trial) {
    std::vector<ScheduledGroup> groups;
    std::vector<std::int64_t> lengths;
    std::int64_t least = 0;
    for (std::int64_t g = random.between(1, 12); g > 0; --g) {
      groups.push_back({random.between(1, 20), random.between(1, 6), random.between(1, 30)});
      least = std::max(least, groups.back().least_rows());
      for (std::int64_t i = 0; i < groups.back().samples; ++i) {
        lengths.push_back(random.between(1, groups.back().max_tokens));
      }
    }
    const Scheduler::Limits limits{random.between(1, 9), least + random.between(0, 60),
                                   random.between(1, 30)};
    Clockwork clock(groups, limits, lengths);
    clock.run();
    ASSERT_FALSE(HasFailure()) << "trial " << trial;
  }
}

TEST(Scheduler, TheSameCallsGiveTheSamePlans) {
  const std::vector<ScheduledGroup> groups = {{5, 3, 6}, {9, 2, 4}, {2, 4, 12}};
  const std::vector<std::int64_t> lengths = {6, 1, 3, 2, 4, 12, 5, 1, 7};
  Clockwork a(groups, {3, 30, 7}, lengths), b(groups, {3, 30, 7}, lengths);
  while (!a.scheduler().done()) {
    ASSERT_EQ(a.step(), b.step());
    ASSERT_EQ(a.plan().start, b.plan().start);
    ASSERT_EQ(a.plan().decode, b.plan().decode);
  }
  EXPECT_TRUE(b.scheduler().done());
}

TEST(Scheduler, GroupsJoinWhileOthersRunAndKeepTheirNumbers) {
  Scheduler scheduler({.max_sequences = 2, .rows = 40, .prefill_tokens = 64});
  EXPECT_TRUE(scheduler.done());
  EXPECT_EQ(scheduler.add({3, 2, 4}), 0U);
  EXPECT_EQ(scheduler.next().start, (SampleIds{0, 1}));
  EXPECT_EQ(scheduler.add({5, 1, 4}), 1U);
  EXPECT_EQ(scheduler.next().decode, (SampleIds{0, 1}));
  scheduler.finish(1);
  EXPECT_EQ(scheduler.next().start, (SampleIds{2}));
  scheduler.finish(0);
  EXPECT_EQ(scheduler.next().decode, (SampleIds{2}));
  EXPECT_EQ(scheduler.first_kept_group(), 1U) << "what has ended is let go";
  EXPECT_EQ(scheduler.first_kept_sample(), 2U);
  scheduler.finish(2);
  EXPECT_TRUE(scheduler.done());
  EXPECT_EQ(scheduler.add({30, 1, 11}), 2U);  // the whole cache is free again
  EXPECT_EQ(scheduler.next().start, (SampleIds{3}));
}

// Joining and leaving at random: whoever is left runs to its end, and every row comes back.
TEST(Scheduler, CancelledGroupsGiveEverythingBack) {
  RandomStream random({.seed = 4});
  for (int trial = 0; trial < 300; ++trial) {
    const Scheduler::Limits limits{random.between(1, 6), 60, random.between(1, 9)};
    Scheduler scheduler(limits);
    std::map<std::size_t, std::int64_t> left;  // tokens of each sample still to come
    std::set<std::size_t> groups, cancelled;
    for (int step = 0; step < 60 || !scheduler.done(); ++step) {
      ASSERT_LT(step, 5000);
      if (step < 60 && random.between(0, 2) == 0) {
        const ScheduledGroup shape{random.between(1, 20), random.between(1, 4), random.between(1, 20)};
        groups.insert(scheduler.add(shape));
      }
      if (!groups.empty() && random.between(0, 5) == 0) {
        const std::size_t group = *std::next(groups.begin(), random.between(0, std::ssize(groups) - 1));
        if (group >= scheduler.first_kept_group()) scheduler.cancel(group);  // ended or not
        cancelled.insert(group);
      }
      if (scheduler.done()) continue;
      const Scheduler::Plan plan = scheduler.next();
      for (const auto& ids : {plan.start, plan.decode}) {
        for (const std::size_t id : ids) {
          const std::size_t group = scheduler.sample(id).group;
          ASSERT_FALSE(cancelled.contains(group)) << "trial " << trial;
          const auto most = scheduler.group(group).max_tokens;
          auto& tokens = left.try_emplace(id, random.between(1, most)).first->second;
          if (--tokens == 0) scheduler.finish(id);
        }
      }
    }
    const std::size_t all = scheduler.add({60, 1, 1});
    ASSERT_EQ(scheduler.next().prefill.at(0).group, all) << "trial " << trial << ": rows were not given back";
  }
}

TEST(Scheduler, BrokenUseIsRefused) {
  EXPECT_THROW(Scheduler({{5, 1, 6}}, {1, 9, 1}), BrokenInvariant);  // ten rows are needed
  EXPECT_THROW(Scheduler({{5, 1, 6}}, {0, 10, 1}), BrokenInvariant);
  EXPECT_THROW(Scheduler({{0, 1, 6}}, {1, 10, 1}), BrokenInvariant);
  Scheduler scheduler({{5, 1, 6}}, {1, 10, 64});
  EXPECT_THROW(scheduler.finish(0), BrokenInvariant);  // it never ran
  scheduler.next();
  scheduler.finish(0);
  EXPECT_THROW(scheduler.finish(0), BrokenInvariant);
  EXPECT_THROW(scheduler.next(), BrokenInvariant);
}

}  // namespace
}  // namespace hone
