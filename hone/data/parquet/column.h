// A column of a Parquet row group, each value as JSON. Internal to data/parquet/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/result.h"
#include "hone/data/parquet/schema.h"

namespace hone {

// A value, as the place of its JSON in ParquetColumn::text.
struct ParquetValue {
  std::size_t begin = 0, size = 0;  // 0: a text that is not UTF-8
};

// An entry is a value or the lack of one, with the levels of Dremel (Melnik et al. 2010, section 4.1).
struct ParquetColumn {
  std::vector<std::uint32_t> repetition, definition;  // of each entry; empty where all are 0
  std::vector<ParquetValue> values;  // of the entries that have the leaf's highest definition
  std::size_t entries = 0;
  std::string text;
};

// Numbers are JSON numbers, infinities and NaN null; INT96 are nanoseconds since 1970; dates and times are
// the numbers that the file holds. Bytes that are not annotated as text are text where they are UTF-8, and
// null elsewhere. `chunk`: the footer's ColumnChunk; `file_bytes`: the whole file. Errors name `file` and the
// column.
Result<ParquetColumn> read_parquet_column(const ThriftValue& chunk, const ParquetLeaf& leaf,
                                          std::string_view file_bytes, const std::string& file);

}  // namespace hone
