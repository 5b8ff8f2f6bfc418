#include "hone/loop/train_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "hone/base/check.h"
#include "hone/rl/advantage.h"
#include "loop/loop_fakes.h"

namespace hone {
namespace {

using testing::all_records;
using ::testing::ElementsAre;
using testing::folder_names;
using testing::run;
using testing::small_recipe;
using testing::TempFolder;
using testing::World;

TrainResult run_well(World& world, const Recipe& recipe, bool resume = false) {
  const auto result = run(world, recipe, resume);
  EXPECT_TRUE(result.ok()) << result.error().message();
  return result.ok() ? *result : TrainResult{};
}

std::filesystem::path folder_of(const Recipe& recipe) {
  return std::filesystem::path(recipe.runs) / recipe.name;
}

RunStore store_of(const Recipe& recipe) {
  auto store = RunStore::open(folder_of(recipe) / "run.db", true);
  EXPECT_TRUE(store.ok()) << store.error().message();
  return std::move(store).value();
}

TEST(TrainLoop, StagesInOrder) {
  const TempFolder folder;
  World world;
  Recipe recipe = small_recipe(folder);
  recipe.sft.steps = 1;
  recipe.sft.batch_size = 3;
  recipe.grpo.steps = 2;
  recipe.eval.problems = 1;
  const TrainResult result = run_well(world, recipe);
  EXPECT_TRUE(result.finished);
  EXPECT_EQ(result.position.stage, "grpo");
  EXPECT_EQ(result.position.step, 2);
  EXPECT_EQ(result.position.next_problem, 3 + 2 * 2);
  EXPECT_THAT(
      world.log,
      ElementsAre("learner sft 0", "stage sft 0/1", "prompt train:0", "prompt train:1", "prompt train:2",
                  "update", "step sft 1", "save, begun", "save, half done", "save, done",  //
                  "learner grpo 1", "prompt eval:0", "generate 1", "step eval 0", "stage grpo 0/2",
                  "prompt train:3", "prompt train:4", "generate 2", "update", "step grpo 1", "save, begun",
                  "save, half done", "save, done",  //
                  "prompt train:5", "prompt train:6", "generate 2", "update", "step grpo 2", "save, begun",
                  "save, half done", "save, done",  //
                  "prompt eval:0", "generate 1", "step eval 2"));
}

TEST(TrainLoop, RecordsAreWhatWasLearnedFrom) {
  const TempFolder folder;
  World world;
  const Recipe recipe = small_recipe(folder);
  run_well(world, recipe);
  const RunStore store = store_of(recipe);
  ASSERT_THAT(*store.steps("grpo"), ElementsAre(1, 2, 3));
  int learned = 0;
  for (std::int64_t step = 1; step <= 3; ++step) {
    const StepRecord record = *store.load("grpo", step);
    for (const char* name : {"loss", "reward", "accuracy", "step_time", "rollout_time", "resampled_groups",
                             "completions/mean_length", "num_tokens"}) {
      EXPECT_TRUE(record.metrics.contains(name)) << name;
    }
    ASSERT_EQ(record.groups.size(), 2u);
    const TrainBatch& batch = world.batches[static_cast<std::size_t>(step) - 1];
    EXPECT_EQ(batch.step, step - 1);
    std::size_t at = 0;
    for (const Group& group : record.groups) {
      ASSERT_EQ(group.rollouts.size(), 4u);
      for (const Rollout& r : group.rollouts) {
        ASSERT_TRUE(r.reward.total.has_value());
        EXPECT_EQ(*r.reward.total, r.completion.text == "1" ? 1.0 : 0.0);
      }
      if (!has_signal(group)) continue;
      ASSERT_LT(at, batch.groups.size());
      const TrainGroup& given = batch.groups[at++];
      EXPECT_EQ(given.prompt, group.prompt_ids);
      for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(given.sequences[i].completion, group.rollouts[i].completion.ids);
        EXPECT_EQ(given.sequences[i].old_logprobs, group.rollouts[i].completion.logprobs);
        EXPECT_EQ(given.sequences[i].advantage, group.rollouts[i].advantage);
        EXPECT_NE(given.sequences[i].advantage, 0.0);
        const std::vector<std::uint8_t> once(given.sequences[i].completion.size(), 1);
        EXPECT_EQ(group.rollouts[i].clipped, i == 3 ? once : std::vector<std::uint8_t>());
        ++learned;
      }
    }
    EXPECT_EQ(at, batch.groups.size());
  }
  EXPECT_GT(learned, 0);
}

TEST(TrainLoop, SupervisedBatchesAreWorkedSolutions) {
  const TempFolder folder;
  World world;
  Recipe recipe = small_recipe(folder);
  recipe.sft.steps = 2;
  recipe.sft.batch_size = 2;
  recipe.grpo.steps = 0;
  recipe.eval.problems = 1;
  const TrainResult result = run_well(world, recipe);
  EXPECT_TRUE(result.finished);
  EXPECT_EQ(result.position.stage, "sft");
  ASSERT_EQ(world.batches.size(), 2u);
  const TrainGroup& third = world.batches[1].groups[0];
  EXPECT_EQ(world.batches[1].step, 1);
  EXPECT_THAT(third.prompt, ElementsAre(7, 2));
  ASSERT_EQ(third.sequences.size(), 1u);
  EXPECT_THAT(third.sequences[0].completion, ElementsAre('s', '2', 0));
  EXPECT_THAT(third.sequences[0].loss_mask, ElementsAre(1, 1, 1));
  EXPECT_EQ(store_of(recipe).load("sft", 2)->metrics.at("num_tokens"), 2 * (2 + 3));
  EXPECT_THAT(*store_of(recipe).steps("eval"), ElementsAre(0)) << "no GRPO step came before it";
  World again;
  const auto before = all_records(recipe);
  EXPECT_TRUE(run_well(again, recipe, true).finished);
  EXPECT_EQ(all_records(recipe), before);
}

TEST(TrainLoop, WhatIsForcedBeforeADirectAnswerCarriesNoLoss) {
  const TempFolder folder;
  World world;
  Recipe recipe = small_recipe(folder);
  recipe.sft = {.steps = 1, .batch_size = 12, .direct_forced = true};
  recipe.grpo.steps = 0;
  recipe.amortize.prefix = "s1";  // as the solutions of problems 1, 10 and 11 begin
  run_well(world, recipe);
  const auto& groups = world.batches.at(0).groups;
  ASSERT_EQ(groups.size(), 12u);
  EXPECT_THAT(groups[1].sequences[0].loss_mask, ElementsAre(0, 0, 1));
  EXPECT_THAT(groups[10].sequences[0].loss_mask, ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(groups[2].sequences[0].loss_mask, ElementsAre(1, 1, 1));
}

TEST(TrainLoop, EvaluationsOnTheirOwnSchedule) {
  const TempFolder folder;
  World world;
  Recipe recipe = small_recipe(folder);
  recipe.grpo.steps = 5;
  recipe.eval.every = 2;
  recipe.eval.problems = 6;
  recipe.eval.during_problems = 3;
  recipe.eval.max_new_tokens = 5;
  world.eval_size = 4;
  run_well(world, recipe);
  const RunStore store = store_of(recipe);
  ASSERT_THAT(*store.steps("eval"), ElementsAre(0, 2, 4, 5));
  const std::map<std::int64_t, std::size_t> problems = {{0, 4}, {2, 3}, {4, 3}, {5, 4}};  // all there are
  for (const auto& [step, count] : problems) {
    const StepRecord record = *store.load("eval", step);
    EXPECT_EQ(record.groups.size(), count) << step;
    EXPECT_TRUE(record.metrics.contains("eval_accuracy"));
    EXPECT_TRUE(record.metrics.contains("eval_completions/mean_length"));
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(record.groups[i].problem.source, "eval:" + std::to_string(i));
    }
  }
  // A last step that is on the schedule is evaluated once, over all problems.
  World even;
  recipe.name = "even";
  recipe.grpo.steps = 4;
  run_well(even, recipe);
  EXPECT_THAT(*store_of(recipe).steps("eval"), ElementsAre(0, 2, 4));
  EXPECT_EQ(store_of(recipe).load("eval", 4)->groups.size(), 6u);
}

TEST(TrainLoop, CheckpointsAreKeptByNumber) {
  const TempFolder folder;
  World world;
  Recipe recipe = small_recipe(folder);
  recipe.grpo.steps = 7;
  recipe.checkpoint = {.every = 2, .keep = 2};
  run_well(world, recipe);
  EXPECT_EQ(std::count(world.log.begin(), world.log.end(), "save, done"), 4) << "2, 4, 6 and the last";
  EXPECT_THAT(folder_names(folder_of(recipe) / "checkpoints"), ElementsAre("step-6", "step-7"));
  EXPECT_EQ(std::filesystem::read_symlink(folder_of(recipe) / "latest"), "checkpoints/step-7");
  // Only a last one.
  World rare;
  recipe.name = "rare";
  recipe.checkpoint = {.every = 0, .keep = 1};
  run_well(rare, recipe);
  EXPECT_THAT(folder_names(folder_of(recipe) / "checkpoints"), ElementsAre("step-7"));
}

// Problems of even id give equal rewards.
void only_odd_problems_differ(World& world) {
  world.answer = [](const GenerationRequest& request, int sample) -> std::string {
    return request.prompt[1] % 2 == 0 || sample % 2 == 0 ? "1" : "0";
  };
}

TEST(TrainLoop, DynamicSamplingReplacesGroupsWithoutSignal) {
  const TempFolder folder;
  World world;
  only_odd_problems_differ(world);
  Recipe recipe = small_recipe(folder);
  recipe.grpo.steps = 1;
  recipe.grpo.rollout.dynamic_sampling = true;
  recipe.grpo.rollout.max_resamples = 5;
  // 0 and 1: 1 stays. 2 is even, 3 stays.
  const TrainResult result = run_well(world, recipe);
  EXPECT_EQ(result.position.next_problem, 4);
  const StepRecord record = *store_of(recipe).load("grpo", 1);
  ASSERT_EQ(record.groups.size(), 2u);
  EXPECT_EQ(record.groups[0].problem.source, "train:1");
  EXPECT_EQ(record.groups[1].problem.source, "train:3");
  EXPECT_EQ(record.metrics.at("resampled_groups"), 2.0);
  EXPECT_EQ(world.batches[0].groups.size(), 2u);
  EXPECT_EQ(std::count(world.log.begin(), world.log.end(), "generate 1"), 2) << "only what is missing";
}

TEST(TrainLoop, DynamicSamplingStopsAtItsCap) {
  for (const bool on : {true, false}) {
    const TempFolder folder;
    World world;
    world.answer = [](const GenerationRequest&, int) { return "1"; };
    Recipe recipe = small_recipe(folder);
    recipe.grpo.steps = 1;
    recipe.grpo.rollout.dynamic_sampling = on;
    recipe.grpo.rollout.max_resamples = 3;
    const TrainResult result = run_well(world, recipe);
    EXPECT_EQ(result.position.next_problem, on ? 8 : 2);
    const StepRecord record = *store_of(recipe).load("grpo", 1);
    EXPECT_EQ(record.groups.size(), 2u) << "the last round is taken as it is";
    EXPECT_EQ(record.metrics.at("resampled_groups"), on ? 6.0 : 0.0);
    EXPECT_EQ(record.metrics.at("frac_reward_zero_std"), 1.0);
    EXPECT_EQ(world.batches[0].groups.size(), 0u);
    EXPECT_EQ(world.batches[0].silent_sequences, 8);
  }
}

TEST(TrainLoop, UndecidedRolloutsAreNoZeros) {
  const TempFolder folder;
  World world;
  world.answer = [](const GenerationRequest&, int sample) -> std::string {
    return sample == 0 ? "timeout" : sample == 1 ? "1" : "0";
  };
  Recipe recipe = small_recipe(folder);
  recipe.grpo.steps = 1;
  recipe.grpo.loss.overlong_buffer = 4;
  run_well(world, recipe);
  const StepRecord record = *store_of(recipe).load("grpo", 1);
  EXPECT_EQ(record.metrics.at("verdicts/fake/timeout"), 2.0);
  EXPECT_NEAR(record.metrics.at("accuracy"), 1.0 / 3.0, 1e-12);
  for (const Group& group : record.groups) {
    EXPECT_FALSE(group.rollouts[0].reward.total.has_value());
    EXPECT_EQ(group.rollouts[0].advantage, 0.0);
    EXPECT_GT(group.rollouts[1].advantage, 0.0);
  }
  for (const TrainGroup& group : world.batches[0].groups) EXPECT_EQ(group.sequences.size(), 3u);
  EXPECT_EQ(world.batches[0].silent_sequences, 0);
}

TEST(TrainLoop, OverlongCompletionsArePunishedBeforeSignalIsAskedFor) {
  const TempFolder folder;
  World world;
  world.answer = [](const GenerationRequest&, int) { return "1"; };
  world.length = [](const GenerationRequest&, int sample) {
    return std::vector<std::size_t>{4, 6, 8, 5}[static_cast<std::size_t>(sample)];
  };
  Recipe recipe = small_recipe(folder);
  recipe.grpo.steps = 1;
  recipe.grpo.rollout.dynamic_sampling = true;
  recipe.grpo.loss.overlong_buffer = 4;
  recipe.grpo.loss.overlong_penalty = 0.5;
  run_well(world, recipe);
  const StepRecord record = *store_of(recipe).load("grpo", 1);
  EXPECT_EQ(record.metrics.at("resampled_groups"), 0.0) << "the punished rewards differ";
  for (const Group& group : record.groups) {
    const double expected[] = {1.0, 0.75, 0.5, 0.875};
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(*group.rollouts[i].reward.total, expected[i]);
    EXPECT_GT(group.rollouts[0].advantage, 0.0);
    EXPECT_LT(group.rollouts[2].advantage, 0.0);
  }
}

TEST(TrainLoop, ErrorsOfEachStageEndTheRun) {
  for (const std::string which : {"update", "generate", "save"}) {
    const TempFolder folder;
    World world;
    const Recipe recipe = small_recipe(folder);
    (which == "update"     ? world.update_error
     : which == "generate" ? world.generate_error
                           : world.save_error) = Error{which, "must work", "nothing"};
    const auto result = run(world, recipe);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().where, which);
    EXPECT_EQ(store_of(recipe).steps("grpo")->size(), which == "save" ? 1u : 0u);
    EXPECT_TRUE(folder_names(folder_of(recipe) / "checkpoints").empty()) << "nothing half written stays";
    World healthy;
    EXPECT_TRUE(run_well(healthy, recipe, true).finished);
  }
}

