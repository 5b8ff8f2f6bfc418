#include <algorithm>
#include <cstring>
#include <deque>

#include "hone/base/files.h"
#include "hone/base/json.h"
#include "hone/weights/config_numbers.h"
#include "hone/weights/gguf_convert.h"
#include "hone/weights/gguf_layout.h"
#include "hone/weights/gguf_model.h"
#include "hone/weights/gguf_vocabulary.h"
#include "hone/weights/model_family.h"
#include "hone/weights/model_folder.h"
#include "hone/weights/safetensors.h"

namespace hone {
namespace {

using OrderedJson = nlohmann::ordered_json;

// The decimal number that stands for a float: 1e-06, not its 52 binary digits.
double decimal(double value) { return std::stod(fmt::format("{}", static_cast<float>(value))); }

// Keys of a file's architecture, and what they become in config.json.
class ConfigFromKeys {
 public:
  ConfigFromKeys(const GgufFile& file, std::string arch) : file_(file), arch_(std::move(arch)) {}

  Result<OrderedJson> make(const Vocabulary& vocabulary) {
    HONE_TRY_VOID(refuse_others());
    const ModelFamily* family = find_model_family(arch_);
    json_ = OrderedJson{{"architectures", {family->architecture}}, {"model_type", arch_}};
    HONE_TRY(const GgufTensor embedding, tensor("token_embd.weight", 2));
    if (std::cmp_not_equal(vocabulary.tokens.size(), embedding.shape[0]))
      return Error{file_.where() + ": tokenizer.ggml.tokens",
                   fmt::format("must be as many as the embedding's {} rows", embedding.shape[0]),
                   std::to_string(vocabulary.tokens.size())};
    json_["vocab_size"] = embedding.shape[0];
    HONE_TRY_VOID(copy_numbers());
    json_["hidden_act"] = "silu";
    json_["tie_word_embeddings"] = !file_.tensors().contains("output.weight");
    if (family->attention_bias_key)
      json_["attention_bias"] = arch_ == "llama" && file_.tensors().contains("blk.0.attn_q.bias");
    if (family->mlp_bias_key) json_["mlp_bias"] = file_.tensors().contains("blk.0.ffn_gate.bias");
    if (family->window_rule == WindowRule::kUpperLayers) {
      json_["use_sliding_window"] = false;
      json_["sliding_window"] = nullptr;
    }
    HONE_TRY_VOID(add_rope());
    HONE_TRY_VOID(add_ends(vocabulary));
    const char* dtype = embedding.type == GgufType::kF16    ? "float16"
                        : embedding.type == GgufType::kBF16 ? "bfloat16"
                                                            : "float32";
    json_["torch_dtype"] = dtype;
    json_["dtype"] = dtype;
    return json_;
  }

 private:
  std::string key(const std::string& rest) const { return arch_ + "." + rest; }
  std::string place(const std::string& rest) const { return file_.where() + ": " + key(rest); }

  // What a file may ask for that these architectures don't do here.
  Result<void> refuse_others() const {
    HONE_TRY(const auto parts, file_.get<std::int64_t>("split.count"));
    if (parts.value_or(1) > 1)
      return Error{file_.where(), "must be one file (llama-gguf-split --merge joins the parts)",
                   fmt::format("one of {} parts", *parts)};
    HONE_TRY(const auto kind, file_.get<std::string>("general.type"));
    if (kind.value_or("model") != "model")
      return Error{file_.where() + ": general.type", "must be model", brief(Json(*kind))};
    HONE_TRY(const auto experts, file_.get<std::int64_t>(key("expert_count")));
    if (experts.value_or(0) != 0)
      return Error{place("expert_count"), "must be 0: mixtures of experts are not supported",
                   std::to_string(*experts)};
    HONE_TRY(const auto window, file_.get<std::int64_t>(key("attention.sliding_window")));
    HONE_TRY(const auto context, file_.require<std::int64_t>(key("context_length")));
    if (window.value_or(0) > 0 && *window < context)
      return Error{place("attention.sliding_window"),
                   fmt::format("must not be shorter than the context ({})", context),
                   std::to_string(*window)};
    return {};
  }

