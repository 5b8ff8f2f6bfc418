// The Dataset of rows of files. Internal to data/.
#pragma once

#include <memory>

#include "hone/base/result.h"
#include "hone/config/options.h"
#include "hone/data/dataset.h"

namespace hone {

// Requires files or eval_files. Errors as open_dataset().
Result<std::unique_ptr<Dataset>> open_file_dataset(const DataOptions& options, std::uint64_t seed);

}  // namespace hone
