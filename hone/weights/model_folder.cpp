#include "hone/weights/model_folder.h"

#include <limits>
#include <set>
#include <utility>

#include "hone/base/check.h"
#include "hone/base/files.h"
#include "hone/base/json.h"

namespace hone {
namespace {

std::string torch_name(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return "float32";
    case DType::kBF16:
      return "bfloat16";
    case DType::kF16:
      return "float16";
    default:
      HONE_CHECK(false, "a model's dtype is a float of at most 32 bits, got {}", to_string(dtype));
  }
}

Result<void> collect_eos_ids(const Json& json, const std::string& where, std::set<std::int32_t>& ids) {
  if (!json.is_object()) return Error{where, "must be a JSON object", brief(json)};
  const auto it = json.find("eos_token_id");
  if (it == json.end() || it->is_null()) return {};
  const Json list = it->is_array() ? *it : Json::array({*it});
  for (const Json& id : list) {
    const bool in_range = id.is_number_unsigned() &&
                          id.get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int32_t>::max()};
    if (!in_range) {
      return Error{where + ": eos_token_id", "must be a token id, a list of them, or null", brief(*it)};
    }
    ids.insert(id.get<std::int32_t>());
  }
  return {};
}

}  // namespace

Result<std::vector<std::int32_t>> read_eos_ids(const std::filesystem::path& folder) {
  std::set<std::int32_t> ids;
  std::error_code ec;
  const fs::path generation = folder / "generation_config.json", config = folder / "config.json";
  if (fs::exists(generation, ec)) {
    HONE_TRY(const Json json, read_json(generation));
    HONE_TRY_VOID(collect_eos_ids(json, generation.string(), ids));
  }
  HONE_TRY(const Json json, read_json(config));
  HONE_TRY_VOID(collect_eos_ids(json, config.string(), ids));
  return std::vector<std::int32_t>(ids.begin(), ids.end());
}

Result<void> write_model_config(const std::filesystem::path& folder, const ModelConfig& config, DType dtype) {
  const fs::path path = folder / "config.json";
  const std::string name = torch_name(dtype);
  if (name == config.dtype) return write_file_atomically(path, config.json);
  try {
    auto json = nlohmann::ordered_json::parse(config.json);
    const bool has_old = json.contains("torch_dtype");
    if (has_old) json["torch_dtype"] = name;
    if (!has_old || json.contains("dtype")) json["dtype"] = name;
    return write_file_atomically(path, json.dump(2) + "\n");
  } catch (const Json::exception& e) {
    return Error{path.string(), "the config that was read must be valid JSON", e.what()};
  }
}

Result<void> write_generation_config(const std::filesystem::path& folder,
                                     std::span<const std::int32_t> eos_ids,
                                     std::optional<std::int32_t> pad_id) {
  Json json = Json::object();
  if (eos_ids.size() == 1) json["eos_token_id"] = eos_ids[0];
  if (eos_ids.size() > 1) json["eos_token_id"] = std::vector<std::int32_t>(eos_ids.begin(), eos_ids.end());
  if (pad_id) json["pad_token_id"] = *pad_id;
  return write_file_atomically(folder / "generation_config.json", json.dump(2) + "\n");
}

Result<void> copy_if_present(const std::filesystem::path& from, const std::filesystem::path& to,
                             std::span<const std::string> names) {
  for (const std::string& name : names) {
    std::error_code ec;
    if (!fs::exists(from / name, ec)) continue;
    HONE_TRY(const std::string bytes, read_file(from / name));
    HONE_TRY_VOID(write_file_atomically(to / name, bytes));
  }
  return {};
}

const std::vector<std::string>& companion_file_names() {
  static const std::vector<std::string> names = {"tokenizer.json",
                                                 "tokenizer_config.json",
                                                 "special_tokens_map.json",
                                                 "added_tokens.json",
                                                 "vocab.json",
                                                 "merges.txt",
                                                 "tokenizer.model",
                                                 "chat_template.jinja",
                                                 "chat_template.json",
                                                 "generation_config.json"};
  return names;
}

}  // namespace hone
