// Files that must be refused, each with a line that names the file, the place, the rule and the value.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "hone/weights/safetensors.h"
#include "support/temp_folder.h"
#include "weights/safetensors_files.h"

namespace hone {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::safetensors;
using testing::TempFolder;
using testing::write_bytes;

struct BadFile {
  std::string name;
  std::string bytes;
  std::vector<std::string> says;

  friend void PrintTo(const BadFile& file, std::ostream* out) { *out << file.name; }
};

std::vector<BadFile> bad_files() {
  const std::string good = R"({"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})";
  const auto one = [](const std::string& entry, std::size_t data) {
    return safetensors("{\"w\":" + entry + "}", data);
  };
  return {
      {"empty", "", {"8 bytes", "got 0 bytes"}},
      {"too_short_for_a_length", "1234567", {"8 bytes", "got 7 bytes"}},
      {"truncated_header",
       safetensors(good, 24).substr(0, 30),
       {"header must fit the file (30 bytes)", "got a header of"}},
      {"truncated_data", safetensors(good, 23), {"\"w\"", "within the 23 bytes", "[0,24]"}},
      {"header_longer_than_file",
       testing::length_bytes(1'000'000) + "{}",
       {"header must fit", "1000000 bytes"}},
      {"header_length_near_overflow",
       testing::length_bytes(~std::uint64_t{0}) + "{}",
       {"header must fit", "18446744073709551615"}},
      {"header_not_json", safetensors("{\"w\": oops}", 0), {": header]", "valid JSON", "byte 7"}},
      {"header_not_utf8", safetensors("{\"\xff\":1}", 0), {": header]", "valid JSON"}},
      {"header_empty", safetensors("", 0), {": header]", "must begin with {"}},
      {"header_a_list", safetensors("[1]", 0), {": header]", "must begin with {", "\"[\""}},
      {"header_with_a_tail", safetensors("{}x", 0), {": header]", "valid JSON"}},
      {"header_nested", safetensors("{\"w\":{\"shape\":[[[[]]]]}}", 0), {"nested deeper"}},
      {"entry_not_an_object", one("7", 0), {"\"w\"", "must be an object", "got 7"}},
      {"dtype_unknown",
       one(R"({"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]})", 1),
       {"\"w\"", "dtype must be one of F32", "F8_E4M3"}},
      {"dtype_missing", one(R"({"shape":[1],"data_offsets":[0,1]})", 1), {"\"w\"", "dtype"}},
      {"dtype_not_text",
       one(R"({"dtype":4,"shape":[1],"data_offsets":[0,4]})", 4),
       {"\"w\": dtype", "string", "got 4"}},
      {"unknown_key",
       one(R"({"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1})", 1),
       {"\"w\"", "may hold only", "\"x\""}},
      {"shape_missing", one(R"({"dtype":"U8","data_offsets":[0,1]})", 1), {"\"w\"", "shape must be a list"}},
      {"shape_negative",
       one(R"({"dtype":"U8","shape":[-1],"data_offsets":[0,1]})", 1),
       {"\"w\"", "non-negative", "got -1"}},
      {"shape_fraction",
       one(R"({"dtype":"U8","shape":[1.5],"data_offsets":[0,1]})", 1),
       {"\"w\"", "integers", "1.5"}},
      {"shape_text",
       one(R"({"dtype":"U8","shape":"1","data_offsets":[0,1]})", 1),
       {"\"w\"", "list of sizes"}},
      {"shape_too_large_for_data",
       one(R"({"dtype":"F32","shape":[2,4],"data_offsets":[0,24]})", 24),
       {"span the 32 bytes of F32 [2,4]", "got 24 bytes"}},
      {"shape_too_small_for_data",
       one(R"({"dtype":"BF16","shape":[2,3],"data_offsets":[0,24]})", 24),
       {"span the 12 bytes of BF16 [2,3]", "got 24 bytes"}},
      // 2^32 · 2^32 · 4 wraps to 0 bytes in 64 bits.
      {"shape_overflow",
       one(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]})", 0),
       {"\"w\"", "63 bits", "[4294967296,4294967296]"}},
      {"shape_overflow_before_zero",
       one(R"({"dtype":"U8","shape":[4611686018427387904,4,0],"data_offsets":[0,0]})", 0),
       {"\"w\"", "63 bits"}},
      {"shape_beyond_64_bits",
       one(R"({"dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,1]})", 1),
       {"\"w\"", "63 bits", "18446744073709551615"}},
      {"offsets_missing",
       one(R"({"dtype":"U8","shape":[1]})", 1),
       {"\"w\"", "data_offsets must be [begin, end]"}},
      {"offsets_three",
       one(R"({"dtype":"U8","shape":[1],"data_offsets":[0,1,2]})", 1),
       {"data_offsets must be [begin, end]", "[0,1,2]"}},
      {"offsets_negative",
       one(R"({"dtype":"U8","shape":[1],"data_offsets":[-1,0]})", 1),
       {"non-negative", "got -1"}},
      {"offsets_falling",
       one(R"({"dtype":"U8","shape":[1],"data_offsets":[1,0]})", 1),
       {"must rise", "[1,0]"}},
      {"offsets_out_of_bounds",
       one(R"({"dtype":"U8","shape":[100],"data_offsets":[0,100]})", 10),
       {"within the 10 bytes", "[0,100]"}},
      {"overlap",
       safetensors(
           R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
           6),
       {"\"b\"", "must begin at byte 4", "[2, 6]"}},
      {"same_bytes_twice",
       safetensors(
           R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})",
           4),
       {"must begin at byte 4", "[0, 4]"}},
      {"hole",
       safetensors(
           R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}})",
           5),
       {"\"b\"", "must begin at byte 2", "[3, 5]"}},
      {"hole_at_the_start",
       one(R"({"dtype":"U8","shape":[2],"data_offsets":[1,3]})", 3),
       {"\"w\"", "must begin at byte 0"}},
      {"bytes_left_over", safetensors(good, 25), {"must fill the 25 bytes", "got 24 bytes"}},
      {"duplicate_tensor",
       safetensors(
           R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
           1),
       {"repeated", "\"a\""}},
      {"duplicate_key",
       one(R"({"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]})", 1),
       {"repeated", "\"dtype\""}},
      {"metadata_not_an_object",
       safetensors(R"({"__metadata__":3})", 0),
       {"__metadata__", "object of strings", "got 3"}},
      {"metadata_not_text",
       safetensors(R"({"__metadata__":{"format":1}})", 0),
       {"__metadata__: format", "string", "got 1"}},
  };
}

