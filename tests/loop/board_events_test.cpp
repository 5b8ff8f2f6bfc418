// What TensorBoard shows of runs that died and were resumed: the points of a run that never did.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "hone/base/files.h"
#include "loop/loop_fakes.h"

namespace hone {
namespace {

using testing::Death;
using testing::run;
using testing::small_recipe;
using testing::TempFolder;
using testing::World;

struct BoardEvent {
  std::int64_t step = 0;
  bool starts = false, has_values = false;
};

std::uint64_t varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (int shift = 0; !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if (byte < 0x80) break;
  }
  return value;
}

BoardEvent event_of(std::string_view data) {
  BoardEvent event;
  while (!data.empty()) {
    const std::uint64_t key = varint(data);
    if ((key & 7U) == 0) {
      const std::uint64_t value = varint(data);
      if (key >> 3 == 2) event.step = static_cast<std::int64_t>(value);
    } else if ((key & 7U) == 1) {
      data.remove_prefix(8);
    } else {
      data.remove_prefix(varint(data));
      if (key >> 3 == 5) event.has_values = true;
      if (key >> 3 == 7) event.starts = true;
    }
  }
  return event;
}

// Folder → the steps that TensorBoard's event_accumulator keeps: files of a folder by name, and from a
// session's start on nothing that came before.
std::map<std::string, std::vector<std::int64_t>> shown_steps(const fs::path& run_folder) {
  std::map<std::string, std::vector<fs::path>> files;
  for (const auto& entry : fs::recursive_directory_iterator(run_folder)) {
    if (entry.path().filename().string().starts_with("events.out.tfevents."))
      files[fs::relative(entry.path().parent_path(), run_folder).string()].push_back(entry.path());
  }
  std::map<std::string, std::vector<std::int64_t>> shown;
  for (auto& [folder, paths] : files) {
    std::sort(paths.begin(), paths.end());
    std::vector<std::int64_t>& steps = shown[folder];
    for (const fs::path& path : paths) {
      const std::string bytes = *read_file(path);
      for (std::size_t at = 0; at < bytes.size();) {
        std::uint64_t length = 0;
        std::memcpy(&length, bytes.data() + at, sizeof length);
        const BoardEvent event = event_of(std::string_view(bytes).substr(at + 12, length));
        at += 16 + length;
        if (event.starts) std::erase_if(steps, [&](std::int64_t step) { return step >= event.step; });
        if (event.has_values) steps.push_back(event.step);
      }
    }
  }
  return shown;
}

TEST(BoardEvents, AResumedRunShowsEveryPointOnce) {
  const auto make_recipe = [](const TempFolder& folder) {
    Recipe recipe = small_recipe(folder);
    recipe.sft.steps = 3;
    recipe.sft.batch_size = 1;
    recipe.amortize.steps = 3;
    recipe.amortize.prompts_per_step = 2;
    recipe.amortize.samples = 3;
    recipe.grpo.steps = 4;
    recipe.eval.problems = 1;
    recipe.eval.during_problems = 1;
    recipe.eval.every = 1;
    recipe.checkpoint = {.every = 2, .keep = 2};
    return recipe;
  };
  const auto folder_of = [](const Recipe& recipe) { return fs::path(recipe.runs) / recipe.name; };
  const TempFolder peace;
  const Recipe whole = make_recipe(peace);
  World world;
  ASSERT_TRUE(run(world, whole).ok());
  const auto expected = shown_steps(folder_of(whole));
  using Steps = std::vector<std::int64_t>;
  EXPECT_EQ(expected.at("."), (Steps{1, 2, 3, 4}));
  EXPECT_EQ(expected.at("sft"), (Steps{1, 2, 3}));
  EXPECT_EQ(expected.at("amortize"), (Steps{1, 2, 3}));
  EXPECT_EQ(expected.at("eval"), (Steps{0, 1, 2, 3, 4, 5, 6, 7}));  // training steps since the warm start
  for (int die_at = 3; die_at < static_cast<int>(world.log.size()); die_at += 7) {
    SCOPED_TRACE(die_at);
    const TempFolder folder;
    const Recipe recipe = make_recipe(folder);
    World first, second;
    first.die_at = die_at;
    EXPECT_THROW((void)run(first, recipe), Death);
    ASSERT_TRUE(run(second, recipe, true).ok());
    EXPECT_EQ(shown_steps(folder_of(recipe)), expected);
  }
}

}  // namespace
}  // namespace hone
