// A run killed by SIGKILL at random instants and resumed ends with the same bytes as one never killed: the
// weights, and every sampled completion with its log-probabilities. HONE_KILLS sets how often (default 4),
// HONE_KILL_RECIPE a larger recipe than the small one here.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "hone/base/files.h"
#include "hone/base/rng.h"
#include "hone/store/run_store.h"
#include "support/temp_folder.h"

namespace hone {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kRecipe = R"(
name: small
model:
  init: {hidden_size: 32, intermediate_size: 64, layers: 2, heads: 2, kv_heads: 1, max_position_embeddings: 96}
  tokenizer: {vocab_size: 272, samples: 200}
data: {task: arithmetic, difficulty: 2}
sft: {steps: 60, batch_size: 32}
grpo:
  steps: 100
  rollout: {prompts_per_step: 8, group_size: 8, max_new_tokens: 24}
  optimizer: {learning_rate: 1.0e-4}
eval: {problems: 20, every: 5, during_problems: 10}
checkpoint: {every: 4}
)";

// Its judges: itself, sampled and by probability, itself some steps ago, and a coin.
constexpr const char* kFriendsRecipe = R"(
name: judged
model:
  init: {hidden_size: 32, intermediate_size: 64, layers: 2, heads: 2, kv_heads: 1, max_position_embeddings: 192}
  tokenizer: {vocab_size: 320, samples: 200}
data: {task: [arithmetic, check_arithmetic], difficulty: 1}
friends:
  - {judge: self, copies: 3, temperature: 1, max_new_tokens: 16}
  - {judge: self, name: probable, verdict: probability}
  - {judge: checkpoint, every: 5, temperature: 0.5, max_new_tokens: 16}
  - random
reward: {verifier: friends, max_abstain: 1}
sft: {steps: 20, batch_size: 16}
grpo:
  steps: 40
  rollout: {prompts_per_step: 4, group_size: 4, max_new_tokens: 16}
  optimizer: {learning_rate: 1.0e-3}
eval: {problems: 0}
checkpoint: {every: 4}
)";

// Starts `hone train`; waits at most `seconds` (0: to its end), then kills. Returns whether it ended by
// itself, well.
bool train(const std::filesystem::path& recipe, const std::filesystem::path& runs, bool resume,
           double seconds) {
  const pid_t child = ::fork();
  if (child == 0) {
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, 1);
    const std::string setting = "runs=" + runs.string();
    std::vector<const char*> arguments = {HONE_BINARY, "train", recipe.c_str(), "--set", setting.c_str()};
    if (resume) arguments.push_back("--resume");
    arguments.push_back(nullptr);
    ::execv(HONE_BINARY, const_cast<char* const*>(arguments.data()));
    ::_exit(127);
  }
  const auto start = Clock::now();
  int status = 0;
  for (;;) {
    if (::waitpid(child, &status, WNOHANG) == child) return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (seconds > 0 && std::chrono::duration<double>(Clock::now() - start).count() >= seconds) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, &status, 0);
  return false;
}

std::filesystem::path only_run(const std::filesystem::path& runs) {
  for (const auto& entry : std::filesystem::directory_iterator(runs)) return entry.path();
  return {};
}

std::string weights_of(const std::filesystem::path& run) {
  const auto bytes = read_file(run / "latest" / "model.safetensors");
  return bytes.ok() ? *bytes : bytes.error().message();
}

// Everything sampled, judged and evaluated, in order.
std::string rollouts_of(const std::filesystem::path& run) {
  std::string all;
  const auto store = RunStore::open(run / "run.db", true);
  EXPECT_TRUE(store.ok());
  for (const char* stage : {"grpo", "eval"}) {
    const auto steps = store->steps(stage);
    EXPECT_TRUE(steps.ok());
    for (const std::int64_t step : *steps) {
      const auto record = store->load(stage, step);
      EXPECT_TRUE(record.ok());
      all += fmt::format("{} {}\n", stage, step);
      for (const Group& group : record->groups) {
        for (const Rollout& r : group.rollouts) {
          all.append(reinterpret_cast<const char*>(r.completion.ids.data()), r.completion.ids.size() * 4);
          all.append(reinterpret_cast<const char*>(r.completion.logprobs.data()),
                     r.completion.logprobs.size() * 4);
          all += fmt::format("{} {} {}\n", r.completion.text, r.reward.total.value_or(-9.0), r.advantage);
        }
      }
    }
  }
  return all;
}

void expect_same_after_kills(const testing::TempFolder& folder, const std::filesystem::path& recipe) {
  const char* wanted = std::getenv("HONE_KILLS");
  const int kills = wanted != nullptr ? std::atoi(wanted) : 4;

  const auto start = Clock::now();
  ASSERT_TRUE(train(recipe, folder / "whole", false, 0));
  const double duration = std::chrono::duration<double>(Clock::now() - start).count();
  const auto whole = only_run(folder / "whole");

  RandomStream random({.seed = 17});
  const auto runs = folder / "killed";
  int done = 0;
  bool finished = false;
  while (!finished) {
    // Short enough that the run is not over before its last kill.
    const bool kill = done < kills;
    const bool resume = std::filesystem::exists(runs) && !only_run(runs).empty();
    finished = train(recipe, runs, resume,
                     kill ? 0.6 + random.uniform() * std::min(0.35, 2.0 / kills) * duration : 0);
    if (!finished) ++done;
    ASSERT_TRUE(finished || kill) << "a resumed run that nobody killed failed";
    if (finished && kill) break;  // too quick to be killed again
  }
  EXPECT_GE(done, 1);
  fmt::print("{} kills\n", done);
  EXPECT_TRUE(weights_of(whole) == weights_of(only_run(runs))) << "after " << done << " kills";
  EXPECT_TRUE(rollouts_of(whole) == rollouts_of(only_run(runs))) << "after " << done << " kills";
}

TEST(Kill, ChangesNoByteOfTheResult) {
  const testing::TempFolder folder;
  std::filesystem::path recipe = folder / "small.yaml";
  ASSERT_TRUE(write_file_atomically(recipe, kRecipe).ok());
  if (const char* larger = std::getenv("HONE_KILL_RECIPE")) recipe = larger;
  expect_same_after_kills(folder, recipe);
}

TEST(Kill, ChangesNoByteOfARunJudgedByFriends) {
  const testing::TempFolder folder;
  const std::filesystem::path recipe = folder / "judged.yaml";
  ASSERT_TRUE(write_file_atomically(recipe, kFriendsRecipe).ok());
  expect_same_after_kills(folder, recipe);
}

}  // namespace
}  // namespace hone
