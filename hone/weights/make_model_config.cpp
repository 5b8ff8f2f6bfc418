#include <algorithm>
#include <cmath>

#include "hone/base/json.h"
#include "hone/weights/model_config.h"
#include "hone/weights/model_family.h"

namespace hone {
namespace {

constexpr const char* kWhere = "model.init";

// Two families' modelling code divides the width by the heads even where head_dim is set.
Result<void> check_width(const ModelInitOptions& options, const ModelFamily& family) {
  if (options.heads > 0 && options.hidden_size % options.heads != 0 &&
      (family.width_is_multiple || options.head_dim == 0)) {
    return Error{fmt::format("{}: hidden_size", kWhere),
                 fmt::format("must be a multiple of heads ({})", options.heads),
                 fmt::format("{}", options.hidden_size)};
  }
  return {};
}

// null where there is none (a negative id).
Result<Json> id_or_null(const char* key, std::int64_t id, std::int64_t vocab_size) {
  if (id < 0) return Json(nullptr);
  if (id >= vocab_size) {
    return Error{fmt::format("{}: {}", kWhere, key),
                 fmt::format("must lie in the vocabulary of {}", vocab_size), fmt::format("{}", id)};
  }
  return Json(id);
}

void add_family_keys(const ModelInitOptions& options, const ModelFamily& family, std::int64_t head_dim,
                     Json& json) {
  if (family.attention_bias_key) json["attention_bias"] = false;
  if (family.mlp_bias_key) json["mlp_bias"] = false;
  if (family.window_rule == WindowRule::kUpperLayers) {
    json["use_sliding_window"] = false;
    json["sliding_window"] = nullptr;
    json["max_window_layers"] = options.layers;
  }
  if (family.window_rule == WindowRule::kEveryLayer) json["sliding_window"] = nullptr;
  if (family.window_rule == WindowRule::kAlternating) json["sliding_window"] = family.sliding_window;
  if (family.softcaps) {
    json["query_pre_attn_scalar"] = head_dim;
    json["attn_logit_softcapping"] = 50.0;
    json["final_logit_softcapping"] = 30.0;
  }
}

}  // namespace

Result<ModelConfig> make_model_config(const ModelInitOptions& options, std::int64_t vocab_size,
                                      std::int64_t eos_id, std::int64_t pad_id) {
  const ModelFamily* family = find_model_family(options.family);
  if (family == nullptr) {
    return Error{fmt::format("{}: family", kWhere),
                 fmt::format("must be one of {}", fmt::join(known_model_types(), ", ")), options.family};
  }
  HONE_TRY_VOID(check_width(options, *family));
  // JSON has no infinities: one would be written as null and read back as the default.
  if (!std::isfinite(options.rope_theta)) {
    return Error{fmt::format("{}: rope_theta", kWhere), "must be a number above zero",
                 fmt::format("{}", options.rope_theta)};
  }
  if (!std::isfinite(options.initializer_range) || options.initializer_range < 0 ||
      options.initializer_range > 1) {
    return Error{fmt::format("{}: initializer_range", kWhere), "must lie in [0, 1]",
                 fmt::format("{}", options.initializer_range)};
  }
  const std::int64_t head_dim =
      options.head_dim != 0 ? options.head_dim : options.hidden_size / std::max(options.heads, 1);
  Json json = {{"architectures", {family->architecture}},
               {"model_type", options.family},
               {"vocab_size", vocab_size},
               {"hidden_size", options.hidden_size},
               {"intermediate_size", options.intermediate_size},
               {"num_hidden_layers", options.layers},
               {"num_attention_heads", options.heads},
               {"num_key_value_heads", options.kv_heads},
               {"head_dim", head_dim},
               {std::string(family->activation_key), family->activation},
               {"max_position_embeddings", options.max_position_embeddings},
               {"initializer_range", options.initializer_range},
               {"rms_norm_eps", family->rms_norm_eps},
               {"tie_word_embeddings", options.tie_word_embeddings},
               {"attention_dropout", 0.0},
               {"use_cache", true},
               {"bos_token_id", nullptr}};
  HONE_TRY(json["eos_token_id"], id_or_null("eos_token_id", eos_id, vocab_size));
  HONE_TRY(json["pad_token_id"], id_or_null("pad_token_id", pad_id, vocab_size));
  // Both spellings: transformers 4 reads the old ones, transformers 5 and later the new.
  json["rope_theta"] = options.rope_theta;
  json["rope_parameters"] = {{"rope_theta", options.rope_theta}, {"rope_type", "default"}};
  json["torch_dtype"] = "float32";
  json["dtype"] = "float32";
  add_family_keys(options, *family, head_dim, json);
  return parse_model_config(json.dump(2) + "\n", kWhere);
}

}  // namespace hone
