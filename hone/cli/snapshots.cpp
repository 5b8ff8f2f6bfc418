#include "hone/cli/snapshots.h"

#include <charconv>

#include "hone/base/files.h"

namespace hone {

Result<Speaker*> Snapshots::at(std::int64_t step) {
  const std::int64_t taken = asked_.every > 0 ? step / asked_.every * asked_.every : 0;
  if (!speaker_ || taken != step_) {
    speaker_.reset();  // before the next one takes as much memory
    const std::filesystem::path path = folder_ / fmt::format("step-{}", taken);
    HONE_TRY_VOID(keep(path, taken, step));
    HONE_TRY(speaker_,
             load_speaker(path, asked_, recipe_.data.prompt_format, recipe_.grpo.rollout.max_sequences));
    step_ = taken;
    remove_old();
  }
  return speaker_.get();
}

Result<void> Snapshots::keep(const std::filesystem::path& path, std::int64_t taken, std::int64_t step) const {
  std::error_code ec;
  if (std::filesystem::exists(path, ec)) return {};
  if (taken != step) {
    return Error{path.string(), fmt::format("must hold the policy as it was after step {}", taken),
                 "no such folder"};
  }
  const std::filesystem::path unfinished = folder_ / "unfinished";
  std::filesystem::remove_all(unfinished, ec);
  std::filesystem::create_directories(unfinished, ec);
  if (ec) return Error{unfinished.string(), "must be a folder that can be made", ec.message()};
  HONE_TRY_VOID(policy_.policy->save(unfinished, policy_.eos_ids));
  HONE_TRY_VOID(save_companions(policy_, recipe_.model.path, unfinished.string()));
  return replace_folder(unfinished, path);
}

// What no resume can need: it goes back to a checkpoint, at most checkpoint.every steps ago.
void Snapshots::remove_old() const {
  if (asked_.every == 0) return;
  const std::int64_t oldest = step_ - recipe_.checkpoint.every - asked_.every;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, ec)) {
    const std::string name = entry.path().filename().string();
    std::int64_t step = 0;
    if (!name.starts_with("step-")) continue;
    const auto [end, status] = std::from_chars(name.data() + 5, name.data() + name.size(), step);
    if (status != std::errc() || end != name.data() + name.size() || step >= oldest) continue;
    std::error_code ignored;  // it only takes room
    std::filesystem::remove_all(entry.path(), ignored);
  }
}

}  // namespace hone
