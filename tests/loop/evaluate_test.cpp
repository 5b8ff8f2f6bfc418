#include "hone/loop/evaluate.h"

#include <gtest/gtest.h>

#include <bit>

#include "hone/base/check.h"
#include "loop/loop_fakes.h"

namespace hone {
namespace {

using testing::FakeDataset;
using testing::FakeEnvironment;
using testing::FakeGenerator;
using testing::FakeVerifier;
using testing::World;

Rubric fake_rubric() {
  auto rubric = Rubric::of({{1.0, std::make_shared<FakeVerifier>()}});
  EXPECT_TRUE(rubric.ok());
  return std::move(rubric).value();
}

Result<Evaluation> evaluate_in(World& world, std::int64_t problems, const EvaluateOptions& options) {
  const FakeDataset dataset(world);
  FakeEnvironment environment(world);
  FakeGenerator generator(world);
  std::vector<Problem> asked;
  for (std::int64_t i = 0; i < problems; ++i) asked.push_back(dataset.eval(i));
  return evaluate(asked, environment, generator, fake_rubric(), options);
}

EvaluateOptions of(int samples, std::vector<int> k) {
  EvaluateOptions o;
  o.samples = samples;
  o.k = std::move(k);
  return o;
}

// Of all ways to choose k of the samples, those with a correct one among them.
double by_choosing(unsigned correct_samples, int n, int k) {
  int all = 0, passed = 0;
  for (unsigned chosen = 0; chosen < (1u << n); ++chosen) {
    if (std::popcount(chosen) != k) continue;
    ++all;
    passed += (chosen & correct_samples) != 0;
  }
  return static_cast<double>(passed) / all;
}

TEST(Evaluate, PassAtKIsTheShareOfChoices) {
  constexpr int kSamples = 7;
  World world;
  // Problem p is right in the samples whose bit p has; 16 problems cover every count several times.
  const auto right = [](std::int32_t problem) { return static_cast<unsigned>(problem * 37 + 11) % 128; };
  world.answer = [&](const GenerationRequest& r, int i) -> std::string {
    return (right(r.prompt[1] - 1000) >> i & 1) != 0 ? "1" : "0";
  };
  auto result = evaluate_in(world, 16, of(kSamples, {1, 2, 3, 5, 7, 3}));
  ASSERT_TRUE(result.ok());
  for (const int k : {1, 2, 3, 5, 7}) {
    double expected = 0.0;
    for (std::int32_t p = 0; p < 16; ++p) expected += by_choosing(right(p), kSamples, k) / 16.0;
    EXPECT_NEAR(result->metrics.at("pass@" + std::to_string(k)), expected, 1e-12) << k;
  }
  EXPECT_NEAR(result->metrics.at("pass@1"), result->metrics.at("accuracy"), 1e-12);
  EXPECT_FALSE(result->metrics.contains("pass@4"));
  ASSERT_EQ(result->groups.size(), 16u);
  EXPECT_EQ(result->groups[3].rollouts.size(), 7u);
}

TEST(Evaluate, ManySamplesNeitherOverflowNorCancel) {
  World world;
  world.answer = [](const GenerationRequest&, int i) -> std::string { return i == 17 ? "1" : "0"; };
  const auto result = evaluate_in(world, 1, of(1000, {1, 500, 1000}));
  ASSERT_TRUE(result.ok());
  EXPECT_NEAR(result->metrics.at("pass@1"), 0.001, 1e-12);
  EXPECT_NEAR(result->metrics.at("pass@500"), 0.5, 1e-12);
  EXPECT_EQ(result->metrics.at("pass@1000"), 1.0);
}

TEST(Evaluate, TheMajorityIsOfFinalAnswers) {
  World world;
  const std::vector<std::vector<std::string>> texts = {
      {"1", "0", "1", "2"},  // 1 twice
      {"0", "1", "0", "1"},  // a tie: the first
      {"1", "0", "0", "1"},  // a tie: the first
      {"1", "2", "3", "2"},
  };
  world.answer = [&](const GenerationRequest& r, int i) {
    return texts[static_cast<std::size_t>(r.prompt[1] - 1000)][static_cast<std::size_t>(i)];
  };
  const auto result = evaluate_in(world, 4, of(4, {}));
  ASSERT_TRUE(result.ok());
  EXPECT_NEAR(result->metrics.at("maj@4"), 0.5, 1e-12);
  const auto one = evaluate_in(world, 4, of(1, {1}));
  EXPECT_FALSE(one->metrics.contains("maj@1"));
}

TEST(Evaluate, UndecidedIsNotWrong) {
  World world;
  world.answer = [](const GenerationRequest&, int i) -> std::string { return i == 0 ? "timeout" : "1"; };
  const auto result = evaluate_in(world, 3, of(2, {}));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->metrics.at("accuracy"), 1.0);
  EXPECT_EQ(result->metrics.at("verdicts/fake/timeout"), 3.0);
}

TEST(Evaluate, NothingToAsk) {
  World world;
  const auto result = evaluate_in(world, 0, of(2, {1, 2}));
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->groups.empty());
  EXPECT_TRUE(result->metrics.empty());
}

TEST(Evaluate, ErrorsAndImpossibleNumbers) {
  World world;
  EXPECT_THROW((void)evaluate_in(world, 1, of(0, {})), BrokenInvariant);
  EXPECT_THROW((void)evaluate_in(world, 1, of(4, {5})), BrokenInvariant);
  EXPECT_THROW((void)evaluate_in(world, 1, of(4, {0})), BrokenInvariant);
  world.context_length = 2;
  auto result = evaluate_in(world, 1, of(1, {}));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().where, "eval:0");
  world.context_length = 64;
  world.generate_error = Error{"generator", "must work", ""};
  result = evaluate_in(world, 1, of(1, {}));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().where, "generator");
}

TEST(Evaluate, TheSameSeedGivesTheSameSamples) {
  World world;
  EvaluateOptions options = of(3, {1});
  const auto texts = [&] {
    std::string all;
    const auto result = evaluate_in(world, 5, options);
    EXPECT_TRUE(result.ok());
    for (const Group& g : result->groups) {
      for (const Rollout& r : g.rollouts) {
        for (const auto id : r.completion.ids) all += std::to_string(id) + " ";
      }
    }
    return all;
  };
  const std::string first = texts();
  EXPECT_EQ(texts(), first);
  options.seed = 9;
  EXPECT_NE(texts(), first);
}

}  // namespace
}  // namespace hone
