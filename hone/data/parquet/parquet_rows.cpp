#include "hone/data/parquet/parquet_rows.h"

#include "hone/base/files.h"
#include "hone/data/parquet/column.h"
#include "hone/data/parquet/schema.h"

namespace hone {
namespace {

// Fields of FileMetaData and RowGroup.
enum FooterField { kFooterSchema = 2, kFooterGroups = 4 };
enum GroupField { kGroupColumns = 1, kGroupRows = 3 };

Result<ThriftValue> read_footer(std::string_view bytes, const std::string& file) {
  constexpr std::string_view kMagic = "PAR1", kEncrypted = "PARE";
  constexpr std::size_t kTail = 8;  // the footer's size, and the magic
  if (bytes.ends_with(kEncrypted)) return Error{file, "must not be encrypted", "an encrypted Parquet file"};
  if (bytes.size() < kMagic.size() + kTail || !bytes.starts_with(kMagic) || !bytes.ends_with(kMagic))
    return Error{file, "must be a Parquet file, with PAR1 at its beginning and end",
                 "another, or one cut short"};
  const auto size = ByteReader(bytes.substr(bytes.size() - kTail)).number<std::uint32_t>();
  if (size > bytes.size() - kTail - kMagic.size())
    return Error{file, "must hold its footer",
                 fmt::format("one of {} bytes in a file of {}", size, bytes.size())};
  ByteReader reader(bytes.substr(bytes.size() - kTail - size, size));
  ThriftValue footer = read_thrift_struct(reader);
  if (reader.failed()) return Error{file, "must have a footer in Thrift's compact protocol", "another"};
  return footer;
}

// Puts the rows of a row group together from its columns (Dremel, Melnik et al. 2010, section 4.2): of each
// column the entries are taken one after another, and their levels say where lists begin and what is missing.
class RowWriter {
 public:
  RowWriter(const ParquetSchema& schema, const std::vector<ParquetColumn>& columns, std::string& out)
      : schema_(schema), columns_(columns), at_(columns.size()), out_(out) {}

  // Of a text that is not UTF-8, in the row written last: the column.
  const std::string* not_text() const { return not_text_; }
  // The columns' levels contradict each other.
  bool failed() const { return failed_; }

  void write() {
    not_text_ = nullptr;
    for (std::size_t leaf = 0; leaf < columns_.size(); ++leaf)
      if (repetition(leaf) != 0) failed_ = true;
    write_present(schema_.root);
  }

  bool all_taken() const {
    for (std::size_t leaf = 0; leaf < columns_.size(); ++leaf)
      if (at_[leaf].entry != columns_[leaf].entries) return false;
    return true;
  }

 private:
  struct Cursor {
    std::size_t entry = 0, value = 0;
  };

  // Of the next entry; beyond the last, those of none.
  std::uint32_t repetition(std::size_t leaf) const { return level(columns_[leaf].repetition, leaf); }
  std::uint32_t definition(std::size_t leaf) const { return level(columns_[leaf].definition, leaf); }
  std::uint32_t level(const std::vector<std::uint32_t>& levels, std::size_t leaf) const {
    return at_[leaf].entry < levels.size() ? levels[at_[leaf].entry] : 0;
  }

  bool is_there(const ParquetNode& node) const { return definition(node.first_leaf) >= node.definition; }

  void write_missing(const ParquetNode& node, std::string_view json) {
    for (std::size_t leaf = node.first_leaf; leaf < node.end_leaf; ++leaf) {
      if (at_[leaf].entry == columns_[leaf].entries || definition(leaf) == schema_.leaves[leaf].most_defined)
        failed_ = true;
      ++at_[leaf].entry;
    }
    out_ += json;
  }

  void write_field(const ParquetNode& node) {
    if (node.repeated) return write_list(node);
    if (node.optional && !is_there(node)) return write_missing(node, "null");
    write_present(node);
  }

  void write_present(const ParquetNode& node) {
    if (failed_) return;
    if (node.kind == ParquetNode::Kind::kLeaf) return write_value(node.first_leaf);
    if (node.kind == ParquetNode::Kind::kList) return write_list(node.children[0]);
    char before = '{';
    for (const ParquetNode& child : node.children) {
      out_ += std::exchange(before, ',');
      out_ += child.key;
      write_field(child);
    }
    out_ += '}';
  }

