// Data files cut into rows, each a JSON object as text. Internal to data/.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/result.h"

namespace hone {

struct RawRow {
  std::int64_t line = 0;       // from 1, that on which the row begins; of Parquet the number of the row
  std::string_view text;       // into RowFile::text
  std::optional<Error> error;  // what is wrong with this row alone
};

struct RowFile {
  std::unique_ptr<const std::string> text;
  std::vector<RawRow> rows;
};

// By the file's name: *.csv is CSV (RFC 4180: cells with commas, quotes and line breaks in double quotes, a
// header first; each row becomes an object of texts), *.json a list of objects (or JSON lines, where it does
// not begin with a bracket), *.parquet Parquet (parquet/parquet_rows.h), anything else JSON lines. A byte order
// mark and blank lines are passed over. Errors name the file and the line: not readable, a list or a quoted
// cell that does not end, a header without names of their own.
Result<RowFile> read_row_file(const std::string& file);

}  // namespace hone
