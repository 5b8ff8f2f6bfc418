#include "hone/loop/amortize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "loop/loop_fakes.h"

namespace hone {
namespace {

using ::testing::ElementsAre;
using testing::run;
using testing::small_recipe;
using testing::TempFolder;
using testing::World;

using Ids = std::vector<std::int32_t>;

Recipe amortizing(const TempFolder& folder) {
  Recipe recipe = small_recipe(folder);
  recipe.grpo.steps = 0;
  recipe.amortize.steps = 1;
  recipe.amortize.prompts_per_step = 3;
  recipe.amortize.samples = 4;
  recipe.amortize.prefix = "#";
  recipe.amortize.suffix = "!";
  recipe.amortize.rehearsal = 0.0;
  return recipe;
}

// What the samples of problems 0, 1 and 2 say.
void say(World& world, std::vector<std::vector<std::string>> texts) {
  world.answer = [texts = std::move(texts)](const GenerationRequest& r, int i) {
    return texts[static_cast<std::size_t>(r.prompt[1])][static_cast<std::size_t>(i)];
  };
}

Metrics metrics_of(const World& world, const std::string& stage) {
  for (const StepRecord& record : world.steps) {
    if (record.stage == stage) return record.metrics;
  }
  ADD_FAILURE() << "no step of " << stage;
  return {};
}

TEST(Amortize, WhatMostSayIsLearnedBehindThePrefix) {
  const TempFolder folder;
  World world;
  say(world, {{"1", "7", "1", "1"}, {"2", "2", "", "5"}, {"1", "2", "3", "4"}});
  const auto result = run(world, amortizing(folder));
  ASSERT_TRUE(result.ok()) << result.error().message();
  ASSERT_EQ(world.batches.size(), 1u);
  const auto& groups = world.batches[0].groups;
  ASSERT_EQ(groups.size(), 2u) << "a quarter of the samples agreeing is too few";
  EXPECT_EQ(groups[0].prompt, (Ids{7, 0, '#'}));
  EXPECT_EQ(groups[0].sequences[0].completion, (Ids{'1', '!', 0}));
  EXPECT_EQ(groups[1].prompt, (Ids{7, 1, '#'}));
  EXPECT_EQ(groups[1].sequences[0].completion, (Ids{'2', '!', 0})) << "the majority, right or wrong";
  const Metrics m = metrics_of(world, "amortize");
  EXPECT_DOUBLE_EQ(m.at("amortize/kept"), 2.0 / 3);
  EXPECT_DOUBLE_EQ(m.at("amortize/majority_ratio"), (0.75 + 0.5 + 0.25) / 3);
  EXPECT_DOUBLE_EQ(m.at("amortize/label_accuracy"), 0.5) << "of the answers that are learned";
}

TEST(Amortize, EverySampleOfOneIsAMajority) {
  const TempFolder folder;
  World world;
  Recipe recipe = amortizing(folder);
  recipe.amortize.samples = 1;
  say(world, {{"5"}, {"6"}, {""}});
  ASSERT_TRUE(run(world, recipe).ok());
  ASSERT_EQ(world.batches[0].groups.size(), 2u);
}

TEST(Amortize, ThoughtsAreRehearsedAsTheyWereSampled) {
  const TempFolder folder;
  World world;
  Recipe recipe = amortizing(folder);
  recipe.amortize.rehearsal = 1.0;
  say(world, {{"7", "1", "1", "1"}, {"2", "2", "2", "2"}, {"1", "2", "3", "4"}});
  ASSERT_TRUE(run(world, recipe).ok());
  const auto& groups = world.batches[0].groups;
  ASSERT_EQ(groups.size(), 4u);
  EXPECT_EQ(groups[1].prompt, (Ids{7, 0})) << "without the prefix";
  const std::vector<Group>& sampled = world.steps.front().groups;
  ASSERT_EQ(sampled.size(), 3u);
  // The first that agrees and that ended by itself.
  const Rollout* first = nullptr;
  for (const Rollout& r : sampled[0].rollouts) {
    if (first == nullptr && r.completion.text == "1" && r.completion.finish == FinishReason::kEos) first = &r;
  }
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(groups[1].sequences[0].completion, first->completion.ids);
  EXPECT_EQ(groups[1].sequences[0].loss_mask.size(), first->completion.ids.size());
}

// The fakes' final answer is the whole text.
TEST(Amortize, TheThoughtGoesFromTheLeft) {
  const TempFolder folder;
  World world;
  Recipe recipe = amortizing(folder);
  recipe.amortize.steps = 4;
  recipe.amortize.prompts_per_step = 64;
  recipe.amortize.prefix = "#<answer>";
  recipe.amortize.remove_per_step = 1.5;
  world.answer = [](const GenerationRequest&, int) { return std::string("<think>abcde</think>x"); };
  world.length = [](const GenerationRequest&, int) { return std::size_t{3}; };
  ASSERT_TRUE(run(world, recipe).ok());
  ASSERT_EQ(world.batches.size(), 4u);
  const std::string thought = "abcde", answer = "<answer><think>abcde</think>x!";
  for (std::size_t step = 0; step < 4; ++step) {
    const std::size_t removed = std::vector<std::size_t>{0, 1, 3, 4}[step];
    std::size_t more = 0;
    for (const TrainGroup& group : world.batches[step].groups) {
      const Ids& ids = group.sequences[0].completion;
      ASSERT_EQ(ids.back(), 0);
      const std::string said(ids.begin(), ids.end() - 1);
      if (group.prompt.size() == 2 + recipe.amortize.prefix.size()) {  // nothing is left of the thought
        EXPECT_EQ(said, answer.substr(8));
        ++more;
        continue;
      }
      EXPECT_EQ(group.prompt.back(), '#');
      const std::string left = said.substr(0, said.size() - answer.size());
      EXPECT_EQ(said.substr(left.size()), answer);
      EXPECT_TRUE(thought.ends_with(left)) << left;
      EXPECT_LE(left.size(), thought.size() - removed);
      more += left.size() < thought.size() - removed ? 1 : 0;
    }
    EXPECT_LT(more, 6u) << "e^-4 of 64 lose more than the step says";
  }
}

// Forward passes over the prompts once and over what was sampled, and three over what is learned.
TEST(Amortize, TheFlopsAreCounted) {
  const TempFolder folder;
  World world;
  world.length = [](const GenerationRequest&, int) { return std::size_t{5}; };
  say(world, {{"1", "1", "1", "1"}, {"2", "3", "4", "5"}, {"", "", "", ""}});
  ASSERT_TRUE(run(world, amortizing(folder)).ok());
  EXPECT_DOUBLE_EQ(metrics_of(world, "amortize").at("amortize/flops"), 3 * 2 + 12 * 5 + 3 * (3 + 3));
  EXPECT_DOUBLE_EQ(*(AmortizeLedger{600, 50, 20}.break_even()), 20.0);
  EXPECT_FALSE((AmortizeLedger{600, 20, 20}.break_even()));
}

TEST(Amortize, HeldOutProblemsAreAskedWithAndWithoutAThought) {
  const TempFolder folder;
  World world;
  Recipe recipe = amortizing(folder);
  recipe.eval.problems = 2;
  recipe.grpo.steps = 1;
  recipe.grpo.rollout.prefix = "#";
  std::vector<std::pair<std::size_t, std::string>> asked;  // prompt tokens
  world.answer = [&](const GenerationRequest& r, int) {
    asked.emplace_back(r.prompt.size(), std::to_string(r.n));
    return std::string("1");
  };
  const auto result = run(world, recipe);
  ASSERT_TRUE(result.ok()) << result.error().message();
  std::vector<std::string> order;
  for (const StepRecord& r : world.steps) order.push_back(r.stage + " " + std::to_string(r.step));
  EXPECT_THAT(order, ElementsAre("eval 0", "eval_direct 0", "amortize 1", "eval 1", "eval_direct 1", "grpo 1",
                                 "eval 2", "eval_direct 2"));
  // The prompt has two tokens; the prefix is a third, and the first of the text that is judged.
  for (const StepRecord& r : world.steps) {
    const bool direct = r.stage == "eval_direct" || r.stage == "grpo";
    for (const Group& group : r.groups) {
      EXPECT_EQ(group.prompt_ids.size(), direct ? 3u : 2u) << r.stage;
      for (const Rollout& rollout : group.rollouts)
        EXPECT_EQ(rollout.completion.text, direct ? "#1" : "1") << r.stage;
    }
  }
  EXPECT_TRUE(metrics_of(world, "eval_direct").contains("eval_direct_accuracy"));
}

TEST(Amortize, NeedsAnswersThatCanBeCompared) {
  class Mute : public testing::FakeVerifier {
    bool compares_answers() const override { return false; }
  };
  const auto rubric = Rubric::of({{1.0, std::make_shared<Mute>()}});
  const auto checked = check_amortize(*rubric);
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().where, "amortize");
}

}  // namespace
}  // namespace hone