  Result<GgufTensor> tensor(const std::string& name, std::size_t dimensions) const {
    const auto it = file_.tensors().find(name);
    if (it == file_.tensors().end()) return Error{file_.where() + ": tensor " + name, "must be present", ""};
    if (it->second.shape.size() != dimensions)
      return Error{file_.where() + ": tensor " + name, fmt::format("must have {} dimensions", dimensions),
                   Json(it->second.shape).dump()};
    return it->second;
  }

  Result<void> copy_numbers() {
    constexpr std::pair<const char*, const char*> kIntegers[] = {
        {"hidden_size", "embedding_length"},
        {"intermediate_size", "feed_forward_length"},
        {"num_hidden_layers", "block_count"},
        {"num_attention_heads", "attention.head_count"},
        {"max_position_embeddings", "context_length"}};
    for (const auto& [name, rest] : kIntegers) {
      HONE_TRY(const std::int64_t value, file_.require<std::int64_t>(key(rest)));
      if (value < 1 || value > kMostPositions)
        return Error{place(rest), fmt::format("must be from 1 to {}", kMostPositions), std::to_string(value)};
      json_[name] = value;
    }
    const std::int64_t heads = json_["num_attention_heads"], width = json_["hidden_size"];
    HONE_TRY(const auto kv_heads, file_.get<std::int64_t>(key("attention.head_count_kv")));
    HONE_TRY(const auto head_dim, file_.get<std::int64_t>(key("attention.key_length")));
    HONE_TRY(const auto value_dim, file_.get<std::int64_t>(key("attention.value_length")));
    json_["num_key_value_heads"] = kv_heads.value_or(heads);
    head_dim_ = head_dim.value_or(width / heads);
    json_["head_dim"] = head_dim_;
    if (value_dim.value_or(head_dim_) != head_dim_)
      return Error{place("attention.value_length"),
                   fmt::format("must equal attention.key_length ({})", head_dim_),
                   std::to_string(*value_dim)};
    HONE_TRY(const double eps, file_.require<double>(key("attention.layer_norm_rms_epsilon")));
    json_["rms_norm_eps"] = decimal(eps);
    return {};
  }

  Result<void> add_rope() {
    HONE_TRY(const auto turned, file_.get<std::int64_t>(key("rope.dimension_count")));
    if (turned.value_or(head_dim_) != head_dim_)
      return Error{place("rope.dimension_count"), fmt::format("must be the heads' width ({})", head_dim_),
                   std::to_string(*turned)};
    HONE_TRY(const auto theta, file_.get<double>(key("rope.freq_base")));
    HONE_TRY(const auto type, file_.get<std::string>(key("rope.scaling.type")));
    const double base = decimal(theta.value_or(10000.0));
    json_["rope_theta"] = base;
    OrderedJson rope{{"rope_theta", base}, {"rope_type", "default"}};
    if (type.value_or("none") == "linear") {
      HONE_TRY(const double factor, file_.require<double>(key("rope.scaling.factor")));
      rope["rope_type"] = "linear";
      rope["factor"] = decimal(factor);
    } else if (type.value_or("none") != "none") {
      return Error{place("rope.scaling.type"), "must be none or linear", brief(Json(*type))};
    }
    if (file_.tensors().contains("rope_freqs.weight")) {
      HONE_TRY(const GgufTensor divisors, tensor("rope_freqs.weight", 1));
      const std::string where = file_.where() + ": tensor rope_freqs.weight";
      if (divisors.shape[0] * 2 != head_dim_ || divisors.type != GgufType::kF32)
        return Error{where, fmt::format("must be F32 [{}]", head_dim_ / 2),
                     fmt::format("{} {}", to_string(divisors.type), Json(divisors.shape).dump())};
      if (rope["rope_type"] != "default")
        return Error{where, "must not stand beside a scaled rotation", *type};
      HONE_TRY(const RopeConfig found,
               llama3_from_divisors(from_gguf(divisors.bytes, GgufType::kF32), base, where));
      rope["rope_type"] = "llama3";
      rope["factor"] = decimal(found.factor);
      rope["low_freq_factor"] = found.low_freq_factor;
      rope["high_freq_factor"] = found.high_freq_factor;
      rope["original_max_position_embeddings"] = found.original_max_position_embeddings;
    }
    if (rope["rope_type"] != "default") json_["rope_scaling"] = rope;  // transformers 4 reads this one
    json_["rope_parameters"] = std::move(rope);
    return {};
  }

