// Where a run's records are.
#pragma once

#include <filesystem>
#include <string>

#include "hone/base/result.h"

namespace hone {

// The run.db of a run's folder, or the file itself. Error: neither.
Result<std::filesystem::path> run_database(const std::string& run);

}  // namespace hone
