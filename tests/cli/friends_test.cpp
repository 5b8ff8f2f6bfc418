// Whole runs judged by friends, the remote one in this process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>

#include "cli/run_command.h"
#include "cli/tiny_model.h"
#include "hone/cli/policy_scorer.h"
#include "hone/cli/token_scores.h"
#include "hone/store/run_store.h"
#include "support/fake_endpoint.h"

namespace hone::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kFriendKey = "sk-most-secret-9876";

// A recipe of two steps on the tiny model, judged by these.
std::filesystem::path recipe_with(const TempFolder& folder, const std::string& friends,
                                  const std::string& reward, const std::string& url = "http://h") {
  std::string text = fmt::format(R"(
name: judged
runs: {}
model: {{path: {}}}
data: {{task: arithmetic, difficulty: 1}}
friends: {}
reward: {}
grpo:
  steps: 2
  rollout: {{prompts_per_step: 2, group_size: 4, max_new_tokens: 12}}
eval: {{problems: 0}}
)",
                                 (folder / "runs").string(), tiny_model(), friends, reward);
  for (std::size_t at; (at = text.find("URL")) != std::string::npos;) text.replace(at, 3, url);
  write_file(folder / "recipe.yaml", text);
  return folder / "recipe.yaml";
}

StepRecord step_of(const TempFolder& folder, std::int64_t step) {
  const auto store = RunStore::open(folder / "runs" / "judged" / "run.db", true);
  EXPECT_TRUE(store.ok());
  const auto record = store->load("grpo", step);
  EXPECT_TRUE(record.ok()) << record.error().message();
  return record.ok() ? *record : StepRecord{};
}

void expect_no_key(const TempFolder& folder, const Ran& ran) {
  EXPECT_THAT(ran.out + ran.err, Not(HasSubstr(kFriendKey)));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
    if (entry.is_regular_file()) {
      EXPECT_EQ(file_bytes(entry.path()).find(kFriendKey), std::string::npos) << entry.path();
    }
  }
}

TEST(FriendsRun, EveryLocalKindJudges) {
  const TempFolder folder;
  const std::string friends = fmt::format(
      "[{{judge: self, copies: 2, temperature: 1, max_new_tokens: 8}}, {{judge: self, name: p, verdict: "
      "probability}}, {{judge: checkpoint, verdict: probability}}, {{judge: model, path: {}, verdict: "
      "probability}}, random]",
      tiny_model());
  const auto recipe = recipe_with(
      folder, friends,
      "[{verifier: friends, max_abstain: 1, prompt: '{question} {completion}?'}, "
      "{verifier: friends, name: pairs, pairwise: true, prompt: '{question} {a} {b}?', judges: [p], "
      "weight: 0}]");
  const Ran ran = run_command({"train", recipe.string()});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_TRUE(std::filesystem::exists(folder / "runs/judged/friends/checkpoint/step-0/model.safetensors"));
  const StepRecord first = step_of(folder, 1), second = step_of(folder, 2);
  for (const char* judge : {"self", "p", "checkpoint", "model", "random"})
    EXPECT_TRUE(first.metrics.contains(fmt::format("friends/{}/abstain_rate", judge))) << judge;
  EXPECT_TRUE(first.metrics.contains("pairs/p/yes_rate"));
  // The policy that trains, its own start and the folder it comes from are one before the first update.
  EXPECT_EQ(first.metrics.at("friends/p/yes_rate"), first.metrics.at("friends/model/yes_rate"));
  EXPECT_EQ(first.metrics.at("friends/checkpoint/yes_rate"), first.metrics.at("friends/model/yes_rate"));
  EXPECT_EQ(second.metrics.at("friends/checkpoint/yes_rate"), second.metrics.at("friends/model/yes_rate"));
  EXPECT_THAT(first.groups[0].rollouts[0].reward.parts[0].verdict.detail, HasSubstr("friends say"));
}

constexpr const char* kRemote =
    "[{judge: endpoint, url: URL, model: wise, key_env: HONE_TEST_FRIEND_KEY, retries: 0}]";
constexpr const char* kAskAll = "{verifier: friends, prompt: '{question} {completion}?'}";

