#include "hone/verify/rubric.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>

#include "hone/base/check.h"
#include "hone/base/files.h"
#include "hone/verify/verifiers.h"
#include "support/temp_folder.h"
#include "verify/verify_helpers.h"

namespace hone {
namespace {

using testing::answered;
using testing::completion;

class Fake : public Verifier {
 public:
  Fake(std::string name, bool judges, std::function<Verdict()> verdict)
      : name_(std::move(name)), judges_(judges), verdict_(std::move(verdict)) {}
  std::string name() const override { return name_; }
  bool judges_correctness() const override { return judges_; }
  Verdict verify(const Problem&, const Completion&) const override { return verdict_(); }

 private:
  std::string name_;
  bool judges_;
  std::function<Verdict()> verdict_;
};

Rubric::Weighted fake(double weight, std::string name, bool judges, std::function<Verdict()> verdict) {
  return {weight, std::make_shared<Fake>(std::move(name), judges, std::move(verdict))};
}
Rubric::Weighted fixed(double weight, std::string name, bool judges, VerdictStatus status, double score) {
  return fake(weight, std::move(name), judges, [=] { return Verdict{status, score, ""}; });
}

Reward judged(std::vector<Rubric::Weighted> entries) {
  auto rubric = Rubric::of(std::move(entries));
  EXPECT_TRUE(rubric.ok());
  return rubric->judge(answered("1"), completion("x"));
}

constexpr auto kCorrect = VerdictStatus::kCorrect, kWrong = VerdictStatus::kWrong,
               kTimeout = VerdictStatus::kTimeout;

TEST(Rubric, WeighsAndKeepsEveryVerdict) {
  auto rubric = Rubric::make({{{"number", 1.0, 0.0}, {"format", 0.25, 0.0}, {"length", 2.0, 0.01}}}, 1);
  ASSERT_TRUE(rubric.ok());
  EXPECT_EQ(rubric->names(), (std::vector<std::string>{"number", "format", "length"}));
  Completion c = completion("<think>x</think><answer>4</answer>");
  c.ids = {1, 2, 3};
  const Reward reward = rubric->judge(answered("4"), c);
  ASSERT_TRUE(reward.total.has_value());
  EXPECT_DOUBLE_EQ(*reward.total, 1.0 + 0.25 - 2.0 * 0.03);
  EXPECT_TRUE(reward.correct);
  ASSERT_EQ(reward.parts.size(), 3u);
  EXPECT_EQ(reward.parts[1].verifier, "format");
  EXPECT_EQ(reward.parts[1].weight, 0.25);
  EXPECT_EQ(reward.parts[2].verdict.status, kCorrect);
  EXPECT_DOUBLE_EQ(reward.parts[2].verdict.score, -0.03);

  const Reward wrong = rubric->judge(answered("5"), c);
  EXPECT_DOUBLE_EQ(*wrong.total, 0.25 - 2.0 * 0.03);
  EXPECT_FALSE(wrong.correct);
}

TEST(Rubric, UndecidedLeavesNoTotal) {
  EXPECT_FALSE(
      judged({fixed(1, "a", true, kCorrect, 1), fixed(0.1, "b", false, kTimeout, 0)}).total.has_value());
  const Reward watched = judged({fixed(1, "a", true, kCorrect, 1), fixed(0, "b", false, kTimeout, 5)});
  EXPECT_EQ(watched.total, 1.0);
  EXPECT_EQ(watched.parts[1].verdict.status, kTimeout);
}

TEST(Rubric, CorrectIsEveryJudgeOfCorrectness) {
  EXPECT_TRUE(judged({fixed(1, "a", true, kCorrect, 1), fixed(1, "b", false, kWrong, 0)}).correct);
  EXPECT_FALSE(judged({fixed(1, "a", true, kCorrect, 1), fixed(1, "b", true, kWrong, 0)}).correct);
  EXPECT_FALSE(judged({fixed(1, "a", false, kCorrect, 1)}).correct) << "nobody judged";
  EXPECT_TRUE(judged({fixed(0, "a", true, kCorrect, 1), fixed(1, "b", false, kWrong, 0)}).correct)
      << "weight 0 measures";
}

TEST(Rubric, AThrowingVerifierIsAnError) {
  const Reward reward =
      judged({fake(1, "a", true, []() -> Verdict { throw std::runtime_error("disk gone"); })});
  EXPECT_EQ(reward.parts[0].verdict.status, VerdictStatus::kError);
  EXPECT_NE(reward.parts[0].verdict.detail.find("disk gone"), std::string::npos);
  EXPECT_FALSE(reward.total.has_value());
  EXPECT_FALSE(judged({fake(1, "a", true, []() -> Verdict { throw 3; })}).total.has_value());
}

TEST(Rubric, ABrokenInvariantPasses) {
  EXPECT_THROW(judged({fake(1, "a", true, []() -> Verdict { throw BrokenInvariant("x"); })}),
               BrokenInvariant);
}

TEST(Rubric, AScoreThatIsNotFiniteIsAnError) {
  const Reward reward = judged({fixed(1, "a", false, kCorrect, std::nan(""))});
  EXPECT_EQ(reward.parts[0].verdict.status, VerdictStatus::kError);
  EXPECT_FALSE(reward.total.has_value());
}

std::string refusal(RewardOptions options) {
  const auto rubric = Rubric::make(options, 1);
  return rubric.ok() ? "" : rubric.error().message();
}

TEST(Rubric, RefusesBadOptions) {
  EXPECT_NE(refusal({{{"nunber", 1.0, 0.0}}}).find("did you mean 'number'?"), std::string::npos);
  EXPECT_NE(refusal({{{"zzzzzz", 1.0, 0.0}}}).find("format, number, text"), std::string::npos);
  EXPECT_EQ(refusal({{{"zzzzzz", 1.0, 0.0}}}).find("did you mean"), std::string::npos);
  EXPECT_NE(refusal({{}}).find("at least one"), std::string::npos);
  EXPECT_NE(refusal({{{"number", 1, 0}, {"number", 2, 0}}}).find("once"), std::string::npos);
  EXPECT_NE(refusal({{{"number", std::numeric_limits<double>::infinity(), 0}}}).find("finite"),
            std::string::npos);
  EXPECT_NE(refusal({{{"length", 1, 0}}}).find("positive"), std::string::npos);
  EXPECT_NE(refusal({{{"length", 1, -1}}}).find("positive"), std::string::npos);
}

TEST(Rubric, EveryKnownNameIsMade) {
  const testing::TempFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "empty.mm", "$c wff |- $.").ok());
  for (const std::string& name : known_verifiers()) {
    const auto verifier = make_verifier(
        {.verifier = name, .scale = 0.5, .database = (folder / "empty.mm").string(), .command = {"cat"}}, 1);
    ASSERT_TRUE(verifier.ok()) << name << ": " << verifier.error().message();
    EXPECT_EQ((*verifier)->name(), name);
    EXPECT_EQ((*verifier)->judges_correctness(), name != "format" && name != "length" && name != "random")
        << name;
  }
}

TEST(RandomControl, IsAFairCoinOfSeedProblemAndTokens) {
  int heads = 0, changed_by_seed = 0, changed_by_problem = 0;
  const auto one = make_random_verifier(1), two = make_random_verifier(2);
  for (int i = 0; i < 4000; ++i) {
    Completion c;
    c.ids = {i, 5};
    Problem p, q;
    p.id = 1;
    q.id = 2;
    const double score = one->verify(p, c).score;
    EXPECT_EQ(score, one->verify(p, c).score);
    EXPECT_TRUE(score == 0.0 || score == 1.0);
    heads += score == 1.0;
    changed_by_seed += score != two->verify(p, c).score;
    changed_by_problem += score != one->verify(q, c).score;
  }
  for (const int count :
       {heads, changed_by_seed, changed_by_problem}) {  // 2000 ± 5 standard deviations of 31.6
    EXPECT_GT(count, 1842);
    EXPECT_LT(count, 2158);
  }
}

}  // namespace
}  // namespace hone
