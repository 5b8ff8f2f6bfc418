#include "hone/verify/vote.h"

#include <gtest/gtest.h>

#include "hone/verify/math/math_verifier.h"
#include "hone/verify/rubric.h"
#include "hone/verify/verifiers.h"
#include "verify/verify_helpers.h"

namespace hone {
namespace {

using testing::answered;
using testing::completion;

std::optional<std::string> number_in(const std::string& text) {
  return make_number_verifier()->final_answer(completion("<answer>" + text + "</answer>"));
}

TEST(FinalAnswer, OneSpellingForEachNumber) {
  for (const char* half : {"0.5", ".50", "1/2", "2/4", "0.05e1", "0.2/0.4", "+1/2", "$0.5"})
    EXPECT_EQ(number_in(half), "0.5") << half;
  for (const char* third : {"1/3", "2/6", "20/60", "0.1/0.3", "1000000/3000000"})
    EXPECT_EQ(number_in(third), "1/3") << third;
  EXPECT_EQ(number_in("-20/3"), "-20/3");
  EXPECT_EQ(number_in("-200/30"), "-20/3");
  EXPECT_EQ(number_in("7/8"), "0.875");
  EXPECT_EQ(number_in("1,200"), "1200");
  EXPECT_EQ(number_in("-0"), "0");
  EXPECT_EQ(number_in("0/7"), "0");
  EXPECT_EQ(number_in("3e40"), number_in("30e39"));
  EXPECT_NE(number_in("3e40"), number_in("3e41"));
  EXPECT_EQ(number_in("five"), std::nullopt);
  EXPECT_EQ(number_in("1/0"), std::nullopt);
}

// What is unparsable to verify() has no answer, and the other way round.
TEST(FinalAnswer, IsThereWhereTheVerdictIsNotUnparsable) {
  const std::vector<std::string> texts = {
      "",         "<answer>4</answer>",    "<answer> </answer>",    "the answer is 12.",
      "<think>4", "\\boxed{\\frac{1}{2}}", "<answer>blue</answer>", "<answer>1+2</answer>"};
  const Problem problem = [] {
    Problem p = answered("4");
    p.fields = R"({"numbers": [1, 2], "target": 3})";
    return p;
  }();
  std::vector<std::unique_ptr<Verifier>> verifiers;
  verifiers.push_back(make_number_verifier());
  verifiers.push_back(make_text_verifier());
  verifiers.push_back(make_expression_verifier());
  verifiers.push_back(make_math_verifier());
  for (const auto& verifier : verifiers) {
    ASSERT_TRUE(verifier->compares_answers());
    for (const std::string& text : texts) {
      const bool unparsable =
          verifier->verify(problem, completion(text)).status == VerdictStatus::kUnparsable;
      EXPECT_EQ(verifier->final_answer(completion(text)).has_value(), !unparsable)
          << verifier->name() << ": " << text;
    }
  }
  EXPECT_FALSE(make_format_verifier()->compares_answers());
}

Votes count(const Verifier& verifier, const std::vector<std::string>& answers,
            const std::vector<double>& weights = {}) {
  std::vector<std::optional<std::string>> read;
  for (const std::string& answer : answers)
    read.push_back(answer.empty() ? std::nullopt : std::optional(answer));
  return count_votes(verifier, read, weights);
}

TEST(CountVotes, MostVotesWinAndTheFirstOfEquals) {
  const auto text = make_text_verifier();
  const Votes votes = count(*text, {"b", "a", "", "a", "b", "c"});
  ASSERT_EQ(votes.candidates.size(), 3u);
  EXPECT_EQ(votes.candidates[0].answer, "b");
  EXPECT_EQ(votes.candidates[0].votes, 2);
  EXPECT_EQ(votes.candidates[2].first, 5u);
  EXPECT_EQ(votes.total(), 5);
  EXPECT_EQ(votes.choice[2], std::nullopt);
  EXPECT_EQ(votes.choice[3], 1u);
  EXPECT_EQ(votes.winner(), 0u);
  EXPECT_EQ(count(*text, {"b", "a", "a"}).winner(), 1u);
  EXPECT_EQ(count(*text, {"", ""}).winner(), std::nullopt);
  EXPECT_EQ(count(*text, {}).winner(), std::nullopt);
}

TEST(CountVotes, WeightsCount) {
  const auto text = make_text_verifier();
  EXPECT_EQ(count(*text, {"a", "a", "b"}, {0.2, 0.2, 0.5}).winner(), 1u);
  EXPECT_EQ(count(*text, {"a", "a", "b"}, {0.3, 0.3, 0.5}).winner(), 0u);
}

TEST(CountVotes, EquivalentSpellingsArePooled) {
  const auto math = make_math_verifier();
  const Votes votes = count(*math, {"x+1", "\\frac{1}{2}", "1+x", "0.5", "2/4", "(x^2-1)/(x-1)"});
  ASSERT_EQ(votes.candidates.size(), 2u);
  EXPECT_EQ(votes.candidates[1].answer, "\\frac{1}{2}");
  EXPECT_EQ(votes.candidates[1].votes, 3);
  EXPECT_EQ(votes.winner(), 0u);
}

Group asked(std::string reference, const std::vector<std::string>& answers, const Rubric& rubric) {
  Group group;
  group.problem = answered(std::move(reference));
  for (const std::string& answer : answers) {
    Rollout rollout;
    rollout.completion = completion(answer.empty() ? "?" : "<answer>" + answer + "</answer>");
    rollout.reward = rubric.judge(group.problem, rollout.completion);
    group.rollouts.push_back(std::move(rollout));
  }
  return group;
}

Rubric vote_rubric(bool shuffled = false) {
  auto rubric = Rubric::make(
      {{{.verifier = "vote", .weight = 2.0, .shuffled = shuffled}, {.verifier = "number", .weight = 0.0}}},
      1);
  EXPECT_TRUE(rubric.ok());
  return *rubric;
}

std::vector<double> totals(const Group& group) {
  std::vector<double> rewards;
  for (const Rollout& r : group.rollouts) rewards.push_back(r.reward.total.value_or(-1));
  return rewards;
}

TEST(Vote, RewardsAgreeingWithTheMajority) {
  const Rubric rubric = vote_rubric();
  std::vector<Group> groups = {asked("7", {"5", "7", "5.0", ""}, rubric), asked("3", {"3", "4"}, rubric)};
  EXPECT_FALSE(groups[0].rollouts[0].reward.total) << "before the votes are counted";
  const auto metrics = rubric.judge_groups(groups, 0);
  ASSERT_TRUE(metrics.ok());
  EXPECT_EQ(totals(groups[0]), (std::vector<double>{2, 0, 2, 0}));
  EXPECT_EQ(totals(groups[1]), (std::vector<double>{2, 0})) << "a tie: the first";
  const Reward& none = groups[0].rollouts[3].reward;
  ASSERT_EQ(none.parts.size(), 2u);
  EXPECT_EQ(none.parts[0].verifier, "vote");
  EXPECT_EQ(none.parts[0].verdict.status, VerdictStatus::kUnparsable);
  EXPECT_EQ(none.parts[1].verifier, "number");
  EXPECT_DOUBLE_EQ(metrics->at("majority_ratio"), (2.0 / 4 + 1.0 / 2) / 2) << "unparsable ones are counted";
  EXPECT_DOUBLE_EQ(metrics->at("label_accuracy"), 0.5);
  EXPECT_DOUBLE_EQ(metrics->at("answers_per_group"), 2.0);
  // Right against the label: 5, 7 and 5.0 are not; "", 3 and 4 are.
  EXPECT_DOUBLE_EQ(metrics->at("reward_accuracy"), 3.0 / 6);
}

TEST(Vote, AGroupWithoutAnAnswerHasNoLabel) {
  const Rubric rubric = vote_rubric();
  std::vector<Group> groups = {asked("7", {"", ""}, rubric)};
  const auto metrics = rubric.judge_groups(groups, 0);
  ASSERT_TRUE(metrics.ok());
  EXPECT_FALSE(groups[0].rollouts[0].reward.total);
  EXPECT_EQ(groups[0].rollouts[0].reward.parts[0].verdict.status, VerdictStatus::kError);
  EXPECT_FALSE(metrics->contains("label_accuracy"));
  EXPECT_FALSE(metrics->contains("reward_accuracy"));
}

TEST(Vote, LabelsOnlyMeasure) {
  const Rubric rubric = vote_rubric();
  std::vector<Group> with = {asked("7", {"5", "7", "5"}, rubric)},
                     without = {asked("", {"5", "7", "5"}, rubric)};
  const auto measured = rubric.judge_groups(with, 0), blind = rubric.judge_groups(without, 0);
  EXPECT_EQ(totals(with[0]), totals(without[0]));
  EXPECT_TRUE(measured->contains("label_accuracy"));
  EXPECT_FALSE(blind->contains("label_accuracy"));
  EXPECT_EQ(blind->at("majority_ratio"), measured->at("majority_ratio"));
}

TEST(Vote, ShuffledLabelsAreOtherGroups) {
  const Rubric rubric = vote_rubric(/*shuffled=*/true);
  std::vector<Group> groups = {asked("1", {"1", "1", "2"}, rubric), asked("2", {"2", "2", "1.0"}, rubric)};
  ASSERT_TRUE(rubric.judge_groups(groups, 0).ok());
  EXPECT_EQ(totals(groups[0]), (std::vector<double>{0, 0, 2}));
  EXPECT_EQ(totals(groups[1]), (std::vector<double>{0, 0, 2}));
}

TEST(Vote, NeedsAVerifierThatReadsAnswers) {
  const auto rubric = Rubric::make({{{.verifier = "vote", .answers = "format"}}}, 1);
  ASSERT_FALSE(rubric.ok());
  EXPECT_EQ(rubric.error().where, "reward: vote: answers");
  EXPECT_FALSE(Rubric::make({{{.verifier = "vote", .answers = "nmber"}}}, 1).ok());
}

}  // namespace
}  // namespace hone
