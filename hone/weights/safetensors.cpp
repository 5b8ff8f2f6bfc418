#include "hone/weights/safetensors.h"

#include <set>
#include <utility>

#include "hone/weights/safetensors_header.h"

namespace hone {
namespace {

struct OpenFile {
  std::map<std::string, TensorView> tensors;
  std::map<std::string, std::string> metadata;
};

Result<OpenFile> map_tensors(const fs::path& path) {
  HONE_TRY(const MappedFile file, MappedFile::open(path));
  HONE_TRY(SafetensorsHeader header, parse_safetensors_header(file.bytes(), path.string()));
  OpenFile out;
  out.metadata = std::move(header.metadata);
  for (auto& [name, entry] : header.entries) {
    TensorView view;
    view.dtype = entry.dtype;
    view.shape = std::move(entry.shape);
    view.bytes = file.bytes().subspan(header.data_start + entry.begin, entry.end - entry.begin);
    view.file = file;
    out.tensors.emplace(name, std::move(view));
  }
  return out;
}

// tensor name → shard, from the index.
Result<std::map<std::string, std::string>> read_weight_map(const fs::path& index) {
  constexpr int kMaxDepth = 8;  // metadata may hold what its writer liked
  const std::string where = index.string();
  HONE_TRY(const std::string text, read_file(index));
  HONE_TRY(const Json json, parse_json_without_duplicates(text, where, kMaxDepth));
  const auto weight_map = json.is_object() ? json.find("weight_map") : json.end();
  if (weight_map == json.end() || !weight_map->is_object() || weight_map->empty()) {
    return Error{where, "weight_map must be an object of tensor names and their files",
                 weight_map == json.end() ? "nothing" : brief(*weight_map)};
  }
  std::map<std::string, std::string> shards;
  for (const auto& [name, value] : weight_map->items()) {
    const std::string shard = value.is_string() ? value.get<std::string>() : "";
    // A name with a folder in it could reach files outside the model.
    if (shard.empty() || shard == "." || shard == ".." || shard.find('/') != std::string::npos ||
        shard.find('\0') != std::string::npos) {
      return Error{where + ": weight_map: " + name, "must name a file of the same folder", brief(value)};
    }
    shards.emplace(name, shard);
  }
  return shards;
}

}  // namespace

std::int64_t TensorView::numel() const {
  std::int64_t n = 1;
  for (const std::int64_t dimension : shape) n *= dimension;
  return n;
}

Result<TensorFiles> TensorFiles::open_file(const fs::path& file) {
  HONE_TRY(OpenFile opened, map_tensors(file));
  TensorFiles out;
  out.path_ = file;
  out.tensors_ = std::move(opened.tensors);
  out.metadata_ = std::move(opened.metadata);
  return out;
}

Result<TensorFiles> TensorFiles::open_model(const fs::path& folder) {
  std::error_code ec;
  const fs::path single = folder / "model.safetensors", index = folder / "model.safetensors.index.json";
  if (fs::exists(single, ec)) return open_file(single);
  if (!fs::exists(index, ec)) {
    const bool pickled = fs::exists(folder / "pytorch_model.bin", ec) ||
                         fs::exists(folder / "pytorch_model.bin.index.json", ec);
    return Error{folder.string(), "must hold model.safetensors or model.safetensors.index.json",
                 pickled ? "pytorch_model.bin, which is not read: convert it to safetensors" : "neither"};
  }
  HONE_TRY(const auto weight_map, read_weight_map(index));
  std::set<std::string> shards;
  for (const auto& [name, shard] : weight_map) shards.insert(shard);
  TensorFiles out;
  out.path_ = index;
  std::map<std::string, OpenFile> opened;
  for (const std::string& shard : shards) {
    const fs::path path = folder / shard;
    if (!fs::exists(path, ec))
      return Error{index.string(), "every file that weight_map names must exist", shard};
    HONE_TRY(OpenFile file, map_tensors(path));
    out.metadata_.insert(file.metadata.begin(), file.metadata.end());
    opened.emplace(shard, std::move(file));
  }
  for (const auto& [name, shard] : weight_map) {
    auto& tensors = opened.at(shard).tensors;
    const auto it = tensors.find(name);
    if (it == tensors.end()) {
      return Error{(folder / shard).string(), "must hold the tensors that the index says it does",
                   fmt::format("no {}", name)};
    }
    out.tensors_.emplace(name, std::move(it->second));
  }
  return out;
}

Result<TensorView> TensorFiles::find(const std::string& name) const {
  const auto it = tensors_.find(name);
  if (it == tensors_.end()) return Error{path_.string(), "must hold the tensor " + name, ""};
  return it->second;
}

}  // namespace hone
