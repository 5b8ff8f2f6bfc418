// Runs that stop, die and go on end as runs that never did.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "loop/loop_fakes.h"

namespace hone {
namespace {

using testing::all_records;
using testing::Death;
using testing::run;
using testing::small_recipe;
using testing::TempFolder;
using testing::World;

Recipe three_stages(const TempFolder& folder) {
  Recipe recipe = small_recipe(folder);
  recipe.sft.steps = 3;
  recipe.sft.batch_size = 1;
  recipe.amortize.steps = 3;
  recipe.amortize.prompts_per_step = 2;
  recipe.amortize.samples = 3;
  recipe.grpo.steps = 4;
  recipe.grpo.rollout.dynamic_sampling = true;
  recipe.grpo.rollout.max_resamples = 1;
  recipe.eval.problems = 1;
  recipe.eval.during_problems = 1;
  recipe.eval.every = 2;
  recipe.checkpoint = {.every = 2, .keep = 2};
  return recipe;
}

// Records and checkpoints of a run left in peace; the number of calls it made.
std::pair<std::vector<std::string>, int> undisturbed() {
  const TempFolder folder;
  World world;
  const Recipe recipe = three_stages(folder);
  const auto result = run(world, recipe);
  EXPECT_TRUE(result.ok() && result->finished);
  return {all_records(recipe), static_cast<int>(world.log.size())};
}

TEST(Resume, DeathAtAnyCallChangesNothing) {
  const auto [expected, calls] = undisturbed();
  ASSERT_EQ(expected.size(), 3u + 3 + 4 + 2 * 5 + 2 + 1)
      << "sft, amortize, grpo, evaluations of two kinds, checkpoints, latest";
  ASSERT_GT(calls, 50);
  const auto die_at = [&expected = expected](int call) {
    SCOPED_TRACE("death at call " + std::to_string(call));
    const TempFolder folder;
    const Recipe recipe = three_stages(folder);
    World first;
    first.die_at = call;
    EXPECT_THROW((void)run(first, recipe), Death);
    // A second death, somewhere on the way.
    World second;
    second.die_at = call % 17;
    try {
      EXPECT_TRUE(run(second, recipe, true).ok());
    } catch (const Death&) {
    }
    World last;
    const auto result = run(last, recipe, true);
    ASSERT_TRUE(result.ok()) << result.error().message();
    EXPECT_TRUE(result->finished);
    ASSERT_EQ(all_records(recipe), expected);
  };
  // Every run waits for the disk at every step: many wait at once.
  std::atomic<int> next = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([&, calls = calls] {
      for (int call = next++; call < calls; call = next++) die_at(call);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Resume, AStopSavesAndGoesOn) {
  const auto [expected, calls] = undisturbed();
  for (int steps = 1; steps <= 10; ++steps) {
    SCOPED_TRACE("stop after " + std::to_string(steps));
    const TempFolder folder;
    const Recipe recipe = three_stages(folder);
    World first;
    first.steps_until_stop = steps;
    auto result = run(first, recipe);
    ASSERT_TRUE(result.ok());
    EXPECT_FALSE(result->finished) << "even at a stage's end, when something is left to do";
    EXPECT_EQ(result->position.stage, steps <= 3 ? "sft" : steps <= 6 ? "amortize" : "grpo");
    EXPECT_EQ(result->position.step, steps <= 3 ? steps : steps <= 6 ? steps - 3 : steps - 6);
    EXPECT_EQ(first.batches.size(), static_cast<std::size_t>(steps)) << "no step after the request";
    World second;
    result = run(second, recipe, true);
    ASSERT_TRUE(result.ok()) << result.error().message();
    EXPECT_TRUE(result->finished);
    EXPECT_EQ(second.batches.size(), static_cast<std::size_t>(10 - steps)) << "nothing is done twice";
    // A stop adds a checkpoint, which may push an older one out: weights and records are the same.
    const auto got = all_records(recipe);
    for (const std::string& line : expected) {
      if (line.starts_with("step-2 ")) continue;
      EXPECT_THAT(got, ::testing::Contains(line));
    }
  }
}

TEST(Resume, AFinishedRunHasNothingLeft) {
  const TempFolder folder;
  const Recipe recipe = three_stages(folder);
  World first, second;
  ASSERT_TRUE(run(first, recipe).ok());
  const auto before = all_records(recipe);
  const auto result = run(second, recipe, true);
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->finished);
  EXPECT_TRUE(second.batches.empty());
  EXPECT_TRUE(second.steps.empty());
  EXPECT_EQ(second.weights, first.weights);
  EXPECT_EQ(all_records(recipe), before);
}

// A process may die between two renames and removals: the states that no call of ours stands between.
TEST(Resume, LeftoversInTheFolderDoNotConfuse) {
  const auto [expected, calls] = undisturbed();
  const TempFolder folder;
  const Recipe recipe = three_stages(folder);
  const auto run_folder = std::filesystem::path(recipe.runs) / recipe.name;
  World first;
  first.die_at = calls - 8;  // in the last step
  EXPECT_THROW((void)run(first, recipe), Death);
  const auto checkpoints = run_folder / "checkpoints";
  std::filesystem::create_directories(checkpoints / "unfinished-step-3" / "trainer");
  std::filesystem::create_directories(checkpoints / "step-9" / "trainer");  // removed but for its folders
  std::filesystem::create_directories(checkpoints / "step-x");
  std::filesystem::remove(run_folder / "latest");
  std::filesystem::create_directory_symlink("checkpoints/sft-2", run_folder / "latest.tmp");
  World second;
  const auto result = run(second, recipe, true);
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_TRUE(std::filesystem::exists(checkpoints / "step-x")) << "not ours";
  std::filesystem::remove(checkpoints / "step-x");
  EXPECT_EQ(all_records(recipe), expected) << "and the leftovers are gone";
}

}  // namespace
}  // namespace hone
