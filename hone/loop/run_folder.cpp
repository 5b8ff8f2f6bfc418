#include "hone/loop/run_folder.h"

#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>

#include "hone/base/json.h"
#include "hone/config/recipe.h"
#include "hone/types/stage.h"

namespace hone {
namespace {

constexpr const char* kPositionFile = "trainer/position.json";

std::filesystem::path numbered(const Recipe& recipe, int n) {
  const std::string folder = n == 1 ? recipe.name : fmt::format("{}-{}", recipe.name, n);
  return std::filesystem::path(recipe.runs) / folder;
}

// The number after the last dash of a name; -1 where there is none.
std::int64_t number_after_dash(const std::string& name) {
  const auto dash = name.rfind('-');
  const std::string digits = dash == std::string::npos ? "" : name.substr(dash + 1);
  if (digits.empty() || digits.size() > 9 || digits.find_first_not_of("0123456789") != std::string::npos) {
    return -1;
  }
  return std::stoll(digits);
}

// The highest n of the recipe's folders; 0 without any. One that was deleted leaves a gap.
int newest_number(const Recipe& recipe) {
  std::error_code ec;
  int newest = std::filesystem::exists(numbered(recipe, 1), ec) ? 1 : 0;
  for (const auto& entry : std::filesystem::directory_iterator(recipe.runs, ec)) {
    const int n = static_cast<int>(number_after_dash(entry.path().filename().string()));
    if (n > newest && entry.path().filename() == numbered(recipe, n).filename()) newest = n;
  }
  return newest;
}

std::string checkpoint_name(const RunPosition& p) {
  return fmt::format("{}-{}", p.stage == "grpo" ? "step" : p.stage, p.step);
}

// (stage, step) in the order of training; stage -1: no checkpoint's name.
std::pair<int, std::int64_t> order_of(const std::string& name) {
  const std::int64_t step = number_after_dash(name);
  const std::string stage = name.substr(0, name.rfind('-'));
  const std::size_t order = stage_order(stage == "step" ? "grpo" : stage);
  const bool known = step >= 0 && order < kTrainStages.size() && stage != "grpo";
  return {known ? static_cast<int>(order) : -1, step};
}

// Oldest first. What a death left has another name (unfinished-…) or no position.
std::vector<std::filesystem::path> checkpoints_of(const std::filesystem::path& run) {
  std::vector<std::filesystem::path> found;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(run / "checkpoints", ec)) {
    if (order_of(entry.path().filename().string()).first < 0) continue;
    if (std::filesystem::exists(entry.path() / kPositionFile, ec)) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return order_of(a.filename().string()) < order_of(b.filename().string());
  });
  return found;
}

// Folders that a death left half written or half removed.
void remove_leftovers(const std::filesystem::path& run) {
  std::error_code ec;
  std::vector<std::filesystem::path> leftovers;
  for (const auto& entry : std::filesystem::directory_iterator(run / "checkpoints", ec)) {
    const std::string name = entry.path().filename().string();
    const bool position = std::filesystem::exists(entry.path() / kPositionFile, ec);
    if (name.starts_with("unfinished-") || (order_of(name).first >= 0 && !position)) {
      leftovers.push_back(entry.path());
    }
  }
  for (const auto& path : leftovers) std::filesystem::remove_all(path, ec);
}

Result<void> point_latest(const std::filesystem::path& run, const std::string& target) {
  const auto link = run / "latest", temporary = run / "latest.tmp";
  std::error_code ec;
  std::filesystem::remove(temporary, ec);
  std::filesystem::create_directory_symlink(std::filesystem::path("checkpoints") / target, temporary, ec);
  if (!ec) std::filesystem::rename(temporary, link, ec);
  if (ec) return Error{link.string(), "the link must be replaced", ec.message()};
  return {};
}

}  // namespace

