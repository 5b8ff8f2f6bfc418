#include "hone/data/row_files.h"

#include <algorithm>
#include <deque>

#include "hone/base/files.h"
#include "hone/base/json.h"
#include "hone/data/parquet/parquet_rows.h"
#include "hone/text/utf8.h"

namespace hone {
namespace {

constexpr std::string_view kWhite = " \t\r\n\v\f";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kWhite);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kWhite) - begin + 1);
}

std::string place(const std::string& file, std::int64_t line) { return fmt::format("{}:{}", file, line); }

bool is_named(const std::string& file, std::string_view ending) {
  if (file.size() < ending.size()) return false;
  return std::equal(ending.begin(), ending.end(), file.end() - static_cast<std::ptrdiff_t>(ending.size()),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); });
}

std::vector<RawRow> lines_of(std::string_view rest) {
  std::vector<RawRow> rows;
  for (std::int64_t line = 1; !rest.empty(); ++line) {
    const std::size_t end = rest.find('\n');
    const std::string_view text = trimmed(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (!text.empty()) rows.push_back({line, text, {}});
  }
  return rows;
}

// Finds where the elements of a JSON list begin and end; whether they are JSON is found out where they are
// parsed.
class ListCutter {
 public:
  ListCutter(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  Result<std::vector<RawRow>> cut() {
    skip_white();
    ++at_;  // the bracket
    skip_white();
    std::vector<RawRow> rows;
    for (bool first = true;; first = false) {
      const std::int64_t line = line_;
      const std::size_t begin = at_;
      if (!skip_element())
        return Error{place(file_, line), "the list of rows must end with ]", "the end of the file within it"};
      const std::string_view element = trimmed(text_.substr(begin, at_ - begin));
      const bool last = text_[at_] == ']';
      if (element.empty() && !(first && last))
        return Error{place(file_, line), "a row must stand before and after each comma", "none"};
      if (!element.empty()) rows.push_back({line, element, {}});
      ++at_;
      skip_white();
      if (last) break;
    }
    if (at_ < text_.size())
      return Error{place(file_, line_), "nothing may follow the list of rows",
                   brief(Json(std::string(text_.substr(at_, 40))))};
    return rows;
  }

 private:
  void step() {
    if (text_[at_] == '\n') ++line_;
    ++at_;
  }

  void skip_white() {
    while (at_ < text_.size() && kWhite.find(text_[at_]) != std::string_view::npos) step();
  }

  // To the comma or bracket that ends it. False: the text ends first.
  bool skip_element() {
    std::int64_t depth = 0;
    for (bool quoted = false; at_ < text_.size(); step()) {
      const char c = text_[at_];
      if (quoted) {
        if (c == '\\' && at_ + 1 < text_.size())
          step();
        else if (c == '"')
          quoted = false;
      } else if (c == '"') {
        quoted = true;
      } else if (c == '[' || c == '{') {
        ++depth;
      } else if (depth == 0 && (c == ',' || c == ']')) {
        return true;
      } else if (c == ']' || c == '}') {
        --depth;
      }
    }
    return false;
  }

  std::string_view text_;
  const std::string& file_;
  std::size_t at_ = 0;
  std::int64_t line_ = 1;
};

struct CsvRecord {
  std::int64_t line = 0;
  std::vector<std::string> cells;
};

class CsvReader {
 public:
  CsvReader(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  bool done() const { return at_ >= text_.size(); }

  // The record that begins here; without cells: a blank line.
  Result<CsvRecord> next() {
    CsvRecord record{line_, {}};
    for (;;) {
      const bool quoted = !done() && text_[at_] == '"';
      HONE_TRY(std::string cell, quoted ? quoted_cell() : plain_cell());
      const bool more = !done() && text_[at_] == ',';
      if (!more && !quoted && cell.empty() && record.cells.empty()) {
        end_line();
        return record;
      }
      record.cells.push_back(std::move(cell));
      if (!more) break;
      ++at_;
    }
    end_line();
    return record;
  }

 private:
  bool at_line_end() const {
    return done() || text_[at_] == '\n' || text_.substr(at_, 2) == "\r\n" ||
           (text_[at_] == '\r' && at_ + 1 == text_.size());
  }

  void end_line() {
    if (!done() && text_[at_] == '\r') ++at_;
    if (!done()) ++at_;
    ++line_;
  }

  Result<std::string> plain_cell() {
    const std::size_t begin = at_;
    while (!at_line_end() && text_[at_] != ',') ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  Result<std::string> quoted_cell() {
    const std::int64_t begin = line_;
    std::string cell;
    for (++at_;; ++at_) {
      if (done())
        return Error{place(file_, begin), "a quoted cell must end with a quote",
                     "the end of the file within it"};
      const char c = text_[at_];
      if (c == '\n') ++line_;
      if (c != '"') {
        cell += c;
      } else if (text_.substr(at_, 2) == "\"\"") {
        cell += '"';
        ++at_;
      } else {
        break;
      }
    }
    ++at_;
    if (!at_line_end() && text_[at_] != ',')
      return Error{place(file_, line_),
                   "a comma or a line's end must follow a quoted cell (quotes inside are doubled)",
                   brief(Json(std::string(text_.substr(at_, 1))))};
    return cell;
  }

  std::string_view text_;
  const std::string& file_;
  std::size_t at_ = 0;
  std::int64_t line_ = 1;
};

Result<void> check_header(const CsvRecord& header, const std::string& file) {
  for (std::size_t i = 0; i < header.cells.size(); ++i) {
    const std::string& name = header.cells[i];
    const bool again = std::find(header.cells.begin(), header.cells.begin() + static_cast<std::ptrdiff_t>(i),
                                 name) != header.cells.begin() + static_cast<std::ptrdiff_t>(i);
    if (name.empty() || again || !is_valid_utf8(name))
      return Error{place(file, header.line),
                   fmt::format("the header must name column {}, unlike the others", i + 1),
                   brief(Json(name))};
  }
  return {};
}

// {"column": "cell", …} on a line, appended to `out`.
std::optional<Error> append_object(const CsvRecord& header, CsvRecord record, const std::string& file,
                                   std::string& out) {
  const std::string where = place(file, record.line);
  if (record.cells.size() != header.cells.size())
    return Error{where,
                 fmt::format("must have a cell for each of the header's {} columns", header.cells.size()),
                 fmt::format("{} cells", record.cells.size())};
  nlohmann::ordered_json::object_t members;
  for (std::size_t i = 0; i < record.cells.size(); ++i) {
    if (!is_valid_utf8(record.cells[i]))
      return Error{where + ": " + header.cells[i], "must be UTF-8", brief(Json(record.cells[i]))};
    members.emplace_back(header.cells[i], std::move(record.cells[i]));
  }
  out += nlohmann::ordered_json(std::move(members)).dump();
  return {};
}

Result<RowFile> cut_csv(std::string_view text, const std::string& file) {
  CsvReader reader(text, file);
  CsvRecord header;
  std::string objects;
  struct Span {
    std::int64_t line;
    std::size_t begin, end;
    std::optional<Error> error;
  };
  std::vector<Span> spans;
  while (!reader.done()) {
    HONE_TRY(CsvRecord record, reader.next());
    if (record.cells.empty()) continue;
    if (header.cells.empty()) {
      HONE_TRY_VOID(check_header(record, file));
      header = std::move(record);
      continue;
    }
    Span span{record.line, objects.size(), 0, {}};
    span.error = append_object(header, std::move(record), file, objects);
    span.end = objects.size();
    spans.push_back(std::move(span));
  }
  RowFile out{std::make_unique<const std::string>(std::move(objects)), {}};
  for (Span& span : spans)
    out.rows.push_back({span.line, std::string_view(*out.text).substr(span.begin, span.end - span.begin),
                        std::move(span.error)});
  return out;
}

}  // namespace

Result<RowFile> read_row_file(const std::string& file) {
  if (is_named(file, ".parquet")) return read_parquet_rows(file);
  HONE_TRY(std::string bytes, read_file(file));
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.erase(0, 3);
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF"))
    return Error{file, "must be UTF-8", "UTF-16"};
  if (is_named(file, ".csv")) return cut_csv(bytes, file);
  RowFile out{std::make_unique<const std::string>(std::move(bytes)), {}};
  if (is_named(file, ".json") && trimmed(*out.text).starts_with('[')) {
    HONE_TRY(out.rows, ListCutter(*out.text, file).cut());
  } else {
    out.rows = lines_of(*out.text);
  }
  return out;
}

}  // namespace hone
