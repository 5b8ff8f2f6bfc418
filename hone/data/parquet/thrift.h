// Apache Thrift's compact protocol (thrift/doc/specs/thrift-compact-protocol.md), in which Parquet writes its
// footer and the heads of its pages: read whole, into a tree. Internal to data/parquet/.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "hone/data/parquet/byte_reader.h"

namespace hone {

struct ThriftValue {
  std::int64_t number = 0;                                   // of booleans and integers
  std::string_view bytes;                                    // of texts; into what was read
  std::vector<ThriftValue> items;                            // of lists and sets
  std::vector<std::pair<std::int64_t, ThriftValue>> fields;  // of structs, by their ids

  // Null: the struct has no such field.
  const ThriftValue* find(std::int64_t id) const;
  std::optional<std::int64_t> integer(std::int64_t id) const;
  std::int64_t integer(std::int64_t id, std::int64_t otherwise) const {
    return integer(id).value_or(otherwise);
  }
};

// The struct in front. What is not well formed, or nests more than 32 deep, fails the reader.
ThriftValue read_thrift_struct(ByteReader& reader);

}  // namespace hone
