// Text tables with aligned columns, for closing summaries and lists.
//
// A table is a value; rendering is a pure function of it and the width. One thread at a time while rows are
// added.
#pragma once

#include <string>
#include <vector>

namespace hone {

enum class Align { kLeft, kRight };

class Table {
 public:
  struct Column {
    std::string title;  // all titles empty: no head is drawn
    Align align = Align::kLeft;
  };

  explicit Table(std::vector<Column> columns);

  // As many cells as columns (BrokenInvariant otherwise). Cells are shown on one line each, through
  // printable().
  void row(std::vector<std::string> cells);
  // A rule between the rows before and after.
  void rule();

  bool empty() const { return rows_.empty(); }

  // The lines, each ending in a newline, none wider than `width` columns (0: as wide as needed): the widest
  // left-aligned columns are cut first, numbers last. No trailing spaces. Rules are of "─", of "-" without
  // `unicode`.
  std::string render(int width = 0, bool unicode = true) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;  // an empty row is a rule
};

}  // namespace hone
