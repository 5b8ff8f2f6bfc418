// Parquet files of other projects' writers (tests/data/parquet/make.mjs), files written here byte by byte,
// and damaged ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "hone/base/files.h"
#include "hone/base/json.h"
#include "hone/base/rng.h"
#include "hone/data/parquet/parquet_rows.h"
#include "support/temp_folder.h"

namespace hone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::TempFolder;

std::string fixture(const std::string& name) { return HONE_SOURCE_DIR "/tests/data/parquet/" + name; }

std::vector<std::string> lines(const std::string& name) {
  std::ifstream in(fixture(name));
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

// Each row's text or error; of a file that can't be read its error alone, without folders.
std::vector<std::string> read(const std::string& file) {
  const auto short_name = [](const Error& error) {
    const std::string message = error.message();
    return message.substr(message.rfind('/', message.find(']')) + 1);
  };
  const auto found = read_row_file(file);
  if (!found.ok()) return {short_name(found.error())};
  std::vector<std::string> out;
  for (const RawRow& row : found->rows) {
    EXPECT_EQ(row.line, std::ssize(out) + 1);
    out.push_back(row.error ? short_name(*row.error) : std::string(row.text));
  }
  return out;
}

class ArrowFiles : public ::testing::TestWithParam<std::string> {};

TEST_P(ArrowFiles, HoldTheRows) {
  EXPECT_EQ(read(fixture("arrow_" + GetParam() + ".parquet")), lines("arrow.jsonl"));
}

INSTANTIATE_TEST_SUITE_P(Parquet, ArrowFiles,
                         ::testing::Values("snappy", "gzip_plain", "zstd_v2", "deltas", "streams"));

class DuckFiles : public ::testing::TestWithParam<std::string> {};

TEST_P(DuckFiles, HoldTheRows) {
  const auto rows = read(fixture("duck_" + GetParam() + ".parquet")), expected = lines("duck.jsonl");
  ASSERT_EQ(rows.size(), expected.size());
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(Json::parse(rows[i]), Json::parse(expected[i]));
  // Digit by digit where a double would not do.
  EXPECT_THAT(rows[0], HasSubstr(R"("price":-30.00,"huge":-2469135780246913578030.000,"mid":0.0000)"));
  EXPECT_THAT(rows[21], HasSubstr(R"("price":-3.75,"huge":123456789012345678901.500,"mid":21000.0000)"));
}

INSTANTIATE_TEST_SUITE_P(Parquet, DuckFiles, ::testing::Values("snappy", "v2"));

// A file of one column, by hand.
class File {
 public:
  // An element of the schema: its name, the number of its children (0: the column), its repetition (0
  // required, 1 optional, 2 repeated) and its ConvertedType (-1: none).
  File& element(const std::string& name, int children, int repetition, int converted = -1) {
    Struct out;
    if (children == 0) out.number(1, type_);
    out.number(3, repetition).text(4, name);
    if (children > 0) out.number(5, children);
    if (converted >= 0) out.number(6, converted);
    schema_ += out.done();
    ++elements_;
    return *this;
  }
  File& type(int type) { return type_ = type, *this; }
  // What the page holds: levels as run lengths with their sizes before them, then PLAIN values.
  File& page(int entries, const std::string& body) {
    const std::string head = Struct().number(1, entries).number(2, 0).number(3, 3).number(4, 3).done();
    const auto size = static_cast<int>(body.size());
    pages_ += Struct().number(1, 0).number(2, size).number(3, size).within(5, head).done() + body;
    entries_ += entries;
    return *this;
  }

  std::string bytes(int rows) const {
    const std::string meta = Struct()
                                 .number(4, codec_)
                                 .number(5, entries_)
                                 .number(7, static_cast<int>(pages_.size()))
                                 .number(9, 4)
                                 .done();
    const std::string chunk = Struct().within(3, meta).done();
    const std::string group = Struct().list(1, 1, chunk).number(3, rows).done();
    const std::string footer = Struct().number(1, 1).list(2, elements_, schema_).list(4, 1, group).done();
    std::string size(4, '\0');
    for (int i = 0; i < 4; ++i)
      size[static_cast<std::size_t>(i)] = static_cast<char>(footer.size() >> (8 * i));
    return "PAR1" + pages_ + footer + size + "PAR1";
  }

  // The rows, or what is wrong.
  std::vector<std::string> rows(int count) const {
    const TempFolder folder;
    std::ofstream(folder / "a.parquet", std::ios::binary) << bytes(count);
    return read((folder / "a.parquet").string());
  }

 private:
  // A struct of the compact protocol; fields in the order of their ids.
  class Struct {
   public:
    Struct& number(int id, int value) {
      return head(id, 5), bytes_ += varint(static_cast<unsigned>(value) << 1), *this;
    }
    Struct& text(int id, const std::string& value) {
      return head(id, 8), bytes_ += varint(static_cast<unsigned>(value.size())) + value, *this;
    }
    Struct& within(int id, const std::string& value) { return head(id, 12), bytes_ += value, *this; }
    Struct& list(int id, int count, const std::string& items) {
      return head(id, 9), bytes_ += static_cast<char>(count << 4 | 12), bytes_ += items, *this;
    }
    std::string done() const { return bytes_ + '\0'; }

   private:
    static std::string varint(unsigned value) {
      std::string out;
      for (; value >= 128; value >>= 7) out += static_cast<char>(value | 128);
      return out + static_cast<char>(value);
    }
    void head(int id, int type) {
      bytes_ += static_cast<char>((id - last_) << 4 | type);
      last_ = id;
    }
    std::string bytes_;
    int last_ = 0;
  };

  int type_ = 1, codec_ = 0, elements_ = 0, entries_ = 0;
  std::string schema_, pages_;
};

// Levels of one bit, eight at a time, as a page has them.
std::string levels(const std::string& bits) {
  std::string packed;
  for (std::size_t i = 0; i < bits.size(); ++i) {
    if (i % 8 == 0) packed += '\0';
    if (bits[i] == '1') packed.back() = static_cast<char>(packed.back() | 1 << i % 8);
  }
  const std::string body = static_cast<char>(packed.size() << 1 | 1) + packed;
  return static_cast<char>(body.size()) + std::string("\0\0\0", 3) + body;
}

std::string ints(const std::vector<int>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(int)};
}

