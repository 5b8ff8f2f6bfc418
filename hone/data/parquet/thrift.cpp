#include "hone/data/parquet/thrift.h"

#include <algorithm>

namespace hone {
namespace {

constexpr int kThriftDepth = 32;

enum class ThriftType : unsigned {
  kStop = 0,
  kTrue = 1,
  kFalse,
  kI8,
  kI16,
  kI32,
  kI64,
  kDouble,
  kBinary,
  kList,
  kSet,
  kMap,
  kStruct,
  kUuid
};

ThriftValue read_fields(ByteReader& reader, int depth);

ThriftValue read_thrift_list(ByteReader& reader, int depth);

// `in_struct`: a boolean is its type there, and a byte of its own elsewhere.
ThriftValue read_thrift_value(ByteReader& reader, ThriftType type, bool in_struct, int depth) {
  ThriftValue value;
  switch (type) {
    case ThriftType::kTrue:
    case ThriftType::kFalse:
      value.number = in_struct ? type == ThriftType::kTrue : reader.number<std::uint8_t>() == 1;
      break;
    case ThriftType::kI8:
      value.number = reader.number<std::int8_t>();
      break;
    case ThriftType::kI16:
    case ThriftType::kI32:
    case ThriftType::kI64:
      value.number = reader.zigzag();
      break;
    case ThriftType::kDouble:
      reader.take(8);
      break;
    case ThriftType::kUuid:
      reader.take(16);
      break;
    case ThriftType::kBinary:
      value.bytes = reader.take(reader.varint());
      break;
    case ThriftType::kList:
    case ThriftType::kSet:
      return read_thrift_list(reader, depth);
    case ThriftType::kStruct:
      return read_fields(reader, depth);
    default:
      reader.fail();  // a map: Parquet has none
  }
  return value;
}

ThriftValue read_thrift_list(ByteReader& reader, int depth) {
  ThriftValue value;
  if (depth == kThriftDepth) reader.fail();
  const auto head = reader.number<std::uint8_t>();
  const std::uint64_t count = head >> 4 == 15 ? reader.varint() : head >> 4;
  // Each item takes a byte at least, so that a false count ends with the bytes.
  for (std::uint64_t i = 0; i < count && !reader.failed(); ++i)
    value.items.push_back(read_thrift_value(reader, static_cast<ThriftType>(head & 15U), false, depth + 1));
  return value;
}

ThriftValue read_fields(ByteReader& reader, int depth) {
  ThriftValue value;
  if (depth == kThriftDepth) reader.fail();
  for (std::int64_t id = 0; !reader.failed();) {
    const auto head = reader.number<std::uint8_t>();
    const auto type = static_cast<ThriftType>(head & 15U);
    if (type == ThriftType::kStop) break;
    id = head >> 4 == 0 ? reader.zigzag() : id + (head >> 4);
    value.fields.emplace_back(id, read_thrift_value(reader, type, true, depth + 1));
  }
  return value;
}

}  // namespace

const ThriftValue* ThriftValue::find(std::int64_t id) const {
  const auto at =
      std::find_if(fields.begin(), fields.end(), [&](const auto& field) { return field.first == id; });
  return at == fields.end() ? nullptr : &at->second;
}

std::optional<std::int64_t> ThriftValue::integer(std::int64_t id) const {
  const ThriftValue* value = find(id);
  return value == nullptr ? std::nullopt : std::optional(value->number);
}

ThriftValue read_thrift_struct(ByteReader& reader) { return read_fields(reader, 0); }

}  // namespace hone
