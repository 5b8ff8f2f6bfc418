#include "hone/data/parquet/encoding.h"

#include <algorithm>
#include <utility>

namespace hone {
namespace {

// `width` ≤ 64 bits from bit `at`, the lowest first.
std::uint64_t bits_at(std::string_view bytes, std::size_t at, unsigned width) {
  std::uint64_t value = 0;
  for (unsigned got = 0; got < width;) {
    const auto byte = static_cast<std::uint8_t>(bytes[(at + got) / 8]);
    const unsigned skip = (at + got) % 8, here = std::min(8 - skip, width - got);
    value |= std::uint64_t{(byte >> skip) & ((1U << here) - 1)} << got;
    got += here;
  }
  return value;
}

}  // namespace

std::vector<std::uint32_t> read_run_lengths(ByteReader& reader, unsigned bit_width, std::size_t count) {
  std::vector<std::uint32_t> values;
  if (bit_width > 32) reader.fail();
  while (values.size() < count && !reader.failed()) {
    const std::uint64_t head = reader.varint();
    const std::size_t left = count - values.size();
    if ((head & 1) == 0) {
      std::uint32_t value = 0;
      const std::string_view bytes = reader.take((bit_width + 7) / 8);
      if (!bytes.empty()) std::memcpy(&value, bytes.data(), bytes.size());
      if (head == 0) reader.fail();  // a run of none would go on for ever
      if (!reader.failed()) values.insert(values.end(), std::min<std::uint64_t>(head >> 1, left), value);
      continue;
    }
    // Groups of eight; the last may be cut off after what is needed.
    const std::uint64_t groups = std::min<std::uint64_t>(head >> 1, (left + 7) / 8);
    const std::string_view bytes =
        reader.take(std::min<std::uint64_t>((head >> 1) * bit_width, reader.left()));
    const std::size_t here = std::min<std::uint64_t>(groups * 8, left);
    if (head >> 1 == 0 || bytes.size() * 8 < here * bit_width) reader.fail();
    for (std::size_t i = 0; i < here && !reader.failed(); ++i)
      values.push_back(static_cast<std::uint32_t>(bits_at(bytes, i * bit_width, bit_width)));
  }
  return values;
}

std::vector<std::int64_t> read_deltas(ByteReader& reader, std::size_t most) {
  const std::uint64_t block = reader.varint(), miniblocks = reader.varint(), total = reader.varint();
  std::uint64_t value = static_cast<std::uint64_t>(reader.zigzag());  // sums wrap
  std::vector<std::int64_t> values;
  constexpr std::uint64_t kLargestBlock = 1 << 20;
  if (total > most || miniblocks == 0 || block > kLargestBlock || block / 8 % miniblocks != 0 || block == 0)
    reader.fail();
  if (reader.failed() || total == 0) return values;
  values.push_back(static_cast<std::int64_t>(value));
  const std::uint64_t each = block / miniblocks;
  while (values.size() < total && !reader.failed()) {
    const auto least = static_cast<std::uint64_t>(reader.zigzag());
    const std::string_view widths = reader.take(miniblocks);
    for (const char width : widths) {
      if (values.size() == total) break;
      const auto bits = static_cast<std::uint8_t>(width);
      if (bits > 64) reader.fail();
      const std::string_view bytes = reader.take(each * bits / 8);
      for (std::uint64_t i = 0; i < each && values.size() < total && !reader.failed(); ++i) {
        value += least + bits_at(bytes, i * bits, bits);
        values.push_back(static_cast<std::int64_t>(value));
      }
    }
  }
  return values;
}

std::vector<std::string_view> read_delta_lengths(ByteReader& reader, std::size_t most) {
  std::vector<std::string_view> values;
  for (const std::int64_t length : read_deltas(reader, most)) {
    if (length < 0) reader.fail();
    values.push_back(reader.take(static_cast<std::uint64_t>(length)));
  }
  return values;
}

std::vector<std::string> read_delta_texts(ByteReader& reader, std::size_t most) {
  const std::vector<std::int64_t> shared = read_deltas(reader, most);
  const std::vector<std::string_view> rest = read_delta_lengths(reader, most);
  std::vector<std::string> values;
  if (shared.size() != rest.size()) reader.fail();
  for (std::size_t i = 0; i < shared.size() && !reader.failed(); ++i) {
    const std::string_view before = values.empty() ? std::string_view() : values.back();
    if (shared[i] < 0 || std::cmp_greater(shared[i], before.size())) {
      reader.fail();
      break;
    }
    std::string value(before.substr(0, static_cast<std::size_t>(shared[i])));
    value += rest[i];
    values.push_back(std::move(value));
  }
  return values;
}

}  // namespace hone