TEST(Parquet, RequiredColumn) {
  EXPECT_THAT(
      File().element("root", 1, 0).element("x", 0, 0).page(2, ints({7, -1})).page(1, ints({9})).rows(3),
      ElementsAre(R"({"x":7})", R"({"x":-1})", R"({"x":9})"));
}

// Lists as old writers have them (LogicalTypes.md, "Backward-compatibility rules").
TEST(Parquet, OldLists) {
  const auto page = levels("0001") + levels("1011") + ints({1, 2, 3});
  const std::vector<std::string> flat = {R"({"x":[1]})", R"({"x":[]})", R"({"x":[2,3]})"};
  EXPECT_EQ(File().element("root", 1, 0).element("x", 0, 2).page(4, page).rows(3), flat);
  enum { kList = 3 };
  EXPECT_EQ(File().element("root", 1, 0).element("x", 1, 0, kList).element("y", 0, 2).page(4, page).rows(3),
            flat);
  const std::vector<std::string> wrapped = {R"({"x":[{"y":1}]})", R"({"x":[]})",
                                            R"({"x":[{"y":2},{"y":3}]})"};
  const auto nested = [&](const std::string& name) {
    return File()
        .element("root", 1, 0)
        .element("x", 1, 0, kList)
        .element(name, 1, 2)
        .element("y", 0, 0)
        .page(4, page)
        .rows(3);
  };
  EXPECT_EQ(nested("element"), flat);
  EXPECT_EQ(nested("array"), wrapped);
  EXPECT_EQ(nested("x_tuple"), wrapped);
}

