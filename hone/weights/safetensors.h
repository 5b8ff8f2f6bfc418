// safetensors files: 8 bytes of little-endian header length, a JSON header, then the tensors' bytes.
// Source: the format's own specification (huggingface/safetensors, README, "Format").
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/files.h"
#include "hone/base/result.h"

namespace hone {

enum class DType { kF32, kF16, kBF16, kF64, kI64, kI32, kU8, kBool };
std::size_t size_of(DType dtype);
const char* to_string(DType dtype);  // the format's own names: "F32" …
std::optional<DType> dtype_from_string(std::string_view name);
// The names of config.json: "float32", "float16", "bfloat16", with or without "torch.".
std::optional<DType> dtype_from_torch_name(std::string_view name);

// A tensor's bytes inside a mapped file; the mapping lives as long as any view of it.
struct TensorView {
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;  // row-major, numel · size_of(dtype)
  MappedFile file;
  std::int64_t numel() const;
};

// The tensors of one file, or of all the shards that a model.safetensors.index.json names.
class TensorFiles {
 public:
  // Errors: header longer than the file, offsets out of bounds, overlapping or disagreeing with shape and
  // dtype, JSON that is not the format's, an unknown dtype; for an index: a missing shard, a tensor not in
  // its shard.
  static Result<TensorFiles> open_file(const std::filesystem::path& file);
  // model.safetensors, or model.safetensors.index.json with its shards, of a Hugging Face folder.
  static Result<TensorFiles> open_model(const std::filesystem::path& folder);

  const std::map<std::string, TensorView>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  // Error naming the file and the tensor when absent.
  Result<TensorView> find(const std::string& name) const;

 private:
  std::filesystem::path path_;
  std::map<std::string, TensorView> tensors_;
  std::map<std::string, std::string> metadata_;
};

// What to write: the bytes must stay valid until the call returns.
struct TensorToWrite {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;
};

// One file, replaced atomically. Tensors are laid out by descending alignment and then by name, as the
// reference implementation does; metadata gets {"format": "pt"}, which transformers requires.
Result<void> write_safetensors(const std::filesystem::path& file, std::span<const TensorToWrite> tensors,
                               const std::map<std::string, std::string>& metadata = {{"format", "pt"}});

// Shards of at most `max_shard_bytes` with an index when more than one is needed, else model.safetensors.
Result<void> write_model_tensors(const std::filesystem::path& folder, std::span<const TensorToWrite> tensors,
                                 std::int64_t max_shard_bytes = 5'000'000'000);

}  // namespace hone