// Neither of a step nor of an evaluation: a generator that waits for the first verdict would never end.
TEST(TrainLoop, VerdictsDoNotWaitForTheLastCompletion) {
  const TempFolder folder;
  World world;
  world.concurrency = 1;
  Recipe recipe = small_recipe(folder);
  recipe.eval.problems = 3;
  std::mutex mutex;
  std::condition_variable changed;
  int verdicts = 0, in_vain = 0, waits = 0, before = 0;
  world.on_verify = [&](const Completion&) {
    const std::lock_guard lock(mutex);
    ++verdicts;
    changed.notify_all();
  };
  world.after_finished = [&](int finished) {
    std::unique_lock lock(mutex);
    if (finished != 1) return;
    ++waits;
    const auto one_more = [&] { return verdicts > before; };
    in_vain += in_vain == 0 && changed.wait_for(lock, std::chrono::seconds(30), one_more) ? 0 : 1;
    before += waits == 1 || waits == 5 ? 3 : 8;  // verdicts of the whole call
  };
  EXPECT_TRUE(run_well(world, recipe).finished);
  EXPECT_EQ(waits, 5) << "three steps between two evaluations";
  EXPECT_EQ(in_vain, 0);
  EXPECT_EQ(verdicts, 3 * 8 + 2 * 3);
}

