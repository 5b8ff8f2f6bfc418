#include "hone/web/pages_runs.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "hone/base/files.h"
#include "hone/config/recipe.h"
#include "hone/verify/rubric.h"
#include "hone/verify/verifiers.h"

namespace hone {
namespace {

constexpr std::size_t kMaxOpen = 32;
constexpr int kLevels = 3;
constexpr std::size_t kMaxRuns = 10'000;

struct FileMark {
  std::string stamp = "-";
  std::chrono::system_clock::time_point modified;
};

FileMark mark_of(const fs::path& path) {
  struct stat s {};
  if (::stat(path.c_str(), &s) != 0) return {};
  const auto modified = std::chrono::seconds(s.st_mtim.tv_sec) + std::chrono::nanoseconds(s.st_mtim.tv_nsec);
  return {fmt::format("{}.{}.{}", s.st_ino, s.st_size, modified.count()),
          std::chrono::system_clock::time_point(modified)};
}

std::uint64_t file_key(const fs::path& path) {
  struct stat s {};
  if (::stat(path.c_str(), &s) != 0) return 0;
  return static_cast<std::uint64_t>(s.st_dev) * 0x9E3779B97F4A7C15ULL + s.st_ino;
}

bool is_run(const fs::path& folder) {
  std::error_code ec;
  return fs::is_regular_file(folder / "run.db", ec) || fs::is_regular_file(folder / "recipe.yaml", ec);
}

PagesPlace place_of(std::string name, const fs::path& folder) {
  const FileMark database = mark_of(folder / "run.db"), log = mark_of(folder / "run.db-wal");
  return {std::move(name), folder,
          database.stamp + " " + log.stamp + (is_flocked(folder / "lock") ? " held" : ""),
          std::max(database.modified, log.modified)};
}

void search(const fs::path& folder, const std::string& prefix, int levels, std::vector<PagesPlace>& found) {
  std::error_code ec;
  for (fs::directory_iterator it(folder, fs::directory_options::skip_permission_denied, ec), end;
       !ec && it != end && found.size() < kMaxRuns; it.increment(ec)) {
    std::error_code entry_ec;
    // Links are not followed: one could lead out of the folder, or round in it.
    if (it->symlink_status(entry_ec).type() != fs::file_type::directory) continue;
    const std::string name = it->path().filename().string();
    if (name.starts_with('.')) continue;
    if (is_run(it->path())) {
      found.push_back(place_of(prefix + name, it->path()));
    } else if (levels > 1) {
      search(it->path(), prefix + name + "/", levels - 1, found);
    }
  }
}

}  // namespace

bool is_flocked(const fs::path& file) {
  struct stat s {};
  if (::stat(file.c_str(), &s) != 0) return false;
  const std::string inode = fmt::format(":{} ", s.st_ino);
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    // "2: FLOCK  ADVISORY  WRITE 708 00:1a:10531 0 EOF"; waiting ones begin with "->".
    if (line.find("FLOCK") != std::string::npos && line.find(inode) != std::string::npos) return true;
  }
  return false;
}

std::string run_state(const std::string& fact, const fs::path& folder) {
  const bool held = is_flocked(folder / "lock");
  if (held) return "running";
  return fact.empty() || fact == "running" ? "interrupted" : fact;
}

Result<std::shared_ptr<PagesRun>> PagesRun::open(const fs::path& folder) {
  HONE_TRY(RunQuery query, RunQuery::open(folder / "run.db"));
  return std::shared_ptr<PagesRun>(new PagesRun(folder, std::move(query)));
}

Result<Tokenizer> PagesRun::tokenizer() {
  const std::lock_guard lock(mutex_);
  if (tokenizer_) return *tokenizer_;
  std::vector<fs::path> models = {folder_ / "latest"};
  std::error_code ec;
  for (fs::directory_iterator it(folder_ / "checkpoints", ec), end; !ec && it != end; it.increment(ec)) {
    models.push_back(it->path());
  }
  if (const auto recipe = read_recipe(folder_ / "recipe.yaml"); recipe.ok() && !recipe->model.path.empty())
    models.emplace_back(recipe->model.path);
  for (const fs::path& model : models) {
    if (!fs::is_regular_file(model / "tokenizer.json", ec)) continue;
    HONE_TRY(tokenizer_, Tokenizer::load(model));
    return *tokenizer_;
  }
  return Error{folder_.string(), "a checkpoint with a tokenizer must be there to show tokens", "none yet"};
}

std::shared_ptr<const Verifier> PagesRun::answers() {
  const std::lock_guard lock(mutex_);
  if (answers_) return answers_;
  if (const auto recipe = read_recipe(folder_ / "recipe.yaml"); recipe.ok())
    answers_ = make_answer_verifier(recipe->reward);
  if (!answers_) answers_ = make_text_verifier();
  return answers_;
}

std::vector<PagesPlace> PagesRuns::list() const {
  std::vector<PagesPlace> found;
  if (is_run(root_)) {
    const fs::path folder = root_.has_filename() ? root_ : root_.parent_path();
    found.push_back(place_of(fs::absolute(folder).lexically_normal().filename().string(), folder));
    return found;
  }
  search(root_, "", kLevels, found);
  std::ranges::sort(found, {}, &PagesPlace::name);
  return found;
}

std::optional<PagesPlace> PagesRuns::find(const std::string& name) const {
  for (PagesPlace& place : list()) {
    if (place.name == name) return std::move(place);
  }
  return {};
}

Result<std::shared_ptr<PagesRun>> PagesRuns::open(const PagesPlace& place) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t file = file_key(place.folder / "run.db");
  Open& held = open_[place.name];
  held.used = ++clock_;
  if (held.run == nullptr || held.file != file) {
    auto run = PagesRun::open(place.folder);
    if (!run.ok()) {
      open_.erase(place.name);
      return run.error();
    }
    held.run = *std::move(run);
    held.file = file;
  }
  const std::shared_ptr<PagesRun> run = held.run;
  if (open_.size() > kMaxOpen) {
    open_.erase(std::ranges::min_element(
        open_, {}, [](const auto& entry) -> std::uint64_t { return entry.second.used; }));
  }
  return run;
}

}  // namespace hone
