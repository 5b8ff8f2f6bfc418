// What `hone train` prints at its end.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "hone/store/run_store.h"

namespace hone {

// Held-out accuracy before and after, three problems' completions before and after, where the checkpoint is,
// and what to do next; all read back from the run's store. To stdout.
void print_train_summary(const std::filesystem::path& run, const RunStore& store);

// The run as one object, for --json: {"run", "checkpoint", "steps": {stage: number},
// "evaluations": [{"stage", "step", "problems", "metrics"}], "last": {stage: metrics of its last step}}.
Result<nlohmann::ordered_json> train_summary_json(const std::filesystem::path& run, const RunStore& store);

// " --set a=b" for each, as to be typed again.
std::string settings_text(const std::vector<std::string>& settings);

}  // namespace hone
