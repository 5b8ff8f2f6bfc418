#include <cstring>

#include "hone/base/check.h"
#include "hone/weights/gguf.h"

namespace hone {
namespace {

constexpr std::uint64_t kGgufAlignment = 32;  // what a file without general.alignment has

template <class T>
void put(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

void put_text(std::string& out, std::string_view text) {
  put<std::uint64_t>(out, text.size());
  out += text;
}

std::uint64_t aligned(std::uint64_t bytes) {
  return (bytes + kGgufAlignment - 1) / kGgufAlignment * kGgufAlignment;
}

std::uint64_t bytes_of(const GgufTensorToWrite& tensor) {
  std::uint64_t count = 1;
  for (const std::int64_t n : tensor.shape) count *= static_cast<std::uint64_t>(n);
  HONE_CHECK(!tensor.shape.empty() && tensor.shape.back() % block_size(tensor.type) == 0, "{}: rows of {}",
             tensor.name, tensor.shape.empty() ? 0 : tensor.shape.back());
  return gguf_bytes(tensor.type, count);
}

Result<void> write_padding(AtomicFile& out, std::uint64_t written) {
  const std::string zeros(aligned(written) - written, '\0');
  return out.write(zeros.data(), zeros.size());
}

}  // namespace

void GgufMetadata::key(const std::string& key, std::uint32_t type) {
  HONE_CHECK(keys_.insert(key).second, "the key {} comes twice", key);
  put_text(bytes_, key);
  put(bytes_, type);
}

void GgufMetadata::u32(const std::string& name, std::uint32_t value) {
  key(name, 4);
  put(bytes_, value);
}

void GgufMetadata::f32(const std::string& name, float value) {
  key(name, 6);
  put(bytes_, value);
}

void GgufMetadata::flag(const std::string& name, bool value) {
  key(name, 7);
  put<std::uint8_t>(bytes_, value ? 1 : 0);
}

void GgufMetadata::text(const std::string& name, std::string_view value) {
  key(name, 8);
  put_text(bytes_, value);
}

void GgufMetadata::texts(const std::string& name, std::span<const std::string> values) {
  key(name, 9);
  put<std::uint32_t>(bytes_, 8);
  put<std::uint64_t>(bytes_, values.size());
  for (const std::string& value : values) put_text(bytes_, value);
}

void GgufMetadata::i32s(const std::string& name, std::span<const std::int32_t> values) {
  key(name, 9);
  put<std::uint32_t>(bytes_, 5);
  put<std::uint64_t>(bytes_, values.size());
  for (const std::int32_t value : values) put(bytes_, value);
}

Result<void> write_gguf(const std::filesystem::path& file, const GgufMetadata& metadata,
                        std::span<const GgufTensorToWrite> tensors) {
  std::string head = "GGUF";
  put<std::uint32_t>(head, 3);
  put<std::uint64_t>(head, tensors.size());
  put<std::uint64_t>(head, metadata.count());
  head += metadata.bytes();
  std::set<std::string_view> names;
  std::uint64_t offset = 0;
  for (const GgufTensorToWrite& tensor : tensors) {
    HONE_CHECK(names.insert(tensor.name).second, "the tensor {} comes twice", tensor.name);
    put_text(head, tensor.name);
    put(head, static_cast<std::uint32_t>(tensor.shape.size()));
    for (auto n = tensor.shape.rbegin(); n != tensor.shape.rend(); ++n)
      put<std::uint64_t>(head, static_cast<std::uint64_t>(*n));
    put(head, static_cast<std::uint32_t>(tensor.type));
    put<std::uint64_t>(head, offset);
    offset += aligned(bytes_of(tensor));
  }
  HONE_TRY(AtomicFile out, AtomicFile::create(file));
  HONE_TRY_VOID(out.write(head.data(), head.size()));
  HONE_TRY_VOID(write_padding(out, head.size()));
  for (const GgufTensorToWrite& tensor : tensors) {
    HONE_TRY(const std::vector<std::byte> bytes, tensor.make_bytes());
    HONE_CHECK(bytes.size() == bytes_of(tensor), "{}: {} bytes of {}", tensor.name, bytes.size(),
               bytes_of(tensor));
    HONE_TRY_VOID(out.write(bytes.data(), bytes.size()));
    HONE_TRY_VOID(write_padding(out, bytes.size()));
  }
  return out.commit();
}

}  // namespace hone
