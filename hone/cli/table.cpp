#include "hone/cli/table.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "hone/base/check.h"
#include "hone/cli/columns.h"

namespace hone {
namespace {

constexpr int kGap = 2;        // columns between two cells
constexpr int kMinColumn = 4;  // what a cut column keeps

// Takes columns away from the widest left-aligned column, then from the widest of all, until the table fits.
void shrink(std::vector<int>& widths, const std::vector<Table::Column>& columns, int room) {
  int total = std::accumulate(widths.begin(), widths.end(), 0);
  for (const bool left_only : {true, false}) {
    while (total > room) {
      int widest = -1;
      for (int i = 0; i < static_cast<int>(widths.size()); ++i) {
        if (widths[i] <= kMinColumn || (left_only && columns[i].align != Align::kLeft)) continue;
        if (widest < 0 || widths[i] > widths[widest]) widest = i;
      }
      if (widest < 0) break;
      --widths[widest];
      --total;
    }
  }
}

std::string repeat(const char* text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

}  // namespace

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::row(std::vector<std::string> cells) {
  HONE_CHECK(!cells.empty() && cells.size() == columns_.size(), "{} cells for {} columns", cells.size(),
             columns_.size());
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

void Table::rule() { rows_.emplace_back(); }

std::string Table::render(int width, bool unicode) const {
  const std::size_t n = columns_.size();
  std::vector<std::string> titles;
  std::vector<int> widths;
  for (const Column& column : columns_) {
    titles.push_back(printable(column.title));
    widths.push_back(column_width(titles.back()));
  }
  for (const auto& cells : rows_) {
    for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], column_width(cells[i]));
  }
  const int gaps = kGap * std::max(0, static_cast<int>(n) - 1);
  if (width > 0) shrink(widths, columns_, std::max(0, width - gaps));

  std::string out;
  // Where not even the shortest columns fit, the line itself is cut.
  const auto end_line = [&](std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    out += (width > 0 ? truncate_columns(line, width, "") : line) + '\n';
  };
  const auto add_row = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t i = 0; i < n; ++i) {
      const std::string cell = truncate_columns(cells[i], widths[i], unicode ? "…" : "~");
      const std::string padding(static_cast<std::size_t>(widths[i] - column_width(cell)), ' ');
      line += columns_[i].align == Align::kRight ? padding + cell : cell + padding;
      if (i + 1 < n) line += std::string(kGap, ' ');
    }
    end_line(std::move(line));
  };
  const auto add_rule = [&] {
    end_line(repeat(unicode ? "─" : "-", std::accumulate(widths.begin(), widths.end(), gaps)));
  };
  if (std::any_of(titles.begin(), titles.end(), [](const std::string& title) { return !title.empty(); })) {
    add_row(titles);
    add_rule();
  }
  for (const auto& cells : rows_) cells.empty() ? add_rule() : add_row(cells);
  return out;
}

}  // namespace hone
