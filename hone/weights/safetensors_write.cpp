#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "hone/base/check.h"
#include "hone/weights/safetensors.h"
#include "hone/weights/safetensors_header.h"

namespace hone {
namespace {

// The reference implementation's order of dtypes, widest first, so that its files and ours are the same
// bytes.
int rank(DType dtype) {
  switch (dtype) {
    case DType::kI64:
      return 0;
    case DType::kF64:
      return 1;
    case DType::kF32:
      return 2;
    case DType::kI32:
      return 3;
    case DType::kBF16:
      return 4;
    case DType::kF16:
      return 5;
    case DType::kU8:
      return 6;
    case DType::kBool:
      return 7;
  }
  HONE_CHECK(false, "dtype {}", static_cast<int>(dtype));
}

// Bytes that the shape and dtype take; nothing when they do not fit 63 bits or a dimension is negative.
std::optional<std::uint64_t> expected_bytes(const TensorToWrite& tensor) {
  std::uint64_t bytes = size_of(tensor.dtype);
  for (const std::int64_t dimension : tensor.shape) {
    if (dimension < 0 || __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(dimension), &bytes))
      return {};
  }
  return bytes;
}

Result<void> check_tensors(std::span<const TensorToWrite> tensors, const std::string& where) {
  std::set<std::string_view> names;
  for (const TensorToWrite& tensor : tensors) {
    if (tensor.name.empty() || tensor.name == "__metadata__" || !names.insert(tensor.name).second) {
      return Error{where, "tensors must have names of their own", fmt::format("\"{}\"", tensor.name)};
    }
    const auto expected = expected_bytes(tensor);
    if (expected != tensor.bytes.size()) {
      return Error{where + ": " + tensor.name,
                   fmt::format("{} {} must take as many bytes as it has", to_string(tensor.dtype),
                               Json(tensor.shape).dump()),
                   fmt::format("{} bytes", tensor.bytes.size())};
    }
  }
  return {};
}

bool is_shard_name(const std::string& name) {
  constexpr std::string_view pattern = "model-#####-of-#####.safetensors";
  return name.size() == pattern.size() && std::ranges::equal(name, pattern, [](char c, char p) {
           return p == '#' ? c >= '0' && c <= '9' : c == p;
         });
}

// Files of an earlier, differently cut save would be read in the place of the new ones.
Result<void> remove_stale(const fs::path& folder, const std::set<std::string>& keep) {
  std::vector<fs::path> stale;
  std::error_code ec;
  for (fs::directory_iterator it(folder, ec), end; !ec && it != end; it.increment(ec)) {
    const std::string name = it->path().filename().string();
    const bool ours =
        name == "model.safetensors" || name == "model.safetensors.index.json" || is_shard_name(name);
    if (ours && !keep.contains(name)) stale.push_back(it->path());
  }
  if (ec) return Error{folder.string(), "the folder must be readable", ec.message()};
  for (const fs::path& path : stale) {
    fs::remove(path, ec);
    if (ec) return Error{path.string(), "the stale file must be removable", ec.message()};
  }
  return {};
}

// Consecutive tensors, as many as fit; one that is larger than a shard gets its own.
std::vector<std::span<const TensorToWrite>> cut_shards(std::span<const TensorToWrite> tensors,
                                                       std::uint64_t max_shard_bytes) {
  std::vector<std::span<const TensorToWrite>> shards;
  std::size_t begin = 0;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::uint64_t next = tensors[i].bytes.size();
    if (i > begin && next > max_shard_bytes - std::min(bytes, max_shard_bytes)) {
      shards.push_back(tensors.subspan(begin, i - begin));
      begin = i;
      bytes = 0;
    }
    bytes += next;
  }
  shards.push_back(tensors.subspan(begin));
  return shards;
}

}  // namespace

Result<void> write_safetensors(const fs::path& file, std::span<const TensorToWrite> tensors,
                               const std::map<std::string, std::string>& metadata) {
  HONE_TRY_VOID(check_tensors(tensors, file.string()));
  std::vector<TensorToWrite> order(tensors.begin(), tensors.end());
  std::ranges::sort(
      order, {}, [](const TensorToWrite& t) { return std::pair(rank(t.dtype), std::string_view(t.name)); });
  HONE_TRY(const std::string header, make_safetensors_header(order, metadata, file.string()));
  std::array<char, 8> length{};
  for (std::size_t i = 0; i < 8; ++i) length[i] = static_cast<char>(header.size() >> (8 * i));
  HONE_TRY(AtomicFile out, AtomicFile::create(file));
  HONE_TRY_VOID(out.write(length.data(), length.size()));
  HONE_TRY_VOID(out.write(header.data(), header.size()));
  for (const TensorToWrite& tensor : order)
    HONE_TRY_VOID(out.write(tensor.bytes.data(), tensor.bytes.size()));
  return out.commit();
}

Result<void> write_model_tensors(const fs::path& folder, std::span<const TensorToWrite> tensors,
                                 std::int64_t max_shard_bytes) {
  HONE_CHECK(max_shard_bytes > 0, "max_shard_bytes = {}", max_shard_bytes);
  HONE_TRY_VOID(check_tensors(tensors, folder.string()));
  const auto shards = cut_shards(tensors, static_cast<std::uint64_t>(max_shard_bytes));
  if (shards.size() == 1) {
    HONE_TRY_VOID(write_safetensors(folder / "model.safetensors", tensors));
    return remove_stale(folder, {"model.safetensors"});
  }
  HONE_CHECK(shards.size() <= 99'999, "{} shards", shards.size());  // the names count to five digits
  Json weight_map = Json::object();
  std::uint64_t total = 0;
  std::set<std::string> written = {"model.safetensors.index.json"};
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const std::string name = fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size());
    HONE_TRY_VOID(write_safetensors(folder / name, shards[i]));
    written.insert(name);
    for (const TensorToWrite& tensor : shards[i]) {
      weight_map[tensor.name] = name;
      total += tensor.bytes.size();
    }
  }
  const Json index = {{"metadata", {{"total_size", total}}}, {"weight_map", std::move(weight_map)}};
  HONE_TRY_VOID(write_file_atomically(folder / "model.safetensors.index.json", index.dump(2) + "\n"));
  return remove_stale(folder, written);
}

}  // namespace hone
