#include "hone/weights/config_rope.h"

#include <array>

#include "hone/weights/config_numbers.h"

namespace hone {
namespace {

Result<void> check_whole_rotation(const Json& object, const std::string& where) {
  HONE_TRY(const double share, json_get<double>(object, "partial_rotary_factor", 1.0, where));
  if (share != 1.0)
    return Error{where + ": partial_rotary_factor", "must be 1: partial rotations are not supported",
                 brief(object["partial_rotary_factor"])};
  return {};
}

// The object that describes the rotation, as transformers 5 chooses it: rope_scaling where it says anything,
// else rope_parameters.
Result<Json> choose_object(const Json& config, std::string& place) {
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    if (!is_set(config, key)) continue;
    const Json& value = config[key];
    if (!value.is_object()) return Error{place + ": " + key, "must be an object or null", brief(value)};
    if (value.empty()) continue;
    for (const char* layer_type : {"full_attention", "sliding_attention"}) {
      if (value.contains(layer_type)) {
        return Error{place + ": " + key, "must hold one rotation for all layers", brief(value)};
      }
    }
    place += std::string(": ") + key;
    return value;
  }
  return Json::object();
}

Result<std::string> rope_type(const Json& rope, const ModelFamily& family, const std::string& where) {
  const char* key = is_set(rope, "rope_type") ? "rope_type" : "type";
  HONE_TRY(std::string type, json_get<std::string>(rope, key, "default", where));
  const bool known = type == "default" || (family.scaled_rope && (type == "linear" || type == "llama3"));
  if (!known) {
    return Error{where + ": " + key,
                 fmt::format("must be a supported rope type of {}: {}", family.model_type,
                             family.scaled_rope ? "default, linear, llama3" : "default"),
                 brief(Json(type))};
  }
  return type;
}

}  // namespace

Result<RopeConfig> parse_rope(const Json& config, const ModelFamily& family,
                              std::int64_t max_position_embeddings, const std::string& where) {
  std::string place = where;
  HONE_TRY(const Json rope, choose_object(config, place));
  RopeConfig out;
  HONE_TRY(const double beside, positive_number(config, "rope_theta", 10000.0, where));
  HONE_TRY(out.theta, positive_number(rope, "rope_theta", beside, place));
  HONE_TRY(out.type, rope_type(rope, family, place));
  HONE_TRY_VOID(check_whole_rotation(config, where));
  HONE_TRY_VOID(check_whole_rotation(rope, place));
  if (out.type == "default") return out;
  HONE_TRY(out.factor, positive_number(rope, "factor", {}, place));
  if (out.type == "linear") return out;
  HONE_TRY(out.low_freq_factor, positive_number(rope, "low_freq_factor", {}, place));
  HONE_TRY(out.high_freq_factor, positive_number(rope, "high_freq_factor", {}, place));
  if (out.high_freq_factor <= out.low_freq_factor) {
    return Error{place + ": high_freq_factor",
                 fmt::format("must exceed low_freq_factor ({})", out.low_freq_factor),
                 fmt::format("{}", out.high_freq_factor)};
  }
  // The key beside the object goes first, as in transformers.
  const bool has_beside = is_set(config, "original_max_position_embeddings");
  HONE_TRY(out.original_max_position_embeddings,
           positive_integer(has_beside ? config : rope, "original_max_position_embeddings", kMostPositions,
                            max_position_embeddings, has_beside ? where : place));
  return out;
}

}  // namespace hone
