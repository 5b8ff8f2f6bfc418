#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hone/config/judge_prompt.h"
#include "hone/config/recipe.h"

namespace hone {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Result<Recipe> read_friends(const std::string& friends, const std::string& reward = "{verifier: friends}") {
  return parse_recipe(
      "data: {task: arithmetic}\ngrpo: {steps: 10}\nfriends: " + friends + "\nreward: " + reward + "\n",
      "recipe.yaml");
}

std::string friends_error(const std::string& friends, const std::string& reward = "{verifier: friends}") {
  const auto recipe = read_friends(friends, reward);
  return recipe.ok() ? "accepted" : recipe.error().message();
}

TEST(FriendsRecipe, IsReadAndWrittenBack) {
  const auto recipe = read_friends(
      "\n  - self\n  - {judge: self, name: self_5, copies: 5, temperature: 0.7}\n"
      "  - {judge: checkpoint, every: 20, verdict: probability}\n  - {judge: model, path: /m, dtype: "
      "bfloat16}\n"
      "  - {judge: endpoint, url: 'https://api.example.com/v1', model: big, key_env: BIG_KEY, max_calls: "
      "50}\n"
      "  - random",
      "[{verifier: friends, judges: [self, big], weight: 2, prompt: 'Is {answer} right for {question}?', "
      "score: majority, max_abstain: 0.2}]");
  ASSERT_FALSE(recipe.ok());
  EXPECT_EQ(recipe.error().message(),
            "[recipe.yaml:10: reward] judges must be among the list `friends`, got big");
  const auto fixed = read_friends(
      "[self, {judge: endpoint, url: 'http://h:8080/v1', model: 'org/big', key_env: BIG_KEY, max_calls: 50}]",
      "[{verifier: friends, judges: [endpoint], weight: 2, prompt: 'Is {answer} right?', score: majority}, "
      "{verifier: friends, name: pairs, pairwise: true, rubric: 'Great?', opponents: 8}]");
  ASSERT_TRUE(fixed.ok()) << fixed.error().message();
  ASSERT_EQ(fixed->friends.size(), 2u);
  EXPECT_EQ(fixed->friends[0].judge, "self");
  EXPECT_EQ(fixed->friends[1].max_calls, 50);
  EXPECT_EQ(fixed->reward.rubric[0].score, "majority");
  EXPECT_EQ(fixed->reward.rubric[1].opponents, 8);
  const auto again = parse_recipe(to_yaml(*fixed), "again");
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(differences(*fixed, *again), std::vector<std::string>{});
  Recipe other = *fixed;
  other.friends[1].model = "small";
  EXPECT_EQ(differences(*fixed, other).size(), 1u);
}

TEST(FriendsRecipe, Contradictions) {
  const std::string endpoint = "judge: endpoint, url: 'https://h/v1', model: m";
  const std::vector<std::pair<std::string, std::string>> friends = {
      {"[selv]",
       "[recipe.yaml:3: friends[0]] must be one of self, checkpoint, model, endpoint, random (did you "
       "mean self?), got selv"},
      {"[{name: a}]", "must have the key judge"},
      {"[[self]]", "must be a friend's kind or a map of keys, got a list"},
      {"[self, self]", "must name a friend once (the key name tells two of a kind apart), got self"},
      {"[{judge: self, name: a/b}]", "a friend's name must be of letters"},
      {"[{judge: self, name: ..}]", "a friend's name must be of letters"},
      {"[{judge: self, coppies: 2}]", "unknown key, did you mean copies"},
      {"[{judge: self, copies: 2}]", "copies differ only when they are sampled at a temperature above 0"},
      {"[{judge: self, copies: 2, temperature: 1, verdict: probability}]", "copies differ only"},
      {"[{judge: self, path: m}]", "the key path belongs to another kind of friend, got self"},
      {"[{judge: self, url: m}]", "the key url belongs to another kind"},
      {"[{judge: model}]", "a model must have the key path"},
      {"[{judge: model, path: m, every: 2}]", "the key every belongs to another kind"},
      {"[{judge: endpoint, model: m}]", "an endpoint's url must be https://host… or http://host…"},
      {"[{judge: endpoint, url: 'ftp://h', model: m}]", "an endpoint's url must be"},
      {"[{judge: endpoint, url: 'https://h'}]", "must have the key model"},
      {"[{" + endpoint + ", seconds: 0}]", "must be a number, above 0"},
      {"[{" + endpoint + ", verdict: maybe}]", "must be one of sampled, probability"},
      {"[]", "friends need a list `friends` of who is asked"},
  };
  for (const auto& [text, expected] : friends) EXPECT_THAT(friends_error(text), HasSubstr(expected)) << text;
  const std::vector<std::pair<std::string, std::string>> rewards = {
      {"number", "[recipe.yaml:3: friends] are asked by a verifier `friends` of the reward"},
      {"[friends, {verifier: number, pairwise: true}]", "pairwise, opponents and max_abstain are of friends"},
      {"{verifier: friends, judges: [sell]}",
       "must be among the list `friends`, got sell (did you mean self?)"},
      {"{verifier: friends, prompt: 'Is it right?'}", "must hold {answer}, {reply} or {completion}"},
      {"{verifier: friends, prompt: '{answer} {label}'}", "the prompt may hold"},
      {"{verifier: friends, prompt: '{answer}', pairwise: true}", "the prompt may hold"},
      {"{verifier: friends, prompt: '{a}', pairwise: true}", "must hold {a} and {b}"},
      {"{verifier: friends, prompt: '{answer}', rubric: 'Great?'}", "must hold {rubric}"},
      {"{verifier: friends, prompt: '{answer} {rubric}'}", "needs the key rubric"},
      {"{verifier: friends, opponents: 3}", "opponents must be even, got 3"},
      {"{verifier: friends, max_abstain: 2}", "at most 1"},
      {"{verifier: friends, score: mean}", "must be one of share, majority"},
  };
  for (const auto& [text, expected] : rewards)
    EXPECT_THAT(friends_error("[self]", text), HasSubstr(expected)) << text;
}

// A key pasted where its variable's name, or the url, belongs is not shown.
TEST(FriendsRecipe, ErrorsShowNoKey) {
  for (const char* friends : {"[{judge: endpoint, url: 'https://h/v1', model: m, key_env: sk-secret}]",
                              "[{judge: endpoint, url: 'https://me:sk-secret@h/v1', model: m}]"}) {
    EXPECT_THAT(friends_error(friends), Not(HasSubstr("secret")));
    EXPECT_NE(friends_error(friends), "accepted");
  }
}

TEST(JudgePrompt, IsFilledInOnePass) {
  EXPECT_EQ(fill_prompt("{a}{b} {c} {", {{"a", "{b}"}, {"b", "x"}}), "{b}x {c} {");
  EXPECT_EQ(prompt_names("{question} {} {A} {a b} {b"), std::vector<std::string>{"question"});
  EXPECT_EQ(judge_prompt({.verifier = "friends", .rubric = "Great?"}), kRubricPrompt);
  EXPECT_EQ(judge_prompt({.verifier = "friends", .prompt = "p", .rubric = "Great?"}), "p");
}

TEST(TaskList, IsReadWeighedAndChecked) {
  const auto error = [](const std::string& data) {
    const auto recipe = parse_recipe("data: " + data + "\ngrpo: {steps: 10}\n", "r");
    return recipe.ok() ? "accepted" : recipe.error().message();
  };
  EXPECT_EQ(error("{task: [arithmetic, sorting]}"), "accepted");
  EXPECT_EQ(error("{task: [arithmetic, sorting], task_weights: [1, 0.5]}"), "accepted");
  EXPECT_THAT(error("{task: [arithmetic, arithmetic]}"), HasSubstr("must name each task once"));
  EXPECT_THAT(error("{task: [arithmetic, '']}"), HasSubstr("must name each task once"));
  EXPECT_THAT(error("{task: [arithmetic, sorting], task_weights: 1}"),
              HasSubstr("must weigh each of the 2 tasks, got 1 weights"));
  EXPECT_THAT(error("{task: [arithmetic, sorting], task_weights: [1, 0]}"), HasSubstr("each above 0"));
  EXPECT_THAT(error("{task: ''}"), HasSubstr("got neither"));
}

}  // namespace
}  // namespace hone
