#include "hone/loop/propose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "loop/loop_fakes.h"

namespace hone {
namespace {

using ::testing::HasSubstr;
using testing::run;
using testing::small_recipe;
using testing::TempFolder;
using testing::World;

// Text in, its bytes as ids; what a completion says decides nothing but its own verdict.
Recipe proposing(const TempFolder& folder) {
  Recipe recipe = small_recipe(folder);
  recipe.grpo.steps = 0;
  recipe.propose.steps = 1;
  recipe.propose.proposals = 4;
  recipe.propose.solutions = 4;
  recipe.data.eval_fraction = 0.0;
  return recipe;
}

// Requests of one prompt and P samples are for proposals (the fake environment gives the request the id 0).
bool asks_for_proposals(const GenerationRequest& request) {
  return request.key.purpose == Purpose::kProposal;
}

std::string posed(const std::string& text) { return "<think></think><answer>" + text + "</answer>"; }

struct Solved {
  std::string answer;
  int right;  // of four solutions
};

// The i-th proposal of a step, and how its problems are solved, in their order.
void answer(World& world, std::vector<std::string> proposals, std::vector<Solved> solved) {
  world.answer = [=](const GenerationRequest& r, int i) -> std::string {
    if (asks_for_proposals(r)) return proposals[static_cast<std::size_t>(i)];
    const Solved& problem = solved[static_cast<std::size_t>(r.key.problem)];
    return i < problem.right ? problem.answer : "no";
  };
}

std::vector<double> rewards_of(const StepRecord& record) {
  std::vector<double> rewards;
  for (const Rollout& r : record.groups[0].rollouts) rewards.push_back(r.reward.total.value_or(-9));
  return rewards;
}

const StepRecord& only_step(const World& world) {
  EXPECT_EQ(world.steps.size(), 1u);
  return world.steps.at(0);
}

TEST(ProposalReward, BySolveRate) {
  using enum ProposeReward;
  EXPECT_DOUBLE_EQ(proposal_reward(kLearnability, 0.0), 0.0);
  EXPECT_DOUBLE_EQ(proposal_reward(kLearnability, 0.25), 0.75);
  EXPECT_DOUBLE_EQ(proposal_reward(kLearnability, 1.0), 0.0);
  EXPECT_DOUBLE_EQ(proposal_reward(kUncertainty, 0.0), 0.0);
  EXPECT_DOUBLE_EQ(proposal_reward(kUncertainty, 0.5), 1.0);
  EXPECT_DOUBLE_EQ(proposal_reward(kUncertainty, 0.75), 0.5);
  EXPECT_DOUBLE_EQ(proposal_reward(kConstant, 0.0), 1.0);
}

TEST(Propose, LearnableQuestionsEarnMostAndNonsenseLoses) {
  const TempFolder folder;
  World world;
  answer(world, {posed("1+2"), posed("3+"), posed("4+5"), posed("6-7")}, {{"3", 1}, {"9", 4}, {"-1", 0}});
  const auto result = run(world, proposing(folder));
  ASSERT_TRUE(result.ok()) << result.error().message();
  const StepRecord& step = only_step(world);
  EXPECT_EQ(rewards_of(step), (std::vector<double>{0.75, -1, 0, 0}));
  ASSERT_EQ(step.groups.size(), 4u) << "the proposals, and three problems";
  EXPECT_EQ(step.groups[1].problem.answer, "3");
  EXPECT_EQ(step.groups[2].problem.messages.back().content, "4+5");
  EXPECT_DOUBLE_EQ(step.metrics.at("propose/valid"), 0.75);
  EXPECT_DOUBLE_EQ(step.metrics.at("propose/unique"), 1.0);
  EXPECT_DOUBLE_EQ(step.metrics.at("propose/solve_rate"), (0.25 + 1 + 0) / 3);
  EXPECT_DOUBLE_EQ(step.metrics.at("propose/learnable"), 1.0 / 3);
  EXPECT_DOUBLE_EQ(step.metrics.at("propose/reward"), (0.75 - 1) / 4);
  // Both roles in one batch: the proposals and the one problem whose solutions differ.
  ASSERT_EQ(world.batches.size(), 1u);
  ASSERT_EQ(world.batches[0].groups.size(), 2u);
  // Advantages are normalised within each role: each sums to nothing.
  for (const TrainGroup& group : world.batches[0].groups) {
    double sum = 0;
    for (const TrainSequence& s : group.sequences) sum += s.advantage;
    EXPECT_NEAR(sum, 0, 1e-9);
  }
  EXPECT_GT(world.batches[0].groups[0].sequences[0].advantage, 0);
  EXPECT_LT(world.batches[0].groups[0].sequences[1].advantage, 0);
}

TEST(Propose, TheProposerCanWeighMore) {
  const TempFolder folder;
  const auto advantages_with = [&](double weight) {
    World world;
    Recipe recipe = proposing(folder);
    recipe.name = fmt::format("weight-{}", weight);
    recipe.propose.proposer_weight = weight;
    answer(world, {posed("1+2"), posed("3+"), posed("4+5"), posed("6-7")}, {{"3", 1}, {"9", 4}, {"-1", 0}});
    EXPECT_TRUE(run(world, recipe).ok());
    std::vector<std::vector<double>> advantages;
    for (const TrainGroup& group : world.batches.at(0).groups) {
      advantages.emplace_back();
      for (const TrainSequence& s : group.sequences) advantages.back().push_back(s.advantage);
    }
    return advantages;
  };
  auto once = advantages_with(1);
  for (double& advantage : once[0]) advantage *= 4;
  EXPECT_EQ(advantages_with(4), once) << "the proposals' alone";
}

TEST(Propose, ARepeatedQuestionSharesItsReward) {
  const TempFolder folder;
  World world;
  Recipe recipe = proposing(folder);
  recipe.propose.steps = 2;
  answer(world, {posed("1+2"), posed("1 + 2"), posed("5+5"), posed("1+2")}, {{"3", 2}, {"10", 2}});
  ASSERT_TRUE(run(world, recipe).ok());
  ASSERT_EQ(world.steps.size(), 2u);
  EXPECT_EQ(rewards_of(world.steps[0]), (std::vector<double>{0.5, 0.25, 0.5, 0.5 / 3}));
  EXPECT_EQ(rewards_of(world.steps[1]), (std::vector<double>{0.5 / 4, 0.5 / 5, 0.5 / 2, 0.5 / 6}));
  EXPECT_EQ(world.steps[0].groups.size(), 3u) << "solved once a step";
  EXPECT_DOUBLE_EQ(world.steps[0].metrics.at("propose/unique"), 0.5);
  EXPECT_DOUBLE_EQ(world.steps[1].metrics.at("propose/unique"), 0.0);
}

TEST(Propose, HeldOutQuestionsAreNeitherSolvedNorJudged) {
  const TempFolder folder;
  World world;
  Recipe recipe = proposing(folder);
  recipe.data.eval_fraction = 0.999999;
  answer(world, {posed("1+2"), posed("2+2"), posed("5+5"), posed("7-2")}, {});
  ASSERT_TRUE(run(world, recipe).ok());
  EXPECT_EQ(rewards_of(only_step(world)), (std::vector<double>(4, -9)));
  EXPECT_EQ(only_step(world).groups.size(), 1u);
  EXPECT_TRUE(world.batches[0].groups.empty());
}

TEST(Propose, TheControlIsFedDraws) {
  const TempFolder folder;
  World world;
  Recipe recipe = proposing(folder);
  recipe.propose.source = ProposeSource::kRandom;
  int asked = 0;
  world.answer = [&](const GenerationRequest& r, int i) -> std::string {
    asked += asks_for_proposals(r) ? 1 : 0;
    return i % 2 == 0 ? "right" : "wrong";
  };
  ASSERT_TRUE(run(world, recipe).ok());
  EXPECT_EQ(asked, 0);
  for (const Group& group : only_step(world).groups) EXPECT_THAT(group.problem.source, HasSubstr("proposed"));
  EXPECT_FALSE(only_step(world).metrics.contains("propose/reward"));
}

TEST(Propose, AResumedRunRemembersWhatWasPosed) {
  const TempFolder folder;
  Recipe recipe = proposing(folder);
  recipe.propose.steps = 2;
  const auto said = [](World& world) {
    answer(world, {posed("1+2"), posed("3+3"), posed("5+5"), posed("x")}, {{"3", 2}, {"6", 2}, {"10", 2}});
  };
  World first, second;
  said(first);
  said(second);
  first.steps_until_stop = 1;
  ASSERT_TRUE(run(first, recipe).ok());
  ASSERT_TRUE(run(second, recipe, true).ok());
  EXPECT_EQ(rewards_of(only_step(second)), (std::vector<double>{0.25, 0.25, 0.25, -1}));
}

TEST(Propose, AnUnknownLanguageNamesTheNearest) {
  const TempFolder folder;
  World world;
  Recipe recipe = proposing(folder);
  recipe.propose.language = "arithmetics";
  const auto result = run(world, recipe);
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message(), HasSubstr("did you mean arithmetic?"));
}

}  // namespace
}  // namespace hone
