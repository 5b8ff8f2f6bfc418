// The Dataset of a procedural task. Internal to data/.
#pragma once

#include <memory>

#include "hone/base/result.h"
#include "hone/config/options.h"
#include "hone/data/dataset.h"

namespace hone {

// Requires options.task. Errors as open_dataset().
Result<std::unique_ptr<Dataset>> open_task_dataset(const DataOptions& options, std::uint64_t seed);

}  // namespace hone
