// Parquet files (parquet-format 2.10) as rows. Internal to data/.
#pragma once

#include <string>

#include "hone/base/result.h"
#include "hone/data/row_files.h"

namespace hone {

// Each row as a JSON object of the file's columns, its `line` the number of the row; groups are objects,
// lists and maps lists (a map's elements are {"key": …, "value": …}), what is missing null; values as
// column.h has them. Read: all types and encodings of the format but nested maps of Thrift; pages
// uncompressed or of Snappy, gzip or Zstandard. Error: no Parquet file, an encrypted or damaged one. A row
// with a text that is not UTF-8 has an error of its own.
Result<RowFile> read_parquet_rows(const std::string& file);

}  // namespace hone
