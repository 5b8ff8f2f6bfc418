#include "hone/weights/model_config.h"

#include <cmath>
#include <limits>
#include <utility>

#include "hone/base/files.h"
#include "hone/base/json.h"
#include "hone/weights/config_numbers.h"
#include "hone/weights/config_rope.h"
#include "hone/weights/config_windows.h"
#include "hone/weights/model_family.h"
#include "hone/weights/safetensors.h"

namespace hone {
namespace {

// Far above every decoder there is, and low enough that no product of two of them overflows.
constexpr std::int64_t kMostTokens = std::numeric_limits<std::int32_t>::max();  // ids are int32
constexpr std::int64_t kMostWidth = 1 << 22;
constexpr std::int64_t kMostLayers = 1 << 14;
constexpr std::int64_t kMostHeads = 1 << 16;
std::string known_types_text() {
  std::string text;
  for (const std::string& type : known_model_types()) text += (text.empty() ? "" : ", ") + type;
  return text;
}

Result<const ModelFamily*> family_of(const Json& json, const std::string& where) {
  const std::string rule = "must be one of " + known_types_text();
  if (!is_set(json, "model_type")) return Error{where + ": model_type", rule, "nothing"};
  const Json& value = json["model_type"];
  const ModelFamily* family = value.is_string() ? find_model_family(value.get<std::string>()) : nullptr;
  if (family == nullptr) return Error{where + ": model_type", rule, brief(value)};
  return family;
}

Result<void> read_heads(const Json& json, const ModelFamily& family, const std::string& where,
                        ModelConfig& out) {
  HONE_TRY(out.heads, positive_integer(json, "num_attention_heads", kMostHeads, {}, where));
  // Absent means the family's number, null means as many as heads.
  const std::int64_t kv_default =
      json.contains("num_key_value_heads") || family.kv_heads == 0 ? out.heads : family.kv_heads;
  HONE_TRY(out.kv_heads, positive_integer(json, "num_key_value_heads", kMostHeads, kv_default, where));
  if (out.heads % out.kv_heads != 0) {
    return Error{where + ": num_attention_heads",
                 fmt::format("must be a multiple of num_key_value_heads ({})", out.kv_heads),
                 fmt::format("{}", out.heads)};
  }
  const bool own_head_dim = is_set(json, "head_dim") || family.head_dim > 0;
  if (out.hidden_size % out.heads != 0 && !own_head_dim) {
    return Error{
        where + ": hidden_size",
        fmt::format("must be a multiple of num_attention_heads ({}) where head_dim is not set", out.heads),
        fmt::format("{}", out.hidden_size)};
  }
  const std::int64_t head_dim = family.head_dim > 0 ? family.head_dim : out.hidden_size / out.heads;
  HONE_TRY(out.head_dim, positive_integer(json, "head_dim", kMostWidth, head_dim, where));
  if (out.head_dim % 2 != 0) {
    return Error{where + ": head_dim", "must be even, since rotary positions turn pairs",
                 fmt::format("{}", out.head_dim)};
  }
  if (out.heads * out.head_dim > kMostWidth) {
    return Error{where + ": head_dim",
                 fmt::format("times num_attention_heads ({}) must not exceed {}", out.heads, kMostWidth),
                 fmt::format("{}", out.head_dim)};
  }
  return {};
}

Result<void> read_activation(const Json& json, const ModelFamily& family, const std::string& where,
                             ModelConfig& out) {
  const std::string key(family.activation_key);
  HONE_TRY(out.activation, json_get<std::string>(json, key, std::string(family.activation), where));
  if (out.activation == "swish") out.activation = "silu";  // transformers' other name of it
  if (out.activation != "silu" && out.activation != "gelu_pytorch_tanh") {
    return Error{where + ": " + key, "must be silu or gelu_pytorch_tanh", brief(Json(out.activation))};
  }
  return {};
}

// null is none, absent is the family's.
Result<double> softcap(const Json& json, const std::string& key, double otherwise, const std::string& where) {
  if (json.contains(key) && json[key].is_null()) return 0.0;
  return positive_number(json, key, otherwise, where);
}

Result<void> read_scores(const Json& json, const ModelFamily& family, const std::string& where,
                         ModelConfig& out) {
  out.query_scale = 1.0 / std::sqrt(static_cast<double>(out.head_dim));
  if (!family.softcaps) return {};
  HONE_TRY(const double scalar, positive_number(json, "query_pre_attn_scalar", 256.0, where));
  out.query_scale = 1.0 / std::sqrt(scalar);
  HONE_TRY(out.attn_logit_softcap, softcap(json, "attn_logit_softcapping", 50.0, where));
  HONE_TRY(out.final_logit_softcap, softcap(json, "final_logit_softcapping", 30.0, where));
  return {};
}

Result<std::string> read_dtype(const Json& json, const std::string& where) {
  const char* key = is_set(json, "dtype") ? "dtype" : "torch_dtype";
  HONE_TRY(std::string name, json_get<std::string>(json, key, "float32", where));
  if (name.starts_with("torch.")) name.erase(0, 6);
  if (!dtype_from_torch_name(name)) {
    return Error{where + ": " + key, "must be float32, bfloat16 or float16", brief(Json(name))};
  }
  return name;
}

// What would silently change the computation if it were passed over.
Result<void> refuse_unsupported(const Json& json, const std::string& where) {
  if (is_set(json, "quantization_config")) {
    return Error{where + ": quantization_config", "must be absent: quantized weights are not read",
                 brief(json["quantization_config"])};
  }
  HONE_TRY(const bool both_ways, json_get<bool>(json, "use_bidirectional_attention", false, where));
  if (both_ways)
    return Error{where + ": use_bidirectional_attention", "must be false: the decoder is causal", "true"};
  return {};
}

}  // namespace

const std::vector<std::string>& known_model_types() {
  static const std::vector<std::string> types = [] {
    std::vector<std::string> names;
    for (const ModelFamily& family : model_families()) names.emplace_back(family.model_type);
    return names;
  }();
  return types;
}

Result<ModelConfig> parse_model_config(const std::string& text, const std::string& where) {
  HONE_TRY(const Json json, parse_json(text, where));
  if (!json.is_object()) return Error{where, "must be a JSON object", brief(json)};
  HONE_TRY(const ModelFamily* found, family_of(json, where));
  const ModelFamily& family = *found;
  HONE_TRY_VOID(refuse_unsupported(json, where));
  ModelConfig out;
  out.model_type = family.model_type;
  HONE_TRY(out.vocab_size, positive_integer(json, "vocab_size", kMostTokens, {}, where));
  HONE_TRY(out.hidden_size, positive_integer(json, "hidden_size", kMostWidth, {}, where));
  HONE_TRY(out.intermediate_size, positive_integer(json, "intermediate_size", kMostWidth, {}, where));
  HONE_TRY(out.layers, positive_integer(json, "num_hidden_layers", kMostLayers, {}, where));
  HONE_TRY_VOID(read_heads(json, family, where, out));
  HONE_TRY(out.max_position_embeddings, positive_integer(json, "max_position_embeddings", kMostPositions,
                                                         family.max_position_embeddings, where));
  HONE_TRY(out.rms_norm_eps, positive_number(json, "rms_norm_eps", family.rms_norm_eps, where));
  HONE_TRY(out.tie_word_embeddings,
           json_get<bool>(json, "tie_word_embeddings", family.tie_word_embeddings, where));
  if (family.attention_bias_key) {
    HONE_TRY(out.attention_bias, json_get<bool>(json, "attention_bias", false, where));
  }
  if (family.mlp_bias_key) {
    HONE_TRY(out.mlp_bias, json_get<bool>(json, "mlp_bias", false, where));
  }
  HONE_TRY_VOID(read_activation(json, family, where, out));
  HONE_TRY(out.rope, parse_rope(json, family, out.max_position_embeddings, where));
  HONE_TRY(out.window, parse_windows(json, family, out.layers, where));
  HONE_TRY_VOID(read_scores(json, family, where, out));
  HONE_TRY(out.dtype, read_dtype(json, where));
  out.json = text;
  return out;
}

Result<ModelConfig> read_model_config(const std::filesystem::path& folder) {
  std::error_code ec;
  if (folder.extension() == ".gguf" && fs::is_regular_file(folder, ec)) {
    return Error{folder.string(),
                 "must be a Hugging Face model directory (hone import makes one of a GGUF file)", "a file"};
  }
  const fs::path path = folder / "config.json";
  if (const fs::path latest = folder / "latest";
      !fs::exists(path, ec) && fs::exists(latest / "config.json", ec))
    return Error{folder.string(), fmt::format("must be a model; this run's newest is {}", latest.string()),
                 "a run"};
  HONE_TRY(const std::string text, read_file(path));
  return parse_model_config(text, path.string());
}

}  // namespace hone
