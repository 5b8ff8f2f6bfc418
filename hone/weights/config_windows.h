// Which layers attend within a sliding window. Internal to weights/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hone/base/json.h"
#include "hone/base/result.h"
#include "hone/weights/model_family.h"

namespace hone {

// [layers] keys that a query of the layer sees, 0: all.
Result<std::vector<std::int64_t>> parse_windows(const Json& config, const ModelFamily& family,
                                                std::int64_t layers, const std::string& where);

}  // namespace hone
