#include "hone/verify/friends.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "hone/verify/rubric.h"
#include "hone/verify/verifiers.h"
#include "verify/verify_helpers.h"

namespace hone {
namespace {

using testing::answered;
using testing::completion;
using ::testing::HasSubstr;

constexpr std::nullopt_t kAbstains = std::nullopt;

// Says what `say` says of each question, and remembers what it was asked.
class FakeFriend : public Friend {
 public:
  using Say = std::function<std::optional<double>(const std::string& text, std::size_t voter)>;
  FakeFriend(std::string name, Say say, std::size_t voters = 1)
      : name_(std::move(name)), say_(std::move(say)), voters_(voters) {}
  std::string name() const override { return name_; }
  std::size_t voters() const override { return voters_; }
  Result<std::vector<std::vector<Opinion>>> ask(std::span<const JudgeQuestion> questions,
                                                std::int64_t step) override {
    ++calls;
    last_step = step;
    std::vector<std::vector<Opinion>> opinions;
    for (const JudgeQuestion& question : questions) {
      asked.push_back(question.text);
      keys.push_back(question.key);
      auto& of = opinions.emplace_back();
      for (std::size_t v = 0; v < voters_; ++v) {
        const auto yes = say_(question.text, v);
        of.push_back({yes, timed_out, yes ? "" : "is silent"});
      }
    }
    return opinions;
  }
  Result<void> withdraw(std::int64_t step) override {
    withdrawn.push_back(step);
    return {};
  }

  std::vector<std::string> asked;
  std::vector<std::uint64_t> keys;
  std::vector<std::int64_t> withdrawn;
  int calls = 0;
  std::int64_t last_step = -1;
  bool timed_out = false;

 private:
  std::string name_;
  Say say_;
  std::size_t voters_;
};

FakeFriend::Say always(std::optional<double> yes) {
  return [yes](const std::string&, std::size_t) { return yes; };
}

struct Table {
  std::shared_ptr<Friends> friends = std::make_shared<Friends>();
  VerifierOptions options{.verifier = "friends"};

