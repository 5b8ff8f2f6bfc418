// Rotary positions, from a config.json of any age. Internal to weights/.
#pragma once

#include <string>

#include "hone/base/json.h"
#include "hone/base/result.h"
#include "hone/weights/model_config.h"
#include "hone/weights/model_family.h"

namespace hone {

// Reads rope_scaling (with "rope_type" or "type") or rope_parameters, whichever is set, and rope_theta beside
// or inside. Errors: a type not supported, a partial rotation, factors that make no sense.
Result<RopeConfig> parse_rope(const Json& config, const ModelFamily& family,
                              std::int64_t max_position_embeddings, const std::string& where);

}  // namespace hone
