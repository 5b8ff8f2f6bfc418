// What can go wrong around a training run: prompts that do not fit, a disk that fills up, a run folder in
// use, a checkpoint of another recipe. One line on stderr, status 2, and nothing lost.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include "cli/run_command.h"
#include "hone/base/files.h"

namespace hone {
namespace {

namespace fs = std::filesystem;
using namespace hone::testing;

class TrainErrors : public ::testing::Test {
 protected:
  // A recipe of a few tiny steps, with `data` as its data section.
  std::string recipe(const std::string& data, const std::string& name = "tiny") {
    const auto file = folder_ / (name + ".yaml");
    write_file(file, "name: " + name + "\nruns: " + runs().string() + "\ndata: " + data + R"(
model:
  init: {hidden_size: 16, intermediate_size: 32, layers: 1, heads: 2, kv_heads: 1, max_position_embeddings: 64}
  tokenizer: {vocab_size: 264, samples: 50}
sft: {steps: 2, batch_size: 4}
grpo: {steps: 2, rollout: {prompts_per_step: 2, group_size: 2, max_new_tokens: 8}}
eval: {problems: 4}
checkpoint: {every: 1}
)");
    return file.string();
  }
  fs::path runs() const { return folder_ / "runs"; }
  fs::path only_run() const {
    for (const auto& entry : fs::directory_iterator(runs())) return entry.path();
    return {};
  }
  // Rows "1+1=?"; number `long_row`, counted from 1, does not fit into 64 tokens.
  std::string rows(int count, int long_row) {
    std::string text;
    for (int i = 1; i <= count; ++i) {
      std::string prompt = fmt::format("{}+1=?", i);
      if (i == long_row) prompt += std::string(400, '+');
      text += fmt::format(
          "{{\"prompt\":\"{}\",\"answer\":\"{}\",\"solution\":\"<think>x</think><answer>{}</answer>\"}}\n",
          prompt, i + 1, i + 1);
    }
    write_file(folder_ / "rows.jsonl", text);
    return (folder_ / "rows.jsonl").string();
  }
  TempFolder folder_;
};

TEST_F(TrainErrors, APromptLongerThanTheContext) {
  const std::string file = rows(40, 7);
  const Ran refused = run_command(
      {"train", recipe("{files: [" + file + "], prompt_format: plain, fields: {solution: solution}}")});
  expect_one_error(refused, {"rows.jsonl:7", "context", "64", "tokens"});
  EXPECT_FALSE(fs::exists(runs()));

  const Ran skipped = run_command(
      {"train", recipe("{files: [" + file +
                       "], prompt_format: plain, on_error: skip, fields: {solution: solution}}")});
  EXPECT_EQ(skipped.exit_code, 0) << skipped.err;
  EXPECT_NE(skipped.err.find("rows skipped: 1 of"), std::string::npos) << skipped.err;
}

TEST_F(TrainErrors, AWarmStartWithoutSolutions) {
  const std::string file = rows(40, 0);
  const Ran ran = run_command({"train", recipe("{files: [" + file + "], prompt_format: plain}")});
  expect_one_error(ran, {"rows.jsonl:", "worked solution"});
  EXPECT_FALSE(fs::exists(runs()));
}

TEST_F(TrainErrors, EveryPromptTooLong) {
  const std::string file = rows(40, 0);
  const Ran ran = run_command(
      {"train",
       recipe(
           "{files: [" + file +
           "], prompt_format: plain, on_error: skip, max_prompt_tokens: 1, fields: {solution: solution}}")});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_NE(ran.err.find("must leave at least one"), std::string::npos) << ran.err;
  EXPECT_FALSE(fs::exists(runs()));
}

// A limit on the size of a file stands for the end of the disk: writes fail in the same way, once enough was
// written, with EFBIG for ENOSPC.
TEST_F(TrainErrors, AFullDiskIsSaidAndTheRunGoesOnWhenThereIsRoom) {
  const std::string file = recipe("{task: arithmetic, difficulty: 1}");
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto old_handler = signal(SIGXFSZ, SIG_IGN);
  const rlimit small{30'000, old.rlim_max};  // less than a checkpoint of the weights with their moments
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const Ran ran = run_program({"train", file});
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
  signal(SIGXFSZ, old_handler);
  expect_one_error(ran, {runs().string()});

  const bool resume = !only_run().empty();
  const Ran again = run_command(resume ? std::vector<std::string>{"train", file, "--resume"}
                                       : std::vector<std::string>{"train", file});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_TRUE(fs::exists(only_run() / "latest" / "model.safetensors"));
}

TEST_F(TrainErrors, ARunThatAnotherProcessIsUsing) {
  const std::string file = recipe("{task: arithmetic, difficulty: 1}");
  ASSERT_EQ(run_command({"train", file}).exit_code, 0);
  const auto lock = FileLock::acquire(only_run() / "lock");
  ASSERT_TRUE(lock.ok());
  expect_one_error(run_command({"train", file, "--resume"}), {only_run().string(), "in use"});
}

TEST_F(TrainErrors, ACheckpointOfAnotherRecipe) {
  const std::string file = recipe("{task: arithmetic, difficulty: 1}");
  ASSERT_EQ(run_command({"train", file}).exit_code, 0);
  const std::string before = file_bytes(only_run() / "run.db");
  const Ran ran = run_command({"train", file, "--resume", "--set", "sft.batch_size=8"});
  expect_one_error(ran, {only_run().string(), "sft.batch_size", "4", "8"});
  EXPECT_EQ(file_bytes(only_run() / "run.db"), before);
}

TEST_F(TrainErrors, ResumeWithNothingToResume) {
  const Ran ran = run_command({"train", recipe("{task: arithmetic, difficulty: 1}"), "--resume"});
  expect_one_error(ran, {runs().string()});
  EXPECT_FALSE(fs::exists(runs()));
}

}  // namespace
}  // namespace hone
