#include "hone/loop/run_folder.h"

#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>

#include "hone/base/json.h"
#include "hone/config/recipe.h"

namespace hone {
namespace {

constexpr const char* kPositionFile = "trainer/position.json";

std::filesystem::path numbered(const Recipe& recipe, int n) {
  const std::filesystem::path base = std::filesystem::path(recipe.runs) / recipe.name;
  return n == 1 ? base : std::filesystem::path(fmt::format("{}-{}", base.string(), n));
}

std::string checkpoint_name(const RunPosition& p) {
  return fmt::format("{}-{}", p.stage == "grpo" ? "step" : p.stage, p.step);
}

// (stage, step) in the order of training.
std::pair<int, std::int64_t> order_of(const std::string& name) {
  const auto dash = name.rfind('-');
  const std::string digits = dash == std::string::npos ? "" : name.substr(dash + 1);
  if (digits.empty() || digits.size() > 12 || digits.find_first_not_of("0123456789") != std::string::npos)
    return {-1, 0};
  const std::string stage = name.substr(0, dash);
  return {stage == "sft" ? 0 : stage == "step" ? 1 : -1, std::stoll(digits)};
}

std::vector<std::filesystem::path> checkpoints_of(const std::filesystem::path& run) {
  std::vector<std::filesystem::path> found;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(run / "checkpoints", ec)) {
    if (order_of(entry.path().filename().string()).first >= 0) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return order_of(a.filename().string()) < order_of(b.filename().string());
  });
  return found;
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
  int n = 1;
  while (std::filesystem::exists(numbered(recipe, n), ec)) ++n;
  const auto path = numbered(recipe, n);
  std::filesystem::create_directories(path / "checkpoints", ec);
  if (ec) return Error{path.string(), "the run folder must be made", ec.message()};
  HONE_TRY(FileLock lock, FileLock::acquire(path / "lock"));
  HONE_TRY_VOID(write_file_atomically(path / "recipe.yaml", to_yaml(recipe)));
  return RunFolder(path, std::move(lock));
}

Result<RunFolder> RunFolder::resume(const Recipe& recipe) {
  std::error_code ec;
  int n = 0;
  while (std::filesystem::exists(numbered(recipe, n + 1), ec)) ++n;
  if (n == 0)
    return Error{numbered(recipe, 1).string(), "--resume needs a run to go on with", "no such folder"};
  const auto path = numbered(recipe, n);
  HONE_TRY(FileLock lock, FileLock::acquire(path / "lock"));
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
  std::filesystem::remove_all(unfinished, ec);
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
  return std::optional<Checkpoint>(checkpoint);
}

}  // namespace hone
