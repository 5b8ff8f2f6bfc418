// GGUF files, versions 2 and 3, little-endian: a header, metadata, descriptions of tensors, then their bytes.
// Source: ggml's docs/gguf.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hone/base/files.h"
#include "hone/base/result.h"

namespace hone {

// The numbers are ggml's.
enum class GgufType : std::uint32_t { kF32 = 0, kF16 = 1, kQ8_0 = 8, kBF16 = 30 };
const char* to_string(GgufType type);                                  // "F32" … "Q8_0"
std::optional<GgufType> gguf_type_from_string(std::string_view name);  // in either case

// Elements that share a scale: 32 of Q8_0, else 1. A tensor's innermost dimension is a multiple of it.
std::int64_t block_size(GgufType type);
// Bytes of `count` elements, a multiple of the block size.
std::uint64_t gguf_bytes(GgufType type, std::uint64_t count);

struct GgufTensor {
  GgufType type = GgufType::kF32;
  std::vector<std::int64_t> shape;   // outermost first, as PyTorch writes it (in the file: innermost first)
  std::span<const std::byte> bytes;  // row-major, in the mapped file
  MappedFile file;
  std::int64_t numel() const;
};

// Integers of any width are int64, floats double.
using GgufValue = std::variant<bool, std::int64_t, double, std::string, std::vector<bool>,
                               std::vector<std::int64_t>, std::vector<double>, std::vector<std::string>>;

// An opened file. Thread safety: const methods may be called from many threads.
class GgufFile {
 public:
  // Errors name the file and the key or tensor: another format, version or byte order; counts, lengths and
  // offsets that leave the file; tensors that overlap, repeat a name, stand off the alignment or have a type
  // other than GgufType's; keys that come twice; unsigned integers past 63 bits.
  static Result<GgufFile> open(const std::filesystem::path& file);

  const std::string& where() const { return where_; }
  const std::map<std::string, GgufValue, std::less<>>& metadata() const { return metadata_; }
  const std::map<std::string, GgufTensor, std::less<>>& tensors() const { return tensors_; }

  // The value of a key as T (any alternative of GgufValue; for double an integer will do). Error: another
  // type. Absent: nothing.
  template <class T>
  Result<std::optional<T>> get(const std::string& key) const;
  // The same, absent being an error.
  template <class T>
  Result<T> require(const std::string& key) const;

 private:
  friend class GgufReader;
  std::string where_;
  std::map<std::string, GgufValue, std::less<>> metadata_;
  std::map<std::string, GgufTensor, std::less<>> tensors_;
};

// Metadata to be written, encoded in the order of the calls. Requires keys that differ.
class GgufMetadata {
 public:
  void u32(const std::string& key, std::uint32_t value);
  void f32(const std::string& key, float value);
  void flag(const std::string& key, bool value);
  void text(const std::string& key, std::string_view value);
  void texts(const std::string& key, std::span<const std::string> values);
  void i32s(const std::string& key, std::span<const std::int32_t> values);

  std::uint64_t count() const { return keys_.size(); }
  const std::string& bytes() const { return bytes_; }

 private:
  void key(const std::string& key, std::uint32_t type);

  std::string bytes_;
  std::set<std::string> keys_;
};

struct GgufTensorToWrite {
  std::string name;
  GgufType type = GgufType::kF32;
  std::vector<std::int64_t> shape;                             // outermost first
  std::function<Result<std::vector<std::byte>>()> make_bytes;  // called once, when it is its turn
};

// Version 3, alignment 32, tensors in the given order; replaced atomically. Holds one tensor's bytes at a
// time. Requires names that differ and bytes as long as shape and type say.
Result<void> write_gguf(const std::filesystem::path& file, const GgufMetadata& metadata,
                        std::span<const GgufTensorToWrite> tensors);

}  // namespace hone