TEST(TrainLoop, RecordsDoNotDependOnTheOrderOfVerdicts) {
  std::vector<std::string> expected;
  for (const int concurrency : {0, 1, 7}) {
    const TempFolder folder;
    World world;
    world.concurrency = concurrency;
    world.on_verify = [](const Completion& c) {
      std::this_thread::sleep_for(std::chrono::microseconds(c.ids.front() * 50));
    };
    Recipe recipe = small_recipe(folder);
    recipe.grpo.rollout.group_size = 9;
    recipe.eval.problems = 5;
    run_well(world, recipe);
    const auto records = all_records(recipe);
    if (expected.empty()) expected = records;
    EXPECT_EQ(records, expected);
    EXPECT_EQ(world.steps[1].groups[1].rollouts.size(), 9u);
  }
}

TEST(TrainLoop, VerifiersEndBeforeAFailedStepDoes) {
  for (const bool dies : {false, true}) {
    const TempFolder folder;
    World world;
    world.concurrency = 2;
    std::atomic<bool> begun = false;
    std::atomic<int> running = 0;
    world.on_verify = [&](const Completion&) {
      ++running;
      begun = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      --running;
    };
    world.generate_error = Error{"generator", "must work", "nothing"};  // after the first group
    world.after_finished = [&](int finished) {
      for (int i = 0; finished == 4 && !begun && i < 3000; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
      if (finished == 4 && dies) throw testing::Death{};
    };
    const Recipe recipe = small_recipe(folder);
    if (dies) {
      EXPECT_THROW((void)run(world, recipe), testing::Death);
    } else {
      EXPECT_FALSE(run(world, recipe).ok());
    }
    EXPECT_TRUE(begun);
    EXPECT_EQ(running, 0);
    EXPECT_TRUE(store_of(recipe).steps("grpo")->empty());
  }
}

TEST(TrainLoop, ABrokenInvariantOfAVerifierEndsTheRun) {
  const TempFolder folder;
  World world;
  world.concurrency = 2;
  world.on_verify = [](const Completion&) { throw BrokenInvariant("no verdict"); };
  EXPECT_THROW((void)run(world, small_recipe(folder)), BrokenInvariant);
  EXPECT_TRUE(world.batches.empty());
}

TEST(TrainLoop, PromptsThatDoNotFitAreNamed) {
  const TempFolder folder;
  World world;
  Recipe recipe = small_recipe(folder);
  world.context_length = 2;
  auto result = run(world, recipe);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message(),
            "[train:0] the prompt must leave room in the context of 2 tokens, got 2 tokens");
  world.context_length = 64;
  recipe.data.max_prompt_tokens = 1;
  recipe.name = "short";
  result = run(world, recipe);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().where, "train:0");
  recipe.name = "supervised";
  recipe.data.max_prompt_tokens = 0;
  recipe.sft.steps = 1;
  world.context_length = 4;
  result = run(world, recipe);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message(),
            "[train:0] prompt and solution must fit the context of 4 tokens, got 5 tokens");
}

}  // namespace
}  // namespace hone
