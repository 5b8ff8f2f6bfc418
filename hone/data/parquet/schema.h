// The schema of a Parquet file as a tree, from the list in its footer (SchemaElement in parquet.thrift,
// LogicalTypes.md). Internal to data/parquet/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/data/parquet/thrift.h"

namespace hone {

enum class ParquetType { kBoolean = 0, kInt32, kInt64, kInt96, kFloat, kDouble, kBytes, kFixedBytes };

// What a leaf's values mean, beyond how they are stored.
enum class ParquetMeaning { kAsStored, kText, kUnsigned, kDecimal };

// A column that holds values.
struct ParquetLeaf {
  std::string name;  // of its place: "messages.list.element.content"
  ParquetType type = ParquetType::kInt32;
  ParquetMeaning meaning = ParquetMeaning::kAsStored;
  std::size_t width = 0;  // bytes of a value of fixed size; 0: of its own size, or one bit
  int scale = 0;          // digits of a decimal after its point
  std::uint32_t most_repeated = 0, most_defined = 0;  // its highest levels
};

struct ParquetNode {
  enum class Kind { kLeaf, kObject, kList };
  std::string key;  // its name as JSON, and a colon
  Kind kind = Kind::kLeaf;
  bool optional = false, repeated = false;
  std::uint32_t repetition = 0, definition = 0;  // the levels of an entry in which it is there
  std::size_t first_leaf = 0, end_leaf = 0;      // those below it, in ParquetSchema::leaves
  std::vector<ParquetNode> children;             // of a list: the one that is repeated
  // Of what is repeated in a list: its only child is the element, and not it.
  bool wraps_element = false;
};

struct ParquetSchema {
  ParquetNode root;
  std::vector<ParquetLeaf> leaves;
};

// `elements` as in the footer's field 2: a walk through the tree, parents first.
Result<ParquetSchema> read_parquet_schema(const std::vector<ThriftValue>& elements, const std::string& file);

}  // namespace hone