  FakeFriend& sit(const std::string& name, FakeFriend::Say say, std::size_t voters = 1) {
    auto one = std::make_unique<FakeFriend>(name, std::move(say), voters);
    FakeFriend& seated = *one;
    friends->push_back(std::move(one));
    return seated;
  }
  Result<GroupVerifier::Judgement> verify(const std::vector<Group>& groups, std::int64_t step = 3) const {
    return make_friends_verifier(options, make_number_verifier(), friends)->verify(groups, step);
  }
  std::vector<Verdict> verdicts(const Group& group) const {
    const auto judged = verify({group});
    EXPECT_TRUE(judged.ok()) << judged.error().message();
    return judged.ok() ? judged->verdicts[0] : std::vector<Verdict>(group.rollouts.size());
  }
};

Group group_of(const std::string& question, const std::vector<std::string>& texts) {
  Group group;
  group.problem = answered("LABEL");
  group.problem.solution = "SOLUTION";
  group.problem.fields = "FIELDS";
  group.problem.messages = {{"system", "SYSTEM"}, {"user", question}};
  for (const std::string& text : texts) group.rollouts.push_back({completion(text), {}, 0});
  return group;
}

std::string tagged(const std::string& answer) {
  return "<think>THOUGHT</think><answer>" + answer + "</answer>";
}

TEST(Friends, ScoreIsTheShareOfYes) {
  Table table;
  const auto reads = [](const char* answer) {
    return [answer](const std::string& text, std::size_t) {
      return std::optional(text.find(std::string("Answer: ") + answer + "\n") != std::string::npos ? 1.0
                                                                                                   : 0.0);
    };
  };
  table.sit("a", reads("4"));
  table.sit("b", reads("4"));
  table.sit("c", reads("5"));
  table.sit("d", always(kAbstains));
  const auto verdicts = table.verdicts(group_of("2+2", {tagged("4"), tagged("5"), tagged("6")}));
  EXPECT_EQ(verdicts[0].status, VerdictStatus::kCorrect);
  EXPECT_DOUBLE_EQ(verdicts[0].score, 2.0 / 3);
  EXPECT_EQ(verdicts[0].detail, "2 of 3 friends say yes, 1 abstains");
  EXPECT_EQ(verdicts[1].status, VerdictStatus::kWrong);
  EXPECT_DOUBLE_EQ(verdicts[1].score, 1.0 / 3);
  EXPECT_EQ(verdicts[1].detail, "1 of 3 friends says yes, 1 abstains");
  EXPECT_DOUBLE_EQ(verdicts[2].score, 0);
}

TEST(Friends, MajorityNeedsMoreThanHalf) {
  Table table;
  table.options.score = "majority";
  table.sit("a", always(0.9));
  table.sit("b", always(0.2));
  const Group group = group_of("2+2", {tagged("4")});
  EXPECT_EQ(table.verdicts(group)[0].score, 0);
  EXPECT_EQ(table.verdicts(group)[0].status, VerdictStatus::kWrong);
  table.sit("c", always(0.6));
  EXPECT_EQ(table.verdicts(group)[0].score, 1);
  EXPECT_EQ(table.verdicts(group)[0].status, VerdictStatus::kCorrect);
}

TEST(Friends, ProbabilitiesAndCopiesAreAveraged) {
  Table table;
  table.sit("p", always(0.75));
  table.sit(
      "copies", [](const std::string&, std::size_t voter) { return voter == 0 ? 1.0 : 0.0; }, 3);
  EXPECT_DOUBLE_EQ(table.verdicts(group_of("q", {tagged("1")}))[0].score, 1.75 / 4);
}

TEST(Friends, AreShownQuestionAndAnswerAndNothingElse) {
  Table table;
  FakeFriend& judge = table.sit("a", always(1.0));
  Group group = group_of("2+2 {answer}", {tagged("4.0"), "no tags: 5", "<think>6"});
  const auto verdicts = table.verdicts(group);
  ASSERT_EQ(judge.asked.size(), 2u);
  EXPECT_EQ(judge.asked[0], "Question: 2+2 {answer}\nAnswer: 4\nIs the answer right? Say yes or no.");
  EXPECT_THAT(judge.asked[1], HasSubstr("Answer: 5\n"));
  EXPECT_EQ(verdicts[2].status, VerdictStatus::kUnparsable);
  EXPECT_EQ(verdicts[2].score, 0);

  table.options.prompt = "{question}|{answer}|{reply}|{completion}";
  judge.asked.clear();
  table.verdicts(group);
  EXPECT_EQ(judge.asked[0], "2+2 {answer}|4|4.0|" + tagged("4.0"));
  for (const std::string& text : judge.asked) {
    for (const char* hidden : {"LABEL", "SOLUTION", "FIELDS", "SYSTEM"})
      EXPECT_EQ(text.find(hidden), std::string::npos) << text;
  }
}

// With every label gone the verdicts, keys and questions are the same.
TEST(Friends, LabelsReachNobody) {
  const auto by_key = [](const std::string& text, std::size_t) { return text.size() % 3 == 0 ? 1.0 : 0.0; };
  std::vector<Group> labelled = {group_of("12+7", {tagged("19"), tagged("5"), tagged("123")}),
                                 group_of("1+1", {tagged("2"), tagged("33")})};
  std::vector<Group> bare = labelled;
  for (Group& group : bare) {
    group.problem.answer = group.problem.solution = group.problem.fields = "";
    group.problem.difficulty = 9;
    group.problem.id = 1;
    for (Rollout& rollout : group.rollouts) rollout.reward.correct = true;
  }
  for (const bool pairwise : {false, true}) {
    Table table;
    table.options.pairwise = pairwise;
    FakeFriend& judge = table.sit("a", by_key);
    const auto with = table.verify(labelled), without = table.verify(bare);
    ASSERT_TRUE(with.ok() && without.ok());
    for (std::size_t g = 0; g < bare.size(); ++g) {
      for (std::size_t r = 0; r < bare[g].rollouts.size(); ++r) {
        EXPECT_EQ(with->verdicts[g][r].score, without->verdicts[g][r].score);
        EXPECT_EQ(with->verdicts[g][r].detail, without->verdicts[g][r].detail);
      }
    }
    const auto half = static_cast<std::ptrdiff_t>(judge.keys.size() / 2);
    EXPECT_TRUE(std::equal(judge.keys.begin(), judge.keys.begin() + half, judge.keys.begin() + half));
  }
}

TEST(Friends, EqualTextsAreJudgedOnceInOneCall) {
  Table table;
  FakeFriend& judge = table.sit("a", always(1.0));
  const Group group = group_of("2+2", {tagged("4"), tagged(" 4.0"), tagged("5"), tagged("4")});
  const auto judged = table.verify({group, group, group_of("3+1", {tagged("4")})}, 17);
  ASSERT_TRUE(judged.ok());
  EXPECT_EQ(judge.calls, 1);
  EXPECT_EQ(judge.last_step, 17);
  EXPECT_EQ(judge.asked.size(), 3u);
  EXPECT_EQ(std::set<std::uint64_t>(judge.keys.begin(), judge.keys.end()).size(), 3u);
}

TEST(Friends, AllAbstainingIsUndecided) {
  Table table;
  table.options.max_abstain = 1;
  FakeFriend& a = table.sit("a", always(kAbstains));
  const Group group = group_of("2+2", {tagged("4")});
  EXPECT_EQ(table.verdicts(group)[0].status, VerdictStatus::kError);
  EXPECT_THAT(table.verdicts(group)[0].detail, HasSubstr("all 1 friends abstain: is silent"));
  a.timed_out = true;
  EXPECT_EQ(table.verdicts(group)[0].status, VerdictStatus::kTimeout);
}

TEST(Friends, TooManyAbstentionsStopTheRunWithTheReason) {
  Table table;
  table.sit("good", always(1.0));
  FakeFriend& bad = table.sit("bad", always(kAbstains), 3);
  const auto judged = table.verify({group_of("2+2", {tagged("4"), tagged("5")})}, 12);
  ASSERT_FALSE(judged.ok());
  EXPECT_EQ(
      judged.error().message(),
      "[reward: friends] of a step's opinions at most 50 % may be abstentions (max_abstain), got 6 of 8; "
      "bad abstained 6 times of 6, for one: is silent, when asked \"Question: 2+2 Answer: 4 Is the answer "
      "right? Say yes or no.\"");
  EXPECT_EQ(bad.withdrawn, std::vector<std::int64_t>{12});
  table.options.max_abstain = 0.75;
  EXPECT_TRUE(table.verify({group_of("2+2", {tagged("4"), tagged("5")})}).ok());
}

TEST(Friends, MetricsTellWhoSaysWhat) {
  Table table;
  table.sit("yes", always(1.0));
  table.sit("no", always(0.0));
  table.sit("some", [](const std::string& text, std::size_t) {
    return text.find("Answer: 4") != std::string::npos ? std::optional(0.8) : std::nullopt;
  });
  const auto judged = table.verify({group_of("2+2", {tagged("4"), tagged("5")})});
  ASSERT_TRUE(judged.ok());
  // Of "4": yes, no, yes: one pair of three agrees. Of "5": yes, no: none.
  const Metrics expected = {{"friends/agreement", (1.0 / 3 + 0) / 2},
                            {"friends/abstain_rate", 1.0 / 6},
                            {"friends/yes_rate", 3.0 / 5},
                            {"friends/yes/yes_rate", 1},
                            {"friends/yes/abstain_rate", 0},
                            {"friends/no/yes_rate", 0},
                            {"friends/no/abstain_rate", 0},
                            {"friends/some/yes_rate", 1},
                            {"friends/some/abstain_rate", 0.5}};
  ASSERT_EQ(judged->metrics.size(), expected.size());
  for (const auto& [name, value] : expected) EXPECT_DOUBLE_EQ(judged->metrics.at(name), value) << name;
}

TEST(Friends, OnlyThoseNamedAreAsked) {
  Table table;
  FakeFriend& a = table.sit("a", always(1.0));
  FakeFriend& b = table.sit("b", always(0.0));
  table.options.judges = {"b"};
  table.options.name = "panel";
  const auto judged = table.verify({group_of("2+2", {tagged("4")})});
  ASSERT_TRUE(judged.ok());
  EXPECT_EQ(a.calls, 0);
  EXPECT_EQ(b.calls, 1);
  EXPECT_TRUE(judged->metrics.contains("panel/b/yes_rate"));
}

// Judges a pair by length, from the prompt.
std::optional<double> longer_first(const std::string& text, std::size_t) {
  const std::size_t first = text.find("First: ") + 7, middle = text.find("\nSecond: "), second = middle + 9;
  const std::size_t end = text.find('\n', second);
  return middle - first > end - second ? 1.0 : 0.0;
}

TEST(Pairwise, ScoreIsTheShareOfComparisonsWon) {
  Table table;
  table.options.pairwise = true;
  FakeFriend& judge = table.sit("a", longer_first);
  const auto verdicts = table.verdicts(group_of("Write.", {"aa", "a", "aaaa", "aaa", "aa"}));
  EXPECT_EQ(judge.asked.size(), 12u);  // four distinct replies, six pairs, both orders
  const double expected[] = {1.0 / 3, 0, 1, 2.0 / 3, 1.0 / 3};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_DOUBLE_EQ(verdicts[i].score, expected[i]) << i;
  EXPECT_EQ(verdicts[2].detail, "wins 3 of 3 comparisons");
  EXPECT_EQ(verdicts[2].status, VerdictStatus::kCorrect);
  EXPECT_EQ(verdicts[1].status, VerdictStatus::kWrong);
}

TEST(Pairwise, LikingTheFirstWinsNothing) {
  Table table;
  table.options.pairwise = true;
  table.sit("biased", always(1.0));
  for (const std::vector<std::string>& texts :
       std::vector<std::vector<std::string>>{{"aa", "a"}, {"aa", "a", "aaaa"}, {"aa", "a", "aaaa", "b"}}) {
    for (const Verdict& verdict : table.verdicts(group_of("Write.", texts)))
      EXPECT_DOUBLE_EQ(verdict.score, 0.5);
  }
}

TEST(Pairwise, OpponentsAreBoundedAndEqualInNumber) {
  Table table;
  table.options.pairwise = true;
  FakeFriend& judge = table.sit("a", longer_first);
  std::vector<std::string> texts;
  for (int i = 0; i < 20; ++i) texts.push_back(std::string(static_cast<std::size_t>(i) + 1, 'x'));
  for (const Verdict& verdict : table.verdicts(group_of("Write.", texts)))
    EXPECT_THAT(verdict.detail, HasSubstr("of 4 comparisons"));
  EXPECT_EQ(judge.asked.size(), 20u * 2 * 2);
}

TEST(Pairwise, AHalfAnsweredPairCountsForNobody) {
  Table table;
  table.options.pairwise = true;
  table.sit("a", [](const std::string& text, std::size_t voter) {
    return text.find("First: a\n") != std::string::npos ? std::nullopt : longer_first(text, voter);
  });
  const auto verdicts = table.verdicts(group_of("Write.", {"a", "bb", "ccc"}));
  EXPECT_EQ(verdicts[0].status, VerdictStatus::kError);
  EXPECT_EQ(verdicts[1].detail, "wins 0 of 1 comparisons");
  EXPECT_EQ(verdicts[2].detail, "wins 1 of 1 comparisons");
}

TEST(Pairwise, NothingToCompareIsHalf) {
  Table table;
  table.options.pairwise = true;
  FakeFriend& judge = table.sit("a", longer_first);
  const auto verdicts = table.verdicts(group_of("Write.", {"same", "same", ""}));
  EXPECT_EQ(judge.calls, 0);
  EXPECT_EQ(verdicts[0].score, 0.5);
  EXPECT_EQ(verdicts[2].status, VerdictStatus::kUnparsable);
}

// What 2+2 = 4 and 2+2 = 5 earn, and what was measured.
std::pair<Metrics, Group> four_and_five(const RewardOptions& reward, Table& table) {
  const auto rubric = Rubric::make(reward, 1, table.friends);
  EXPECT_TRUE(rubric.ok()) << rubric.error().message();
  std::vector<Group> groups = {group_of("2+2", {tagged("4"), tagged("5")})};
  groups[0].problem.answer = "4";
  for (Rollout& r : groups[0].rollouts) r.reward = rubric->judge(groups[0].problem, r.completion);
  const auto metrics = rubric->judge_groups(groups, 0);
  EXPECT_TRUE(metrics.ok()) << metrics.error().message();
  return {*metrics, groups[0]};
}

TEST(Rubric, TwoCirclesOfFriendsAreMeasuredApart) {
  Table table;
  table.sit("wise", [](const std::string& text, std::size_t) {
    return text.find("Answer: 4") != std::string::npos ? 1.0 : 0.0;
  });
  table.sit("kind", always(1));
  RewardOptions reward;
  reward.rubric = {{.verifier = "number", .weight = 0},
                   {.verifier = "friends", .judges = {"wise"}},
                   {.verifier = "friends", .weight = 0, .judges = {"kind"}, .name = "praise"}};
  const auto [metrics, group] = four_and_five(reward, table);
  EXPECT_EQ(metrics.at("friends/yes_rate"), 0.5);
  EXPECT_EQ(metrics.at("praise/yes_rate"), 1);
  EXPECT_EQ(metrics.at("praise/kind/yes_rate"), 1);
  EXPECT_EQ(metrics.at("friends/reward_accuracy"), 1);
  EXPECT_EQ(metrics.at("praise/reward_accuracy"), 0.5);
  EXPECT_EQ(metrics.at("reward_accuracy"), 1) << "of those with a weight";
}

TEST(Rubric, FriendsStandInTheRewardBesideOthers) {
  Table table;
  table.sit("a", always(0.25));
  RewardOptions reward;
  reward.rubric = {{.verifier = "number", .weight = 0}, {.verifier = "friends", .weight = 2}};
  const auto [metrics, group] = four_and_five(reward, table);
  EXPECT_EQ(group.rollouts[0].reward.total, 0.5);
  EXPECT_EQ(group.rollouts[0].reward.parts[1].verifier, "friends");
  EXPECT_DOUBLE_EQ(metrics.at("reward_accuracy"), 0.5);  // both are said to be wrong, one is
  EXPECT_DOUBLE_EQ(metrics.at("friends/reward_accuracy"), 0.5);

  EXPECT_THAT(Rubric::make(reward, 1).error().message(), HasSubstr("in training alone"));
  reward.rubric[1].answers = "format";
  EXPECT_THAT(Rubric::make(reward, 1, table.friends).error().message(), HasSubstr("friends: answers"));
}

}  // namespace
}  // namespace hone
