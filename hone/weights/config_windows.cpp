#include "hone/weights/config_windows.h"

#include <utility>

#include "hone/weights/config_numbers.h"

namespace hone {
namespace {

// sliding_window; 0: none. Absent is the family's default, null is none.
Result<std::int64_t> window_size(const Json& config, const ModelFamily& family, const std::string& where) {
  if (family.window_rule == WindowRule::kUpperLayers) {
    HONE_TRY(const bool used, json_get<bool>(config, "use_sliding_window", false, where));
    if (!used) return std::int64_t{0};
  }
  if (!config.contains("sliding_window")) return family.sliding_window;
  return positive_integer(config, "sliding_window", kMostPositions, 0, where);
}

// [layers] true: sliding_attention.
Result<std::vector<bool>> sliding_layers(const Json& config, const ModelFamily& family, std::int64_t layers,
                                         bool has_window, const std::string& where) {
  const auto count = static_cast<std::size_t>(layers);
  std::vector<bool> sliding(count, false);
  if (family.window_rule == WindowRule::kNone) return sliding;
  if (family.window_rule == WindowRule::kEveryLayer) {
    sliding.assign(count, has_window);
    return sliding;
  }
  if (is_set(config, "layer_types")) {
    const Json& types = config["layer_types"];
    const std::string place = where + ": layer_types";
    if (!types.is_array() || types.size() != count) {
      return Error{place, fmt::format("must be a list of {} (num_hidden_layers) names", layers),
                   types.is_array() ? fmt::format("{}", types.size()) : brief(types)};
    }
    for (std::size_t i = 0; i < count; ++i) {
      const std::string type = types[i].is_string() ? types[i].get<std::string>() : "";
      if (type != "sliding_attention" && type != "full_attention") {
        return Error{place, "must hold full_attention or sliding_attention", brief(types[i])};
      }
      sliding[i] = type == "sliding_attention";
    }
    return sliding;
  }
  if (family.window_rule == WindowRule::kAlternating) {
    for (std::size_t i = 0; i < count; i += 2) sliding[i] = true;
    return sliding;
  }
  HONE_TRY(const std::int64_t first, json_get<std::int64_t>(config, "max_window_layers", 28, where));
  if (first < 0)
    return Error{where + ": max_window_layers", "must not be negative", fmt::format("{}", first)};
  for (std::size_t i = 0; i < count; ++i) sliding[i] = has_window && std::cmp_greater_equal(i, first);
  return sliding;
}

}  // namespace

Result<std::vector<std::int64_t>> parse_windows(const Json& config, const ModelFamily& family,
                                                std::int64_t layers, const std::string& where) {
  HONE_TRY(const std::int64_t window, window_size(config, family, where));
  HONE_TRY(const std::vector<bool> sliding, sliding_layers(config, family, layers, window > 0, where));
  std::vector<std::int64_t> windows;
  for (const bool slides : sliding) {
    if (slides && window == 0) {
      return Error{where + ": sliding_window", "must be set (and used) when a layer is sliding_attention",
                   "none"};
    }
    windows.push_back(slides ? window : 0);
  }
  return windows;
}

}  // namespace hone
