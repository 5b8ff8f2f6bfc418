// Checkpoints of runs by name, as the pages ask for them.
#include "hone/cli/run_models.h"

#include <gtest/gtest.h>

#include "cli/tiny_model.h"
#include "support/temp_folder.h"

namespace hone {
namespace {

using testing::TempFolder;
using testing::tiny_model;

// runs/first with two checkpoints and latest, runs/second with none.
struct Runs {
  TempFolder folder;
  Runs() {
    for (const char* name : {"first", "second"}) {
      std::filesystem::create_directories(folder / name / "checkpoints");
      std::ofstream(folder / name / "recipe.yaml") << "name: " << name << "\n";
    }
    for (const char* step : {"step-5", "step-10"})
      std::filesystem::copy(tiny_model(), folder / "first" / "checkpoints" / step);
    std::filesystem::create_directories(folder / "first" / "checkpoints" / "step-x");
    link("step-5");
  }
  void link(const std::string& step) {
    std::filesystem::remove(folder / "first" / "latest");
    std::filesystem::create_symlink("checkpoints/" + step, folder / "first" / "latest");
  }
};

TEST(RunModels, AreListedByRunAndStep) {
  const Runs runs;
  const RunModels models(runs.folder.path(), {});
  std::vector<std::string> names;
  for (const auto& card : models.list()) {
    names.push_back(card.name);
    EXPECT_GT(card.created, 1'600'000'000);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"first/step-5", "first/step-10", "first/latest"}));
}

TEST(RunModels, OneIsHeldAndLatestMovesOn) {
  Runs runs;
  RunModels models(runs.folder.path(), {});
  const auto fifth = models.open("first/step-5");
  ASSERT_TRUE(fifth.ok()) << fifth.error().message();
  EXPECT_EQ((*models.open("first/latest")).get(), fifth->get()) << "the same folder";
  const std::weak_ptr<const ServedModel> held = *fifth;
  runs.link("step-10");
  const auto latest = models.open("first/latest");
  EXPECT_NE(latest->get(), fifth->get());
  EXPECT_EQ(held.use_count(), 1) << "only who asks still holds it";
}

TEST(RunModels, NamesAreNoPaths) {
  const Runs runs;
  RunModels models(runs.folder.path() / "second", {});
  for (const char* name : {"", "first", "first/", "first/step-5", "second/latest", "../first/latest", "/",
                           "second/../../first/step-5", "second/step-x", "first/checkpoints/step-5"}) {
    const auto opened = models.open(name);
    ASSERT_TRUE(opened.ok()) << name;
    EXPECT_EQ(*opened, nullptr) << name;
  }
}

TEST(RunModels, ADamagedCheckpointSaysWhy) {
  const Runs runs;
  std::ofstream(runs.folder / "first" / "checkpoints" / "step-5" / "config.json") << "{";
  RunModels models(runs.folder.path(), {});
  const auto opened = models.open("first/step-5");
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message().find("config.json"), std::string::npos);
}

}  // namespace
}  // namespace hone