  void write_list(const ParquetNode& node) {
    if (!is_there(node)) return write_missing(node, "[]");
    char before = '[';
    do {
      out_ += std::exchange(before, ',');
      node.wraps_element ? write_field(node.children[0]) : write_present(node);
    } while (!failed_ && repetition(node.first_leaf) == node.repetition);
    out_ += ']';
  }

  void write_value(std::size_t leaf) {
    const ParquetColumn& column = columns_[leaf];
    Cursor& at = at_[leaf];
    if (at.entry == column.entries || at.value == column.values.size() ||
        definition(leaf) != schema_.leaves[leaf].most_defined) {
      failed_ = true;
      return;
    }
    const ParquetValue& value = column.values[at.value];
    if (value.size == 0) not_text_ = &schema_.leaves[leaf].name;
    out_.append(column.text, value.begin, value.size);
    ++at.entry, ++at.value;
  }

  const ParquetSchema& schema_;
  const std::vector<ParquetColumn>& columns_;
  std::vector<Cursor> at_;
  std::string& out_;
  const std::string* not_text_ = nullptr;
  bool failed_ = false;
};

// Where a row's JSON lies in what is written.
struct WrittenRow {
  std::size_t begin, end;
  std::optional<Error> error;
};

Result<void> write_group(const ThriftValue& group, const ParquetSchema& schema, std::string_view bytes,
                         const std::string& file, std::string& out, std::vector<WrittenRow>& rows) {
  const Error damaged{file, "must hold the columns of its schema in every row group", "others"};
  const ThriftValue* chunks = group.find(kGroupColumns);
  if (chunks == nullptr || chunks->items.size() != schema.leaves.size()) return damaged;
  std::vector<ParquetColumn> columns;
  for (std::size_t leaf = 0; leaf < schema.leaves.size(); ++leaf) {
    HONE_TRY(ParquetColumn column,
             read_parquet_column(chunks->items[leaf], schema.leaves[leaf], bytes, file));
    columns.push_back(std::move(column));
  }
  RowWriter writer(schema, columns, out);
  const std::int64_t count = group.integer(kGroupRows, 0);
  for (std::int64_t i = 0; i < count; ++i) {
    WrittenRow row{out.size(), 0, {}};
    writer.write();
    if (writer.failed()) return damaged;
    if (writer.not_text() != nullptr)
      row.error = Error{fmt::format("{}:{}: {}", file, rows.size() + 1, *writer.not_text()), "must be UTF-8",
                        "other bytes"};
    row.end = out.size();
    rows.push_back(std::move(row));
  }
  if (!writer.all_taken()) return damaged;
  return {};
}

}  // namespace

Result<RowFile> read_parquet_rows(const std::string& file) {
  HONE_TRY(const MappedFile mapped, MappedFile::open(file));
  const std::string_view bytes(reinterpret_cast<const char*>(mapped.bytes().data()), mapped.bytes().size());
  HONE_TRY(const ThriftValue footer, read_footer(bytes, file));
  const ThriftValue* elements = footer.find(kFooterSchema);
  const ThriftValue* groups = footer.find(kFooterGroups);
  HONE_TRY(const ParquetSchema schema,
           read_parquet_schema(elements == nullptr ? std::vector<ThriftValue>() : elements->items, file));
  std::string out;
  std::vector<WrittenRow> rows;
  for (const ThriftValue& group : groups == nullptr ? std::vector<ThriftValue>() : groups->items)
    HONE_TRY_VOID(write_group(group, schema, bytes, file, out, rows));
  RowFile found{std::make_unique<const std::string>(std::move(out)), {}};
  for (std::size_t i = 0; i < rows.size(); ++i)
    found.rows.push_back({static_cast<std::int64_t>(i) + 1,
                          std::string_view(*found.text).substr(rows[i].begin, rows[i].end - rows[i].begin),
                          std::move(rows[i].error)});
  return found;
}

}  // namespace hone