Result<RunFolder> RunFolder::create(const Recipe& recipe) {
  std::error_code ec;
  std::filesystem::create_directories(recipe.runs, ec);
  if (ec) return Error{recipe.runs, "the folder of runs must be made", ec.message()};
  // Made in one step, so that of two processes each gets a folder of its own.
  int n = newest_number(recipe) + 1;
  while (!std::filesystem::create_directory(numbered(recipe, n), ec)) {
    if (ec) return Error{numbered(recipe, n).string(), "the run folder must be made", ec.message()};
    ++n;
  }
  const auto path = numbered(recipe, n);
  auto made = [&]() -> Result<RunFolder> {
    HONE_TRY(FileLock lock, FileLock::acquire(path / "lock"));
    std::filesystem::create_directory(path / "checkpoints", ec);
    if (ec) return Error{path.string(), "the run folder must be made", ec.message()};
    HONE_TRY_VOID(write_file_atomically(path / "recipe.yaml", to_yaml(recipe)));
    return RunFolder(path, std::move(lock));
  }();
  if (!made.ok()) std::filesystem::remove_all(path, ec);  // a full disk leaves no half a run
  return made;
}

Result<RunFolder> RunFolder::resume(const Recipe& recipe) {
  const int n = newest_number(recipe);
  if (n == 0) {
    return Error{numbered(recipe, 1).string(), "--resume needs a run to go on with", "no such folder"};
  }
  const auto path = numbered(recipe, n);
  HONE_TRY(FileLock lock, FileLock::acquire(path / "lock"));
  std::error_code ec;
  std::filesystem::create_directories(path / "checkpoints", ec);
  if (ec) return Error{path.string(), "the run folder must be writable", ec.message()};
  if (!std::filesystem::exists(path / "recipe.yaml", ec) && !std::filesystem::exists(path / "run.db", ec)) {
    // Killed between the folder and its recipe: a run that has not begun.
    HONE_TRY_VOID(write_file_atomically(path / "recipe.yaml", to_yaml(recipe)));
  }
  HONE_TRY(const Recipe before, read_recipe(path / "recipe.yaml"));
  const auto changed = differences(before, recipe);
  if (!changed.empty()) {
    return Error{(path / "recipe.yaml").string(), "--resume needs the recipe that the run was made from",
                 fmt::format("{}", fmt::join(changed, "; "))};
  }
  return RunFolder(path, std::move(lock));
}

Result<void> RunFolder::save_checkpoint(const RunPosition& position, int keep,
                                        const std::function<Result<void>(const std::string&)>& fill) {
  const std::string name = checkpoint_name(position);
  const auto unfinished = path_ / "checkpoints" / ("unfinished-" + name);
  std::error_code ec;
  remove_leftovers(path_);
  std::filesystem::create_directories(unfinished / "trainer", ec);
  if (ec) return Error{unfinished.string(), "the checkpoint folder must be made", ec.message()};
  const Json json = {
      {"stage", position.stage}, {"step", position.step}, {"next_problem", position.next_problem}};
  auto written = fill(unfinished.string());
  if (written.ok()) written = write_file_atomically(unfinished / kPositionFile, json.dump(2) + "\n");
  if (written.ok()) written = replace_folder(unfinished, path_ / "checkpoints" / name);
  if (!written.ok()) {
    std::filesystem::remove_all(unfinished, ec);
    return written;
  }
  HONE_TRY_VOID(point_latest(path_, name));
  auto all = checkpoints_of(path_);
  for (std::size_t i = 0; i + static_cast<std::size_t>(std::max(1, keep)) < all.size(); ++i) {
    std::filesystem::remove(all[i] / kPositionFile, ec);  // no checkpoint from here on, should death come
    std::filesystem::remove_all(all[i], ec);
  }
  return {};
}

Result<std::optional<RunFolder::Checkpoint>> RunFolder::latest() const {
  // Folders, not the link: a crash between the two leaves the newer folder.
  const auto all = checkpoints_of(path_);
  if (all.empty()) return std::optional<Checkpoint>();
  Checkpoint checkpoint{all.back(), {}};
  const auto file = checkpoint.path / kPositionFile;
  HONE_TRY(const Json json, read_json(file));
  HONE_TRY(checkpoint.position.stage, json_require<std::string>(json, "stage", file.string()));
  HONE_TRY(checkpoint.position.step, json_require<std::int64_t>(json, "step", file.string()));
  HONE_TRY(checkpoint.position.next_problem, json_require<std::int64_t>(json, "next_problem", file.string()));
  const RunPosition& p = checkpoint.position;
  if (checkpoint_name(p) != all.back().filename() || p.next_problem < 0) {
    return Error{file.string(), "must be the position of its folder",
                 fmt::format("stage {}, step {}, next problem {}", p.stage, p.step, p.next_problem)};
  }
  return std::optional<Checkpoint>(checkpoint);
}

}  // namespace hone