TEST(Parquet, TextThatIsNotUtf8IsAnErrorOfItsRow) {
  const std::string page = std::string("\1\0\0\0\xff\1\0\0\0b", 10);
  enum { kBytes = 6, kUtf8 = 0 };
  EXPECT_THAT(File().type(kBytes).element("root", 1, 0).element("x", 0, 0, kUtf8).page(2, page).rows(2),
              ElementsAre("a.parquet:1: x] must be UTF-8, got other bytes", R"({"x":"b"})"));
  EXPECT_THAT(File().type(kBytes).element("root", 1, 0).element("x", 0, 0).page(2, page).rows(2),
              ElementsAre(R"({"x":null})", R"({"x":"b"})"));
}

TEST(Parquet, SaysWhatIsWrong) {
  const TempFolder folder;
  const auto said = [&](const std::string& bytes) {
    std::ofstream(folder / "a.parquet", std::ios::binary) << bytes;
    return read((folder / "a.parquet").string()).at(0);
  };
  const std::string good = File().element("root", 1, 0).element("x", 0, 0).page(1, ints({7})).bytes(1);
  EXPECT_EQ(said(good), R"({"x":7})");
  EXPECT_EQ(
      said(""),
      "a.parquet] must be a Parquet file, with PAR1 at its beginning and end, got another, or one cut short");
  EXPECT_EQ(
      said(good.substr(0, good.size() - 1)),
      "a.parquet] must be a Parquet file, with PAR1 at its beginning and end, got another, or one cut short");
  EXPECT_EQ(said(good.substr(0, good.size() - 1) + 'E'),
            "a.parquet] must not be encrypted, got an encrypted Parquet file");
  EXPECT_EQ(said("PAR1" + good.substr(good.size() - 8)),
            "a.parquet] must hold its footer, got one of " +
                std::to_string(static_cast<unsigned char>(good[good.size() - 8])) + " bytes in a file of 12");
  EXPECT_EQ(File().element("root", 1, 0).element("x", 0, 0).page(2, ints({7})).rows(2).at(0),
            "a.parquet: x] must be a whole Parquet column, got damage to the values of a page");
  EXPECT_EQ(File().element("root", 1, 0).element("x", 0, 0).page(1, ints({7})).rows(2).at(0),
            "a.parquet] must hold the columns of its schema in every row group, got others");
  EXPECT_EQ(File().element("root", 2, 0).element("x", 0, 0).page(1, ints({7})).rows(1).at(0),
            "a.parquet] the schema must be a tree of named columns, got another");
  EXPECT_EQ(read(fixture("arrow_brotli.parquet")).at(0),
            "arrow_brotli.parquet: question] must be compressed by Snappy, gzip, Zstandard or not at all, "
            "got Brotli");
  EXPECT_THAT(read("/nowhere/a.parquet").at(0), HasSubstr("a.parquet"));
}

// Whatever a file holds, it is read or refused: no reads beyond its end, no endless loops (the sanitizers'
// build sees the first, the test's time-out the second).
TEST(Parquet, DamagedFilesAreReadOrRefused) {
  const TempFolder folder;
  RandomStream random({.seed = 7});
  std::size_t refused = 0, tried = 0;
  for (const char* name : {"arrow_snappy", "arrow_gzip_plain", "arrow_zstd_v2", "arrow_deltas",
                           "arrow_streams", "duck_snappy", "duck_v2"}) {
    const auto whole = read_file(fixture(std::string(name) + ".parquet"));
    ASSERT_TRUE(whole.ok());
    for (int i = 0; i < 150; ++i) {
      std::string bytes = *whole;
      for (std::uint64_t flips = 1 + random.below(4); flips > 0; --flips)
        bytes[4 + random.below(bytes.size() - 8)] = static_cast<char>(random.below(256));
      std::ofstream(folder / "a.parquet", std::ios::binary) << bytes;
      refused += !read_row_file((folder / "a.parquet").string()).ok();
      ++tried;
    }
  }
  EXPECT_GT(refused, tried / 10);
  EXPECT_LT(refused, tried);
}

}  // namespace
}  // namespace hone
