// The rows of data files, read through a field map. Internal to data/.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/result.h"
#include "hone/config/options.h"
#include "hone/types/problem.h"

namespace hone {

// One row as a problem: id, messages as the row has them, answer, solution, fields (the row's own text).
// `where` is the row's file and line. Error: not a JSON object, a field missing or of another type, an empty
// prompt.
Result<Problem> parse_row(std::string_view text, const std::string& where, const DataFieldOptions& map);

// Files held as text, rows parsed when asked for: memory is the size of the files.
class RowTable {
 public:
  struct Row {
    std::size_t file = 0;
    std::int64_t line = 0;  // from 1
    std::string_view text;
    std::uint64_t id = 0;
  };

  // Reads and checks every row. With `skip`, malformed rows are counted and left out instead of being an
  // error.
  static Result<RowTable> read(const std::vector<std::string>& files, const DataFieldOptions& map, bool skip);

  std::vector<Row>& rows() { return rows_; }
  const std::vector<Row>& rows() const { return rows_; }
  std::int64_t skipped() const { return skipped_; }
  Problem problem(const Row& row) const;

 private:
  std::string where(const Row& row) const;

  DataFieldOptions map_;
  std::vector<std::string> files_;
  std::vector<std::unique_ptr<const std::string>> texts_;  // what the rows' text points into
  std::vector<Row> rows_;
  std::int64_t skipped_ = 0;
};

}  // namespace hone
