// Reads bytes from the front of a text that may be cut short or hostile: what lies beyond its end reads as
// zeros, and failed() tells. Numbers are little-endian. Internal to data/parquet/.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace hone {

static_assert(std::endian::native == std::endian::little);

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : left_(bytes) {}

  bool failed() const { return failed_; }
  void fail() { failed_ = true, left_ = {}; }
  std::size_t left() const { return left_.size(); }
  std::string_view rest() { return take(left_.size()); }

  std::string_view take(std::uint64_t count) {
    if (count > left_.size()) {
      fail();
      return {};
    }
    const std::string_view taken = left_.substr(0, count);
    left_.remove_prefix(count);
    return taken;
  }

  template <class T>
  T number() {
    T value{};
    const std::string_view bytes = take(sizeof(T));
    if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }

  // LEB128: seven bits a byte, the lowest first.
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = number<std::uint8_t>();
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    fail();
    return 0;
  }

  std::int64_t zigzag() {
    const std::uint64_t value = varint();
    return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
  }

 private:
  std::string_view left_;
  bool failed_ = false;
};

}  // namespace hone