class SafetensorsBad : public ::testing::TestWithParam<BadFile> {};

TEST_P(SafetensorsBad, IsRefusedByNameInOneLine) {
  TempFolder folder;
  const auto path = folder / "model.safetensors";
  write_bytes(path, GetParam().bytes);
  const auto opened = TensorFiles::open_file(path);
  ASSERT_FALSE(opened.ok());
  const std::string message = opened.error().message();
  EXPECT_THAT(message, AllOf(HasSubstr(path.string()), Not(HasSubstr("\n"))));
  for (const std::string& part : GetParam().says) EXPECT_THAT(message, HasSubstr(part));
}

INSTANTIATE_TEST_SUITE_P(Files, SafetensorsBad, ::testing::ValuesIn(bad_files()),
                         [](const auto& file) { return file.param.name; });

std::string error_of(const std::filesystem::path& folder) {
  const auto opened = TensorFiles::open_model(folder);
  return opened.ok() ? "opened" : opened.error().message();
}

constexpr const char* kOneByte = R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})";

TEST(ModelFolderBad, MissingFile) {
  TempFolder folder;
  EXPECT_FALSE(TensorFiles::open_file(folder / "none.safetensors").ok());
  EXPECT_THAT(TensorFiles::open_file(folder / "none.safetensors").error().message(),
              AllOf(HasSubstr("none.safetensors"), HasSubstr("No such file")));
}

TEST(ModelFolderBad, HoldsNoWeights) {
  TempFolder folder;
  EXPECT_THAT(error_of(folder.path()),
              AllOf(HasSubstr(folder.string()), HasSubstr("model.safetensors"), HasSubstr("neither")));
  write_bytes(folder / "pytorch_model.bin", "x");
  EXPECT_THAT(error_of(folder.path()), HasSubstr("convert it to safetensors"));
}

TEST(ModelFolderBad, IndexNamesAMissingShard) {
  TempFolder folder;
  write_bytes(folder / "model-00001-of-00002.safetensors", safetensors(kOneByte, 1));
  write_bytes(
      folder / "model.safetensors.index.json",
      R"({"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}})");
  EXPECT_THAT(error_of(folder.path()),
              AllOf(HasSubstr("index.json"), HasSubstr("must exist"), HasSubstr("got model-00002-of-00002")));
}

TEST(ModelFolderBad, TensorIsNotInItsShard) {
  TempFolder folder;
  write_bytes(folder / "s1.safetensors", safetensors(kOneByte, 1));
  write_bytes(folder / "model.safetensors.index.json",
              R"({"weight_map":{"a":"s1.safetensors","b":"s1.safetensors"}})");
  EXPECT_THAT(error_of(folder.path()),
              AllOf(HasSubstr("s1.safetensors"), HasSubstr("the index says"), HasSubstr("no b")));
}

TEST(ModelFolderBad, IndexLeavesTheFolder) {
  TempFolder folder;
  for (const char* name : {"../other.safetensors", "/etc/passwd", "..", "", "sub/a.safetensors"}) {
    write_bytes(folder / "model.safetensors.index.json",
                std::string(R"({"weight_map":{"a":")") + name + "\"}}");
    EXPECT_THAT(error_of(folder.path()),
                AllOf(HasSubstr("weight_map: a"), HasSubstr("same folder"), HasSubstr(name)));
  }
}

TEST(ModelFolderBad, IndexIsNotAnIndex) {
  TempFolder folder;
  const auto index = folder / "model.safetensors.index.json";
  for (const char* text :
       {"[]", "{}", R"({"weight_map":{}})", R"({"weight_map":[1]})", R"({"weight_map":null})"}) {
    write_bytes(index, text);
    EXPECT_THAT(error_of(folder.path()),
                AllOf(HasSubstr(index.string()), HasSubstr("weight_map must be an object")))
        << text;
  }
  write_bytes(index, R"({"weight_map":{"a":7}})");
  EXPECT_THAT(error_of(folder.path()), HasSubstr("got 7"));
  write_bytes(index, R"({"weight_map":{"a":"x","a":"y"}})");
  EXPECT_THAT(error_of(folder.path()), AllOf(HasSubstr("repeated"), HasSubstr("\"a\"")));
  write_bytes(index, "{");
  EXPECT_THAT(error_of(folder.path()), HasSubstr("valid JSON"));
}

TEST(ModelFolderBad, ShardIsDamaged) {
  TempFolder folder;
  write_bytes(folder / "s1.safetensors", safetensors(kOneByte, 0));
  write_bytes(folder / "model.safetensors.index.json", R"({"weight_map":{"a":"s1.safetensors"}})");
  EXPECT_THAT(error_of(folder.path()),
              AllOf(HasSubstr("s1.safetensors: \"a\""), HasSubstr("within the 0 bytes")));
}

}  // namespace
}  // namespace hone
