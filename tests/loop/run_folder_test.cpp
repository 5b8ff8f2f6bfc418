#include "hone/loop/run_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "loop/loop_fakes.h"

namespace hone {
namespace {

using ::testing::ElementsAre;
using testing::folder_names;
using ::testing::HasSubstr;
using testing::small_recipe;
using testing::TempFolder;

// The name of a new run's folder; the run ends at once.
std::string created(const Recipe& recipe) {
  const auto folder = RunFolder::create(recipe);
  EXPECT_TRUE(folder.ok()) << folder.error().message();
  return folder.ok() ? folder->name() : "";
}
std::string resumed(const Recipe& recipe) {
  const auto folder = RunFolder::resume(recipe);
  return folder.ok() ? folder->name() : folder.error().message();
}

Result<void> save(RunFolder& folder, const RunPosition& position, int keep = 2) {
  return folder.save_checkpoint(position, keep, [&](const std::string& path) -> Result<void> {
    std::ofstream(path + "/weights") << position.step;
    return {};
  });
}

TEST(RunFolder, Numbers) {
  const TempFolder temp;
  Recipe recipe = small_recipe(temp);
  EXPECT_THAT(resumed(recipe), HasSubstr("--resume needs a run to go on with"));
  EXPECT_EQ(created(recipe), "tiny");
  EXPECT_EQ(resumed(recipe), "tiny");
  EXPECT_EQ(created(recipe), "tiny-2");
  EXPECT_EQ(created(recipe), "tiny-3");
  EXPECT_EQ(resumed(recipe), "tiny-3");
  // Names that only look alike.
  for (const char* name : {"tiny-x", "tiny-07", "tiny-", "tiny-4b", "tinier-9"}) {
    std::filesystem::create_directories(std::filesystem::path(recipe.runs) / name);
  }
  EXPECT_EQ(resumed(recipe), "tiny-3");
  // A deleted one leaves a gap that is not filled: the highest number stays the newest.
  std::filesystem::remove_all(std::filesystem::path(recipe.runs) / "tiny");
  EXPECT_EQ(resumed(recipe), "tiny-3");
  EXPECT_EQ(created(recipe), "tiny-4");
  EXPECT_EQ(resumed(recipe), "tiny-4");
}

TEST(RunFolder, AnotherProcessKeepsOut) {
  const TempFolder temp;
  const Recipe recipe = small_recipe(temp);
  auto held = RunFolder::create(recipe);
  ASSERT_TRUE(held.ok());
  const auto from_another_process = [&] {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto folder = RunFolder::resume(recipe);
      const bool in_use =
          !folder.ok() && folder.error().rule.find("in use by another process") != std::string::npos;
      ::_exit(folder.ok() ? 1 : in_use ? 2 : 3);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  };
  EXPECT_EQ(from_another_process(), 2);
  { const RunFolder gone = std::move(held).value(); }
  EXPECT_EQ(from_another_process(), 1) << "free once its holder is gone";
}

TEST(RunFolder, AnotherRecipeIsShownItsDifferences) {
  const TempFolder temp;
  Recipe recipe = small_recipe(temp);
  created(recipe);
  recipe.grpo.steps = 9;
  recipe.seed = 5;
  const std::string message = resumed(recipe);
  EXPECT_THAT(message, HasSubstr("tiny/recipe.yaml"));
  EXPECT_THAT(message, HasSubstr("grpo.steps: 3 -> 9"));
  EXPECT_THAT(message, HasSubstr("seed: 1 -> 5"));
  EXPECT_THAT(message, ::testing::Not(HasSubstr("checkpoint")));
}

TEST(RunFolder, KilledBeforeItsRecipeWasWritten) {
  const TempFolder temp;
  const Recipe recipe = small_recipe(temp);
  const auto path = std::filesystem::path(recipe.runs) / "tiny";
  std::filesystem::create_directories(path);
  EXPECT_EQ(resumed(recipe), "tiny");
  EXPECT_THAT(folder_names(path), ElementsAre("checkpoints", "lock", "recipe.yaml"));
  // With a database there was a run: its recipe is missed.
  std::filesystem::remove(path / "recipe.yaml");
  std::ofstream(path / "run.db") << "x";
  EXPECT_THAT(resumed(recipe), HasSubstr("recipe.yaml"));
}

TEST(RunFolder, ARunsFolderThatCannotBeMade) {
  const TempFolder temp;
  Recipe recipe = small_recipe(temp);
  std::ofstream(temp / "file") << "x";
  recipe.runs = (temp / "file").string();
  const auto folder = RunFolder::create(recipe);
  ASSERT_FALSE(folder.ok());
  EXPECT_THAT(folder.error().message(), HasSubstr(recipe.runs));
}

TEST(RunFolder, TheNewestCheckpointIsTheLatestStageAndStep) {
  const TempFolder temp;
  auto folder = RunFolder::create(small_recipe(temp));
  ASSERT_TRUE(folder.ok());
  EXPECT_FALSE(folder->latest()->has_value());
  for (const RunPosition& p : {RunPosition{"sft", 100, 7}, {"grpo", 9, 11}, {"grpo", 10, 13}}) {
    ASSERT_TRUE(save(*folder, p, 5).ok());
    const auto latest = folder->latest();
    ASSERT_TRUE(latest.ok() && latest->has_value());
    EXPECT_EQ((*latest)->position.stage, p.stage);
    EXPECT_EQ((*latest)->position.step, p.step);
    EXPECT_EQ((*latest)->position.next_problem, p.next_problem);
    EXPECT_EQ(std::filesystem::canonical(folder->path() / "latest"),
              std::filesystem::canonical((*latest)->path));
  }
  EXPECT_THAT(folder_names(folder->path() / "checkpoints"), ElementsAre("sft-100", "step-10", "step-9"));
  // The same step again, as after a rewind: replaced.
  ASSERT_TRUE(save(*folder, {"grpo", 10, 14}, 1).ok());
  EXPECT_THAT(folder_names(folder->path() / "checkpoints"), ElementsAre("step-10"));
  EXPECT_EQ((*folder->latest())->position.next_problem, 14);
}

TEST(RunFolder, FoldersWithoutAPositionAreNoCheckpoints) {
  const TempFolder temp;
  auto folder = RunFolder::create(small_recipe(temp));
  ASSERT_TRUE(folder.ok());
  ASSERT_TRUE(save(*folder, {"grpo", 2, 4}).ok());
  const auto checkpoints = folder->path() / "checkpoints";
  std::filesystem::create_directories(checkpoints / "step-5" / "trainer");
  std::filesystem::create_directories(checkpoints / "unfinished-step-6" / "trainer");
  std::ofstream(checkpoints / "unfinished-step-6" / "trainer" / "position.json") << "{";
  EXPECT_EQ((*folder->latest())->position.step, 2);
  ASSERT_TRUE(save(*folder, {"grpo", 3, 6}).ok());
  EXPECT_THAT(folder_names(checkpoints), ElementsAre("step-2", "step-3"));
}

TEST(RunFolder, APositionMustBeItsFolders) {
  const TempFolder temp;
  auto folder = RunFolder::create(small_recipe(temp));
  ASSERT_TRUE(folder.ok());
  ASSERT_TRUE(save(*folder, {"grpo", 2, 4}).ok());
  const auto file = folder->path() / "checkpoints/step-2/trainer/position.json";
  for (const char* text : {"{", "{}", R"({"stage": "grpo", "step": 3, "next_problem": 4})",
                           R"({"stage": "sft", "step": 2, "next_problem": 4})",
                           R"({"stage": "grpo", "step": 2, "next_problem": -1})",
                           R"({"stage": "grpo", "step": "2", "next_problem": 4})"}) {
    std::ofstream(file) << text;
    const auto latest = folder->latest();
    ASSERT_FALSE(latest.ok()) << text;
    EXPECT_THAT(latest.error().message(), HasSubstr("position.json")) << text;
  }
}

TEST(RunFolder, AFailedCheckpointLeavesTheOldOnes) {
  const TempFolder temp;
  auto folder = RunFolder::create(small_recipe(temp));
  ASSERT_TRUE(folder.ok());
  ASSERT_TRUE(save(*folder, {"grpo", 1, 2}, 1).ok());
  const auto failed = folder->save_checkpoint({"grpo", 2, 4}, 1, [](const std::string& path) -> Result<void> {
    std::ofstream(path + "/weights") << "half";
    return Error{"disk", "must have room", ""};
  });
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(folder_names(folder->path() / "checkpoints"), ElementsAre("step-1"));
  EXPECT_EQ(std::filesystem::read_symlink(folder->path() / "latest"), "checkpoints/step-1");
  EXPECT_EQ((*folder->latest())->position.step, 1);
}

}  // namespace
}  // namespace hone
