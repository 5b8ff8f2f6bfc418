#include "hone/cli/run_models.h"

#include <sys/stat.h>

#include <algorithm>

namespace hone {
namespace {

// The steps that a run keeps checkpoints of, ascending.
std::vector<std::int64_t> checkpoint_steps(const std::filesystem::path& run) {
  std::vector<std::int64_t> steps;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(run / "checkpoints", ec)) {
    const std::string name = entry.path().filename();
    const bool number = name.starts_with("step-") && name.size() > 5 && name.size() < 20 &&
                        name.find_first_not_of("0123456789", 5) == std::string::npos;
    if (number && std::filesystem::exists(entry.path() / "config.json", ec))
      steps.push_back(std::stoll(name.substr(5)));
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

std::int64_t changed_at(const std::filesystem::path& folder) {
  struct stat found {};
  return ::stat(folder.c_str(), &found) == 0 ? found.st_mtime : 0;
}

}  // namespace

std::vector<ModelSource::Card> RunModels::list() const {
  std::vector<Card> cards;
  for (const PagesPlace& place : runs_.list()) {
    std::error_code ec;
    for (const std::int64_t step : checkpoint_steps(place.folder)) {
      const std::string name = fmt::format("step-{}", step);
      cards.push_back({place.name + "/" + name, changed_at(place.folder / "checkpoints" / name)});
    }
    if (std::filesystem::exists(place.folder / "latest" / "config.json", ec))
      cards.push_back({place.name + "/latest", changed_at(place.folder / "latest")});
  }
  return cards;
}

// Only what list() names: a name is never a path of its own.
std::optional<std::filesystem::path> RunModels::folder_of(const std::string& name) const {
  const std::size_t slash = name.rfind('/');
  if (slash == std::string::npos) return std::nullopt;
  const auto place = runs_.find(name.substr(0, slash));
  if (!place) return std::nullopt;
  const std::string which = name.substr(slash + 1);
  std::filesystem::path folder = place->folder / "latest";
  if (which != "latest") {
    const auto steps = checkpoint_steps(place->folder);
    const bool known = std::any_of(steps.begin(), steps.end(),
                                   [&](std::int64_t step) { return which == fmt::format("step-{}", step); });
    if (!known) return std::nullopt;
    folder = place->folder / "checkpoints" / which;
  }
  std::error_code ec;
  folder = std::filesystem::canonical(folder, ec);
  return ec ? std::nullopt : std::optional(folder);
}

Result<std::shared_ptr<const ServedModel>> RunModels::open(const std::string& name) {
  const auto folder = folder_of(name);
  if (!folder) return std::shared_ptr<const ServedModel>();
  const std::lock_guard lock(mutex_);
  const bool usable =
      loaded_ != nullptr && loaded_folder_ == *folder && loaded_->generator->failure() == nullptr;
  if (!usable) {
    loaded_.reset();  // the memory of one is enough
    HONE_TRY(loaded_, load_served_model(*folder, name, options_));
    loaded_folder_ = *folder;
  }
  return loaded_;
}

}  // namespace hone