  Result<void> add_ends(const Vocabulary& vocabulary) {
    const auto id = [](std::optional<std::int32_t> value) {
      return value ? OrderedJson(*value) : OrderedJson(nullptr);
    };
    json_["bos_token_id"] = id(vocabulary.bos);
    HONE_TRY(const std::vector<std::int32_t> ends, read_end_ids(file_, vocabulary));
    if (ends.empty()) {
      json_["eos_token_id"] = nullptr;
    } else if (ends.size() == 1) {
      json_["eos_token_id"] = ends[0];
    } else {
      json_["eos_token_id"] = ends;
    }
    json_["pad_token_id"] = id(vocabulary.pad);
    return {};
  }

  const GgufFile& file_;
  std::string arch_;
  OrderedJson json_;
  std::int64_t head_dim_ = 0;
};

DType stored_dtype(GgufType type) {
  return type == GgufType::kF16 ? DType::kF16 : type == GgufType::kBF16 ? DType::kBF16 : DType::kF32;
}

// The tensors as they will be written; `owned` keeps the bytes that the file itself does not hold.
Result<std::vector<TensorToWrite>> tensors_of(const GgufFile& file, const ModelConfig& config,
                                              std::deque<std::vector<std::byte>>& owned) {
  std::vector<TensorToWrite> out;
  std::set<std::string, std::less<>> used = {"rope_freqs.weight"};
  for (const GgufSlot& slot : gguf_layout(config)) {
    const auto it = file.tensors().find(slot.gguf);
    const std::string where = file.where() + ": tensor " + slot.gguf;
    if (it == file.tensors().end()) return Error{where, "must be present", ""};
    const GgufTensor& tensor = it->second;
    if (tensor.shape != slot.shape)
      return Error{where,
                   fmt::format("must have the shape {} that the metadata say", Json(slot.shape).dump()),
                   Json(tensor.shape).dump()};
    used.insert(slot.gguf);
    std::span<const std::byte> bytes = tensor.bytes;
    if (tensor.type == GgufType::kQ8_0) {
      const std::vector<float> values = from_gguf(bytes, tensor.type);
      const auto* begin = reinterpret_cast<const std::byte*>(values.data());
      bytes = owned.emplace_back(begin, begin + values.size() * sizeof(float));
    }
    if (slot.paired_heads > 0) {
      const auto rows = static_cast<std::size_t>(slot.shape[0]), width = bytes.size() / rows;
      std::vector<std::byte> halves(bytes.size());
      for (std::size_t row = 0; row < rows; ++row) {
        const auto from =
            static_cast<std::size_t>(halves_to_paired(static_cast<std::int64_t>(row), config.head_dim));
        std::memcpy(halves.data() + row * width, bytes.data() + from * width, width);
      }
      bytes = owned.emplace_back(std::move(halves));
    }
    out.push_back({slot.hugging_face, stored_dtype(tensor.type), slot.shape, bytes});
  }
  for (const auto& [name, tensor] : file.tensors()) {
    if (!used.contains(name))
      return Error{file.where() + ": tensor " + brief(Json(name)),
                   fmt::format("must be a tensor of {} models with these metadata", config.model_type),
                   fmt::format("{} {}", to_string(tensor.type), Json(tensor.shape).dump())};
  }
  return out;
}

}  // namespace

Result<void> import_gguf(const GgufFile& file, const Vocabulary& vocabulary,
                         const std::filesystem::path& folder) {
  HONE_TRY(const std::string arch, file.require<std::string>("general.architecture"));
  if (arch != "llama" && arch != "qwen2" && arch != "qwen3")
    return Error{file.where() + ": general.architecture", "must be llama, qwen2 or qwen3", brief(Json(arch))};
  HONE_TRY(const OrderedJson json, ConfigFromKeys(file, arch).make(vocabulary));
  HONE_TRY(const ModelConfig config, parse_model_config(json.dump(2) + "\n", file.where()));
  std::deque<std::vector<std::byte>> owned;
  HONE_TRY(const std::vector<TensorToWrite> tensors, tensors_of(file, config, owned));
  HONE_TRY_VOID(write_file_atomically(folder / "config.json", config.json));
  HONE_TRY(const std::vector<std::int32_t> ends, read_end_ids(file, vocabulary));
  HONE_TRY_VOID(write_generation_config(folder, ends, vocabulary.pad));
  return write_model_tensors(folder, tensors);
}

}  // namespace hone
