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

enum class End { finished, killed, failed };

struct Life {
  End end;
  int lines;  // printed: one a step, and a few more
};

// The thinker of the amortizing stage is kept beside the checkpoints.
constexpr const char* kReflexRecipe = R"(
name: reflex
model:
  init: {hidden_size: 32, intermediate_size: 64, layers: 2, heads: 2, kv_heads: 1, max_position_embeddings: 128}
  tokenizer: {vocab_size: 320, samples: 200}
data: {task: arithmetic, difficulty: 1}
sft: {steps: 20, batch_size: 16, direct_share: 0.5, direct_forced: true}
amortize:
  steps: 20
  prompts_per_step: 8
  samples: 4
  max_new_tokens: 16
  min_agreement: 0.25
  remove_per_step: 0.5
grpo: {rollout: {max_new_tokens: 16}}
eval: {problems: 10, every: 5, during_problems: 5}
checkpoint: {every: 3}
)";

// Runs `hone train`, and kills it `delay` after it printed its line number `last_line` (0: never).
Life train(const std::filesystem::path& recipe, const std::filesystem::path& runs, bool resume, int last_line,
           std::chrono::duration<double> delay) {
  int out[2];
  EXPECT_EQ(::pipe2(out, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(out[1], 1);
    const std::string setting = "runs=" + runs.string();
    std::vector<const char*> arguments = {HONE_BINARY, "train", recipe.c_str(), "--set", setting.c_str()};
    if (resume) arguments.push_back("--resume");
    arguments.push_back(nullptr);
    ::execv(HONE_BINARY, const_cast<char* const*>(arguments.data()));
    ::_exit(127);
  }
  ::close(out[1]);
  int lines = 0;
  char c = 0;
  while (::read(out[0], &c, 1) == 1) {
    if (c != '\n' || ++lines != last_line) continue;
    std::this_thread::sleep_for(delay);
    ::kill(child, SIGKILL);
  }
  ::close(out[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return {End::killed, lines};
  return {WIFEXITED(status) && WEXITSTATUS(status) == 0 ? End::finished : End::failed, lines};
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
  for (const char* stage : {"amortize", "grpo", "eval", "eval_direct"}) {
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

  const auto start = std::chrono::steady_clock::now();
  const Life unharmed = train(recipe, folder / "whole", false, 0, {});
  const auto duration = std::chrono::steady_clock::now() - start;
  ASSERT_EQ(unharmed.end, End::finished);
  const auto whole = only_run(folder / "whole");

  // Lives so short, in steps, that the run can't be over before its last kill, on a machine of any speed.
  const std::chrono::duration<double> line = duration / unharmed.lines;
  const int longest = unharmed.lines / (kills + 1) - 1;
  ASSERT_GE(longest, 1) << "a recipe of more steps is needed";
  RandomStream random({.seed = 17});
  const auto runs = folder / "killed";
  for (int done = 0; done < kills; ++done) {
    const bool resume = std::filesystem::exists(runs) && !only_run(runs).empty();
    const int last_line = 1 + static_cast<int>(random.uniform() * longest);
    const Life life = train(recipe, runs, resume, last_line, random.uniform() * line);
    ASSERT_EQ(life.end, End::killed) << "life " << done << " of " << life.lines << " lines";
  }
  ASSERT_EQ(train(recipe, runs, true, 0, {}).end, End::finished) << "a resumed run that nobody killed failed";
  EXPECT_TRUE(weights_of(whole) == weights_of(only_run(runs)));
  EXPECT_TRUE(rollouts_of(whole) == rollouts_of(only_run(runs)));
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

TEST(Kill, ChangesNoByteOfARunThatAmortizes) {
  const testing::TempFolder folder;
  const std::filesystem::path recipe = folder / "reflex.yaml";
  ASSERT_TRUE(write_file_atomically(recipe, kReflexRecipe).ok());
  expect_same_after_kills(folder, recipe);
}

}  // namespace
}  // namespace hone
