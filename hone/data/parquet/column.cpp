#include "hone/data/parquet/column.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>

#include "hone/base/json.h"
#include "hone/data/parquet/codec.h"
#include "hone/data/parquet/encoding.h"
#include "hone/text/utf8.h"

namespace hone {
namespace {

// Fields and enumerations of parquet.thrift.
enum ChunkField { kChunkMeta = 3, kChunkCrypto = 8 };
enum MetaField {
  kMetaCodec = 4,
  kMetaValues = 5,
  kMetaPackedSize = 7,
  kMetaDataOffset = 9,
  kMetaDictionaryOffset = 11
};
enum PageField {
  kPageType = 1,
  kPageSize,
  kPagePackedSize,
  kPageData = 5,
  kPageDictionary = 7,
  kPageData2 = 8
};
enum PageType { kDataPage = 0, kIndexPage, kDictionaryPage, kDataPage2 };
enum ParquetEncoding {
  kPlain = 0,
  kPlainDictionary = 2,
  kRunLength = 3,
  kDeltas = 5,
  kDeltaLengths,
  kDeltaTexts,
  kDictionary,
  kByteStreams
};

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Uint128;

unsigned level_bits(std::uint32_t most) { return static_cast<unsigned>(std::bit_width(most)); }

template <class T>
T number_of(std::string_view bytes) {
  return ByteReader(bytes).number<T>();
}

// A whole number of `scale` digits after the point, as text.
std::string decimal_text(Int128 number, int scale) {
  const bool negative = number < 0;
  auto left = negative ? -static_cast<Uint128>(number) : static_cast<Uint128>(number);
  std::string digits;
  for (int i = 0; left > 0 || i <= scale; ++i, left /= 10) {
    if (i == scale && scale > 0) digits += '.';
    digits += static_cast<char>('0' + static_cast<int>(left % 10));
  }
  if (negative) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

// Two's complement, the highest byte first.
std::optional<Int128> big_endian(std::string_view bytes) {
  if (bytes.empty() || bytes.size() > 16) return std::nullopt;
  Uint128 number = (bytes[0] & 0x80) != 0 ? ~static_cast<Uint128>(0) : 0;
  for (const char byte : bytes) number = number << 8 | static_cast<std::uint8_t>(byte);
  return static_cast<Int128>(number);
}

// Writes values of one column as JSON, one after another.
class ValueWriter {
 public:
  ValueWriter(const ParquetLeaf& leaf, std::string& text) : leaf_(leaf), text_(text) {}

  // As PLAIN stores it.
  ParquetValue stored(std::string_view bytes) {
    switch (leaf_.type) {
      case ParquetType::kInt32:
        return whole(number_of<std::int32_t>(bytes));
      case ParquetType::kInt64:
        return whole(number_of<std::int64_t>(bytes));
      case ParquetType::kInt96:
        return put("null");
      case ParquetType::kFloat:
        return real(number_of<float>(bytes));
      case ParquetType::kDouble:
        return real(number_of<double>(bytes));
      case ParquetType::kBoolean:
      case ParquetType::kBytes:
      case ParquetType::kFixedBytes:
        break;
    }
    if (leaf_.meaning == ParquetMeaning::kDecimal) {
      const auto number = big_endian(bytes);
      return number ? put(decimal_text(*number, leaf_.scale)) : put("null");
    }
    if (is_valid_utf8(bytes)) return put(Json(std::string(bytes)).dump());
    return leaf_.meaning == ParquetMeaning::kText ? ParquetValue() : put("null");
  }

  ParquetValue whole(std::int64_t number) {
    if (leaf_.meaning == ParquetMeaning::kDecimal) return put(decimal_text(number, leaf_.scale));
    if (leaf_.meaning != ParquetMeaning::kUnsigned) return put(fmt::format("{}", number));
    const bool narrow = leaf_.type == ParquetType::kInt32;
    return put(narrow ? fmt::format("{}", static_cast<std::uint32_t>(number))
                      : fmt::format("{}", static_cast<std::uint64_t>(number)));
  }

  ParquetValue truth(bool value) { return put(value ? "true" : "false"); }

 private:
  template <class T>
  ParquetValue real(T number) {
    return std::isfinite(number) ? put(fmt::format("{}", number)) : put("null");
  }

  ParquetValue put(std::string_view json) {
    text_ += json;
    return {text_.size() - json.size(), json.size()};
  }

  const ParquetLeaf& leaf_;
  std::string& text_;
};

class ColumnReader {
 public:
  ColumnReader(const ParquetLeaf& leaf, std::string where)
      : leaf_(leaf), where_(std::move(where)), writer_(leaf, column_.text) {}

  Result<ParquetColumn> read(const ThriftValue& chunk, std::string_view file_bytes) {
    const ThriftValue* meta = chunk.find(kChunkMeta);
    if (meta == nullptr || chunk.find(kChunkCrypto) != nullptr)
      return Error{where_, "must lie in this file, and not be encrypted", "another column"};
    const std::int64_t data = meta->integer(kMetaDataOffset, -1),
                       dictionary = meta->integer(kMetaDictionaryOffset, 0);
    const std::int64_t begin = dictionary > 0 ? std::min(data, dictionary) : data;
    const std::int64_t size = meta->integer(kMetaPackedSize, -1), values = meta->integer(kMetaValues, -1);
    if (begin < 0 || size < 0 || values < 0 || std::cmp_greater(begin, file_bytes.size()) ||
        std::cmp_greater(size, file_bytes.size() - static_cast<std::size_t>(begin)))
      return damaged("the place of its pages");
    codec_ = meta->integer(kMetaCodec, 0);
    ByteReader reader(file_bytes.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(size)));
    while (std::cmp_less(column_.entries, values)) HONE_TRY_VOID(read_page(reader));
    if (std::cmp_greater(column_.entries, values)) return damaged("the number of its values");
    return std::move(column_);
  }

 private:
  Error damaged(std::string_view what) const {
    return Error{where_, "must be a whole Parquet column", fmt::format("damage to {}", what)};
  }

  Result<void> read_page(ByteReader& reader) {
    const ThriftValue page = read_thrift_struct(reader);
    const std::int64_t type = page.integer(kPageType, -1);
    const std::int64_t size = page.integer(kPageSize, -1), packed_size = page.integer(kPagePackedSize, -1);
    if (reader.failed() || size < 0 || packed_size < 0 || size > INT32_MAX)
      return damaged("the head of a page");
    const std::string_view packed = reader.take(static_cast<std::uint64_t>(packed_size));
    if (reader.failed()) return damaged("the size of a page");
    const auto unpacked_size = static_cast<std::size_t>(size);
    if (const ThriftValue* head = page.find(kPageData); type == kDataPage && head != nullptr) {
      HONE_TRY(const std::string bytes, unpack_page(codec_, packed, unpacked_size, where_));
      ByteReader body(bytes);
      const auto level_bytes = [&](std::uint32_t most) {
        return most == 0 ? std::string_view() : body.take(body.number<std::uint32_t>());
      };
      const std::string_view repetition = level_bytes(leaf_.most_repeated);
      const std::string_view definition = level_bytes(leaf_.most_defined);
      return read_entries(*head, repetition, definition, head->integer(2, -1), body);
    }
    if (const ThriftValue* head = page.find(kPageData2); type == kDataPage2 && head != nullptr) {
      ByteReader levels(packed);  // never compressed
      const std::string_view definition_after = levels.take(static_cast<std::uint64_t>(head->integer(6, 0)));
      const std::string_view definition = levels.take(static_cast<std::uint64_t>(head->integer(5, 0)));
      if (levels.failed() || definition_after.size() + definition.size() > unpacked_size)
        return damaged("the levels of a page");
      const std::size_t left = unpacked_size - definition_after.size() - definition.size();
      const bool is_packed = head->integer(7, 1) != 0 && left > 0;
      HONE_TRY(const std::string bytes, unpack_page(is_packed ? codec_ : 0, levels.rest(), left, where_));
      ByteReader body(bytes);
      return read_entries(*head, definition_after, definition, head->integer(4, -1), body);
    }
    if (const ThriftValue* head = page.find(kPageDictionary); type == kDictionaryPage && head != nullptr) {
      HONE_TRY(const std::string bytes, unpack_page(codec_, packed, unpacked_size, where_));
      ByteReader body(bytes);
      dictionary_.clear();
      read_plain(body, count_of(*head), dictionary_);
      if (body.failed()) return damaged("its dictionary");
      return {};
    }
    if (type == kIndexPage) return {};
    return damaged("the kind of a page");
  }

  static std::size_t count_of(const ThriftValue& head) {
    return static_cast<std::size_t>(std::clamp<std::int64_t>(head.integer(1, 0), 0, INT32_MAX));
  }

  Result<void> read_entries(const ThriftValue& head, std::string_view repetition, std::string_view definition,
                            std::int64_t encoding, ByteReader& body) {
    const std::size_t count = count_of(head);
    const auto add_levels = [&](std::string_view bytes, std::uint32_t most, std::vector<std::uint32_t>& out) {
      if (most == 0) return;
      ByteReader levels(bytes);
      const auto read = read_run_lengths(levels, level_bits(most), count);
      if (levels.failed() ||
          std::any_of(read.begin(), read.end(), [&](std::uint32_t level) { return level > most; }))
        body.fail();
      out.insert(out.end(), read.begin(), read.end());
    };
    add_levels(repetition, leaf_.most_repeated, column_.repetition);
    add_levels(definition, leaf_.most_defined, column_.definition);
    if (body.failed()) return damaged("the levels of a page");
    std::size_t values = count;
    if (leaf_.most_defined > 0) {
      const auto page = column_.definition.end() - static_cast<std::ptrdiff_t>(count);
      values = static_cast<std::size_t>(std::count(page, column_.definition.end(), leaf_.most_defined));
    }
    const std::size_t before = column_.values.size();
    HONE_TRY_VOID(read_values(encoding, values, body));
    if (body.failed() || column_.values.size() != before + values) return damaged("the values of a page");
    column_.entries += count;
    return {};
  }

  Result<void> read_values(std::int64_t encoding, std::size_t count, ByteReader& body) {
    std::vector<ParquetValue>& out = column_.values;
    const bool is_bytes = leaf_.type == ParquetType::kBytes,
               is_whole = leaf_.type == ParquetType::kInt32 || leaf_.type == ParquetType::kInt64;
    if (encoding == kPlain) {
      read_plain(body, count, out);
    } else if (encoding == kPlainDictionary || encoding == kDictionary) {
      if (count > 0) read_indices(body, count);
    } else if (encoding == kRunLength && leaf_.type == ParquetType::kBoolean) {
      ByteReader runs(body.take(body.number<std::uint32_t>()));
      for (const std::uint32_t value : read_run_lengths(runs, 1, count))
        out.push_back(writer_.truth(value != 0));
      if (runs.failed()) body.fail();
    } else if (encoding == kDeltas && is_whole) {
      const bool narrow = leaf_.type == ParquetType::kInt32;
      for (const std::int64_t value : read_deltas(body, count))
        out.push_back(writer_.whole(narrow ? static_cast<std::int32_t>(value) : value));
    } else if (encoding == kDeltaLengths && is_bytes) {
      for (const std::string_view value : read_delta_lengths(body, count))
        out.push_back(writer_.stored(value));
    } else if (encoding == kDeltaTexts && (is_bytes || leaf_.type == ParquetType::kFixedBytes)) {
      for (const std::string& value : read_delta_texts(body, count)) out.push_back(writer_.stored(value));
    } else if (encoding == kByteStreams && leaf_.width > 0) {
      read_streams(body, count);
    } else {
      return Error{where_, "must be in an encoding that its type has", fmt::format("encoding {}", encoding)};
    }
    return {};
  }

  void read_plain(ByteReader& body, std::size_t count, std::vector<ParquetValue>& out) {
    if (leaf_.type == ParquetType::kBoolean) {
      const std::string_view bits = body.take((count + 7) / 8);
      for (std::size_t i = 0; i < count && !body.failed(); ++i)
        out.push_back(writer_.truth((bits[i / 8] >> i % 8 & 1) != 0));
      return;
    }
    for (std::size_t i = 0; i < count && !body.failed(); ++i) {
      const std::string_view value = body.take(leaf_.width > 0 ? leaf_.width : body.number<std::uint32_t>());
      if (!body.failed()) out.push_back(writer_.stored(value));
    }
  }

  void read_indices(ByteReader& body, std::size_t count) {
    const auto width = body.number<std::uint8_t>();
    for (const std::uint32_t index : read_run_lengths(body, width, count)) {
      if (index >= dictionary_.size()) return body.fail();
      column_.values.push_back(dictionary_[index]);
    }
  }

  // BYTE_STREAM_SPLIT: the first bytes of all values, then the second ones, and so on.
  void read_streams(ByteReader& body, std::size_t count) {
    const std::string_view bytes = body.take(leaf_.width * count);
    std::string value(leaf_.width, '\0');
    for (std::size_t i = 0; i < count && !body.failed(); ++i) {
      for (std::size_t k = 0; k < leaf_.width; ++k) value[k] = bytes[k * count + i];
      column_.values.push_back(writer_.stored(value));
    }
  }

  const ParquetLeaf& leaf_;
  std::string where_;
  std::int64_t codec_ = 0;
  ParquetColumn column_;
  ValueWriter writer_;
  std::vector<ParquetValue> dictionary_;
};

}  // namespace

Result<ParquetColumn> read_parquet_column(const ThriftValue& chunk, const ParquetLeaf& leaf,
                                          std::string_view file_bytes, const std::string& file) {
  return ColumnReader(leaf, fmt::format("{}: {}", file, leaf.name)).read(chunk, file_bytes);
}

}  // namespace hone