TEST(FriendsRun, AnEndpointIsAskedOnceAndItsKeyIsNowhere) {
  ::setenv("HONE_TEST_FRIEND_KEY", kFriendKey, 1);
  const TempFolder folder;
  std::atomic<int> with_key = 0;
  FakeEndpoint endpoint([&](const FakeEndpoint::Request& request) {
    with_key += request.head.find(kFriendKey) != std::string::npos ? 1 : 0;
    return chat_answer(request.question().size() % 2 == 0 ? fmt::format("yes {}", kFriendKey) : "no");
  });
  const auto recipe = recipe_with(folder, kRemote, kAskAll, endpoint.url());
  const Ran ran = run_command({"train", recipe.string()});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_GT(endpoint.calls(), 0);
  EXPECT_EQ(with_key, endpoint.calls());
  expect_no_key(folder, ran);
  const StepRecord record = step_of(folder, 1);
  EXPECT_EQ(record.metrics.at("friends/endpoint/abstain_rate"), 0);

  // The same run once more, with the first one's cache: nothing is left to ask.
  const int calls = endpoint.calls();
  const std::string again = (folder / "again").string();
  const Ran second = run_command({"train", recipe.string(), "--set", "runs=" + again, "--set",
                                  fmt::format("friends=[{{judge: endpoint, url: '{}', model: wise, key_env: "
                                              "HONE_TEST_FRIEND_KEY, cache: '{}'}}]",
                                              endpoint.url(), (folder / "runs/judged/friends.db").string())});
  ASSERT_EQ(second.exit_code, 0) << second.err;
  EXPECT_EQ(endpoint.calls(), calls);
  EXPECT_TRUE(file_bytes(folder / "runs/judged/latest/model.safetensors") ==
              file_bytes(folder / "again/judged/latest/model.safetensors"));
}

TEST(FriendsRun, StopsWithTheReasonAndGoesOnWhenTheEndpointIsBack) {
  ::setenv("HONE_TEST_FRIEND_KEY", kFriendKey, 1);
  const TempFolder folder;
  std::atomic<bool> well = false;
  FakeEndpoint endpoint(
      [&](const FakeEndpoint::Request&) { return well ? chat_answer("yes") : http_answer(500, kFriendKey); });
  const auto recipe = recipe_with(folder, kRemote, kAskAll, endpoint.url());
  const Ran stopped = run_command({"train", recipe.string()});
  EXPECT_EQ(stopped.exit_code, 2);
  EXPECT_THAT(stopped.err,
              HasSubstr("may be abstentions (max_abstain), got 8 of 8; endpoint abstained 8 times"));
  EXPECT_THAT(stopped.err, HasSubstr("HTTP status 500"));
  expect_no_key(folder, stopped);
  well = true;
  const Ran resumed = run_command({"train", recipe.string(), "--resume"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(step_of(folder, 2).metrics.at("friends/yes_rate"), 1);
}

TEST(FriendsRun, WhatIsMissingIsSaidBeforeAnythingIsWritten) {
  ::unsetenv("HONE_TEST_FRIEND_KEY");
  const TempFolder folder;
  expect_one_error(run_command({"train", recipe_with(folder, kRemote, kAskAll).string()}),
                   {"[friends: key_env] the environment must hold the key in HONE_TEST_FRIEND_KEY"});
  expect_one_error(
      run_command({"train", recipe_with(folder, "[{judge: model, path: /nowhere}]", kAskAll).string()}),
      {"/nowhere"});
  EXPECT_FALSE(std::filesystem::exists(folder / "runs"));
}

TEST(PolicyScorer, IsTheModelsOwnProbabilityWhateverElseIsAsked) {
  auto model = load_model(tiny_model());
  ASSERT_TRUE(model.ok()) << model.error().message();
  auto scorer = make_policy_scorer(*model, "<answer>");
  ASSERT_TRUE(scorer.ok()) << scorer.error().message();
  std::vector<std::vector<std::int32_t>> prompts;
  for (const char* text : {"1+2", "47-9+3", "is it right?"}) prompts.push_back(model->tokenizer.encode(text));
  prompts.push_back(std::vector<std::int32_t>(400, prompts[0][0]));  // beyond the context
  const auto together = (*scorer)->probabilities(prompts);
  ASSERT_TRUE(together.ok());
  for (std::size_t i = 0; i < 3; ++i) {
    const auto alone = (*scorer)->probabilities({&prompts[i], 1});
    ASSERT_TRUE((*together)[i]);
    EXPECT_EQ((*alone)[0], (*together)[i]);
    EXPECT_GT(*(*together)[i], 0);
    EXPECT_LT(*(*together)[i], 1);
  }
  EXPECT_EQ((*together)[3], std::nullopt);

  // Token by token, it is what `hone score` says.
  const auto prefix = model->tokenizer.encode("<answer>");
  prompts[0].insert(prompts[0].end(), prefix.begin(), prefix.end());
  const auto probability = [&](std::initializer_list<const char*> words) {
    double sum = 0;
    for (const char* word : words) {
      auto ids = prompts[0];
      ids.push_back(model->tokenizer.encode(word)[0]);
      sum += std::exp(score_ids(*model->policy, ids).logprobs.back());
    }
    return sum;
  };
  const double yes =
      probability({"yes", "Yes", "YES"}) - probability({"Yes"});  // "Yes" and "YES" begin alike
  const double no = probability({"no", "No", "NO"}) - probability({"No"});
  EXPECT_NEAR(*(*together)[0], yes / (yes + no), 1e-6);
}

}  // namespace
}  // namespace hone::testing
