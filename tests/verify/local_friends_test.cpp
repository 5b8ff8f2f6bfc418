#include "hone/verify/local_friends.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hone/base/hash.h"

namespace hone {
namespace {

using ::testing::HasSubstr;

TEST(YesOrNo, IsTheTagElseTheLastWord) {
  const std::vector<std::pair<const char*, std::optional<bool>>> cases = {
      {"yes", true},
      {"No.", false},
      {"**YES**", true},
      {"<think>no</think><answer>yes</answer>", true},
      {"<answer>no</answer>, or yes?", false},
      {"<answer> Yes, it is </answer>", true},
      {"<answer>maybe</answer> yes", std::nullopt},
      {"<answer>no</answer><answer>yes</answer>", true},
      {"There is no doubt. Yes", true},
      {"yes at first, but then no", false},
      {"<think>yes yes</think>\nno", false},
      {"<think>yes", std::nullopt},
      {"eyes know nothing, yesterday", std::nullopt},
      {"no_one's yes-man", true},
      {"no1", std::nullopt},
      {"noël", std::nullopt},
      {"yes。", true},
      {"答案：no", false},
      {"", std::nullopt},
      {"42", std::nullopt},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(read_yes_no(text, false), expected) << text;
}

TEST(YesOrNo, ATextCutOffHasGivenNoVerdictWithoutATag) {
  EXPECT_EQ(read_yes_no("so far no", true), std::nullopt);
  EXPECT_EQ(read_yes_no("<answer>no</answer> because", true), false);
}

class FakeEnvironment : public Environment {
 public:
  Result<Prompt> reset(const Problem& problem) override {
    EXPECT_EQ(problem.messages.size(), 1u);
    const std::string& text = problem.messages[0].content;
    if (text == "unreadable") return Error{"prompt", "must be readable", ""};
    return Prompt{text, std::vector<std::int32_t>(text.size(), static_cast<std::int32_t>(text.size()))};
  }
  Result<Outcome> step(const Problem&, const Completion&) override { return Outcome{}; }
};

class FakeGenerator : public Generator {
 public:
  Result<std::vector<std::vector<Completion>>> generate(std::span<const GenerationRequest> requests,
                                                        const OnFinished&) override {
    ++calls;
    std::vector<std::vector<Completion>> all;
    for (const GenerationRequest& request : requests) {
      seen.push_back(request);
      auto& samples = all.emplace_back();
      for (int i = 0; i < request.n; ++i) {
        RandomKey key = request.key;
        key.rollout += static_cast<std::uint32_t>(i);
        Completion c;
        c.text = random_uniform(key, 0) < 0.5 ? "<answer>yes</answer>" : "no";
        c.finish = c.text == "no" && cut_off ? FinishReason::kLength : FinishReason::kEos;
        samples.push_back(std::move(c));
      }
    }
    return all;
  }
  std::int64_t context_length() const override { return 20; }
  std::vector<GenerationRequest> seen;
  int calls = 0;
  bool cut_off = false;
};

class FakeScorer : public YesNoScorer {
 public:
  Result<std::vector<std::optional<double>>> probabilities(
      std::span<const std::vector<std::int32_t>> prompts) override {
    std::vector<std::optional<double>> all;
    for (const auto& prompt : prompts)
      all.push_back(prompt.size() == 3 ? std::nullopt
                                       : std::optional(0.125 * static_cast<double>(prompt.size())));
    return all;
  }
};

struct Room {
  FakeEnvironment environment;
  FakeGenerator generator;
  FakeScorer scorer;
  LocalFriendOptions options{.name = "self", .copies = 5, .seed = 3, .first_voter = 2};

  std::vector<std::vector<Opinion>> ask(const std::vector<std::string>& texts, std::int64_t step = 1) {
    std::vector<JudgeQuestion> questions;
    for (const std::string& text : texts) questions.push_back({text, hash64(text)});
    auto judge = make_local_friend(options, [&](std::int64_t) {
      return Result<LocalModel>(LocalModel{&generator, &environment, &scorer});
    });
    const auto opinions = judge->ask(questions, step);
    EXPECT_TRUE(opinions.ok());
    return *opinions;
  }
};

std::string said(const std::vector<std::vector<Opinion>>& opinions) {
  std::string all;
  for (const auto& voters : opinions) {
    for (const Opinion& o : voters) all += !o.yes ? '-' : *o.yes > 0.5 ? 'y' : 'n';
    all += ' ';
  }
  return all;
}

TEST(LocalFriend, AsksAllInOneCallWithKeysOfItsOwn) {
  Room room;
  room.options.sampling.temperature = 0.7;
  room.options.sampling.max_new_tokens = 9;
  const auto opinions = room.ask({"a", "bc", "unreadable", "longer than twenty tokens"});
  EXPECT_EQ(room.generator.calls, 1);
  ASSERT_EQ(room.generator.seen.size(), 2u);
  const GenerationRequest& request = room.generator.seen[1];
  EXPECT_EQ(request.n, 5);
  EXPECT_EQ(request.sampling.temperature, 0.7);
  EXPECT_EQ(request.sampling.max_new_tokens, 9);
  EXPECT_EQ(request.key.purpose, Purpose::kFriends);
  EXPECT_EQ(request.key.seed, 3u);
  EXPECT_EQ(request.key.step, 1u);
  EXPECT_EQ(request.key.problem, hash64("bc"));
  EXPECT_EQ(request.key.rollout, 2u);
  EXPECT_FALSE(request.keep_activations);
  ASSERT_EQ(opinions.size(), 4u);
  EXPECT_EQ(said({opinions[2], opinions[3]}), "----- ----- ");
  EXPECT_THAT(opinions[2][0].why, HasSubstr("must be readable"));
  EXPECT_THAT(opinions[3][0].why, HasSubstr("leaves no room in its context"));
}

TEST(LocalFriend, AnOpinionDependsOnStepAndQuestionAlone) {
  Room room;
  room.options.copies = 40;
  const std::string together = said(room.ask({"a", "b"}));
  EXPECT_EQ(said(room.ask({"b", "a"})), together.substr(41) + together.substr(0, 41));
  EXPECT_NE(said(room.ask({"a", "b"}, 2)), together);
  EXPECT_EQ(said(room.ask({"a", "b"}, 1)), together);
}

TEST(LocalFriend, ATextCutOffIsAnAbstention) {
  Room room;
  room.generator.cut_off = true;
  const std::string all = said(room.ask({"a", "b", "c"}));
  EXPECT_NE(all.find('-'), std::string::npos);
  EXPECT_NE(all.find('y'), std::string::npos);
  EXPECT_EQ(all.find('n'), std::string::npos);
}

TEST(LocalFriend, ReadsProbabilities) {
  Room room;
  room.options.probability = true;
  room.options.copies = 1;
  const auto opinions = room.ask({"12", "123", "unreadable", "1234"});
  EXPECT_EQ(room.generator.calls, 0);
  EXPECT_EQ(opinions[0][0].yes, 0.25);
  EXPECT_EQ(opinions[1][0].yes, std::nullopt);
  EXPECT_EQ(opinions[2][0].yes, std::nullopt);
  EXPECT_EQ(opinions[3][0].yes, 0.5);
}

TEST(RandomFriend, IsAFairCoinOfItsKeys) {
  auto coin = make_random_friend({.name = "coin", .copies = 2, .seed = 1});
  std::vector<JudgeQuestion> questions;
  for (int i = 0; i < 2000; ++i) questions.push_back({"q", hash64(std::to_string(i))});
  const auto first = coin->ask(questions, 4), again = coin->ask(questions, 4),
             later = coin->ask(questions, 5);
  ASSERT_TRUE(first.ok() && again.ok() && later.ok());
  EXPECT_EQ(said(*first), said(*again));
  EXPECT_NE(said(*first), said(*later));
  double yes = 0, equal = 0;
  for (const auto& voters : *first) {
    yes += *voters[0].yes + *voters[1].yes;
    equal += *voters[0].yes == *voters[1].yes ? 1 : 0;
  }
  EXPECT_NEAR(yes / 4000, 0.5, 0.04);
  EXPECT_NEAR(equal / 2000, 0.5, 0.05);
}

}  // namespace
}  // namespace hone
