#include "hone/weights/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "hone/base/json.h"
#include "support/golden.h"
#include "support/temp_folder.h"
#include "weights/safetensors_files.h"

namespace hone {
namespace {

using ::testing::ElementsAre;
using testing::golden_folders;
using ::testing::HasSubstr;
using testing::read_bytes;
using testing::safetensors;
using testing::TempFolder;
using testing::write_bytes;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span<const char>(text.data(), text.size()));
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::vector<TensorToWrite> to_write(const TensorFiles& files) {
  std::vector<TensorToWrite> out;
  for (const auto& [name, view] : files.tensors()) out.push_back({name, view.dtype, view.shape, view.bytes});
  return out;
}

void expect_same_tensors(const TensorFiles& a, const TensorFiles& b) {
  ASSERT_EQ(a.tensors().size(), b.tensors().size());
  for (const auto& [name, view] : a.tensors()) {
    const auto other = b.find(name);
    ASSERT_TRUE(other.ok()) << other.error().message();
    EXPECT_EQ(view.dtype, other->dtype) << name;
    EXPECT_EQ(view.shape, other->shape) << name;
    EXPECT_TRUE(std::ranges::equal(view.bytes, other->bytes)) << name;
  }
}

std::set<std::string> names_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.insert(entry.path().filename().string());
  return names;
}

TEST(Safetensors, ReadsShapesBytesAndMetadata) {
  TempFolder folder;
  const auto path = folder / "a.safetensors";
  // Written out of order, with a scalar, an empty tensor and spaces after the header: all allowed by the
  // format.
  write_bytes(
      path,
      safetensors(R"({"w":{"dtype":"BF16","shape":[2,1],"data_offsets":[1,5]},"__metadata__":{"k":"v"},)"
                  R"("none":{"dtype":"F32","shape":[0,7],"data_offsets":[5,5]},)"
                  R"("s":{"shape":[],"data_offsets":[0,1],"dtype":"BOOL"}}   )",
                  0) +
          "\x01wxyz");
  const auto files = TensorFiles::open_file(path);
  ASSERT_TRUE(files.ok()) << files.error().message();
  EXPECT_EQ(files->metadata(), (std::map<std::string, std::string>{{"k", "v"}}));
  ASSERT_EQ(files->tensors().size(), 3u);
  const TensorView w = *files->find("w"), none = *files->find("none"), s = *files->find("s");
  EXPECT_EQ(w.dtype, DType::kBF16);
  EXPECT_THAT(w.shape, ElementsAre(2, 1));
  EXPECT_EQ(text_of(w.bytes), "wxyz");
  EXPECT_EQ(none.numel(), 0);
  EXPECT_TRUE(none.bytes.empty());
  EXPECT_EQ(s.numel(), 1);
  EXPECT_EQ(text_of(s.bytes), "\x01");
}

TEST(Safetensors, AViewOutlivesTheFilesItCameFrom) {
  TempFolder folder;
  write_bytes(folder / "a.safetensors",
              safetensors(R"({"w":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}})", 0) + "abc");
  TensorView view;
  {
    const auto files = TensorFiles::open_file(folder / "a.safetensors");
    ASSERT_TRUE(files.ok());
    view = *files->find("w");
  }
  std::filesystem::remove(folder / "a.safetensors");
  EXPECT_EQ(text_of(view.bytes), "abc");
}

TEST(Safetensors, FindNamesTheFileAndTheTensor) {
  TempFolder folder;
  write_bytes(folder / "a.safetensors", safetensors("{}", 0));
  const auto files = TensorFiles::open_file(folder / "a.safetensors");
  ASSERT_TRUE(files.ok()) << files.error().message();
  const auto found = files->find("lm_head.weight");
  ASSERT_FALSE(found.ok());
  EXPECT_THAT(found.error().message(), HasSubstr("a.safetensors"));
  EXPECT_THAT(found.error().message(), HasSubstr("lm_head.weight"));
}

TEST(Safetensors, LaysTensorsOutAsTheReferenceDoes) {
  TempFolder folder;
  const std::vector<TensorToWrite> tensors = {{"b", DType::kF16, {1}, bytes_of("bb")},
                                              {"a", DType::kF16, {1}, bytes_of("aa")},
                                              {"z", DType::kF32, {1, 1}, bytes_of("zzzz")},
                                              {"i", DType::kI64, {}, bytes_of("iiiiiiii")},
                                              {"n", DType::kBF16, {0, 3}, {}},
                                              {"q\"", DType::kU8, {1}, bytes_of("q")}};
  ASSERT_TRUE(write_safetensors(folder / "a.safetensors", tensors).ok());
  const std::string bytes = read_bytes(folder / "a.safetensors");
  std::string header =
      R"({"__metadata__":{"format":"pt"},"i":{"dtype":"I64","shape":[],"data_offsets":[0,8]},)"
      R"("z":{"dtype":"F32","shape":[1,1],"data_offsets":[8,12]},)"
      R"("n":{"dtype":"BF16","shape":[0,3],"data_offsets":[12,12]},)"
      R"("a":{"dtype":"F16","shape":[1],"data_offsets":[12,14]},)"
      R"("b":{"dtype":"F16","shape":[1],"data_offsets":[14,16]},)"
      R"("q\"":{"dtype":"U8","shape":[1],"data_offsets":[16,17]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  EXPECT_EQ(bytes, testing::length_bytes(header.size()) + header + "iiiiiiiizzzzaabbq");
}

TEST(Safetensors, WritesNothingWhenTheTensorsAreWrong) {
  TempFolder folder;
  const auto path = folder / "a.safetensors";
  const auto error = [&](std::vector<TensorToWrite> tensors) {
    const auto written = write_safetensors(path, tensors);
    return written.ok() ? "written" : written.error().message();
  };
  EXPECT_THAT(error({{"w", DType::kF32, {2}, bytes_of("1234")}}),
              HasSubstr("w] F32 [2] must take as many bytes"));
  EXPECT_THAT(error({{"w", DType::kU8, {-1}, bytes_of("1")}}), HasSubstr("U8 [-1]"));
  EXPECT_THAT(error({{"w", DType::kF32, {1LL << 32, 1LL << 32}, {}}}), HasSubstr("must take"));
  EXPECT_THAT(error({{"w", DType::kU8, {1}, bytes_of("1")}, {"w", DType::kU8, {1}, bytes_of("2")}}),
              HasSubstr("\"w\""));
  EXPECT_THAT(error({{"__metadata__", DType::kU8, {1}, bytes_of("1")}}), HasSubstr("names of their own"));
  EXPECT_THAT(error({{"\xff", DType::kU8, {1}, bytes_of("1")}}), HasSubstr("UTF-8"));
  EXPECT_TRUE(names_in(folder.path()).empty());
}

TEST(Safetensors, AFailedWriteKeepsTheOldFile) {
  TempFolder folder;
  const auto path = folder / "a.safetensors";
  ASSERT_TRUE(
      write_safetensors(path, std::vector<TensorToWrite>{{"w", DType::kU8, {1}, bytes_of("1")}}).ok());
  const std::string before = read_bytes(path);
  EXPECT_FALSE(
      write_safetensors(path, std::vector<TensorToWrite>{{"w", DType::kU8, {2}, bytes_of("1")}}).ok());
  EXPECT_EQ(read_bytes(path), before);
  EXPECT_FALSE(write_safetensors(folder / "absent" / "a.safetensors", {}).ok());
}

TEST(SafetensorsGolden, ReadWriteReadIsTheSame) {
  const auto folders = golden_folders("models");
  ASSERT_GE(folders.size(), 7u);
  for (const auto& golden : folders) {
    SCOPED_TRACE(golden.string());
    const auto files = TensorFiles::open_model(golden);
    ASSERT_TRUE(files.ok()) << files.error().message();
    EXPECT_GT(files->tensors().size(), 10u);
    EXPECT_EQ(files->metadata().at("format"), "pt");
    TempFolder folder;
    ASSERT_TRUE(write_model_tensors(folder.path(), to_write(*files)).ok());
    EXPECT_EQ(names_in(folder.path()), std::set<std::string>{"model.safetensors"});
    const auto again = TensorFiles::open_model(folder.path());
    ASSERT_TRUE(again.ok()) << again.error().message();
    expect_same_tensors(*files, *again);
    // Files of the reference implementation come out as the same bytes.
    if (std::filesystem::exists(golden / "model.safetensors")) {
      EXPECT_TRUE(read_bytes(golden / "model.safetensors") == read_bytes(folder / "model.safetensors"));
    }
  }
}

TEST(SafetensorsGolden, ShardsHoldTheSameTensors) {
  for (const auto& golden : golden_folders("models")) {
    SCOPED_TRACE(golden.string());
    const auto files = TensorFiles::open_model(golden);
    ASSERT_TRUE(files.ok()) << files.error().message();
    std::int64_t all = 0, largest = 0;
    for (const auto& [name, view] : files->tensors()) {
      all += static_cast<std::int64_t>(view.bytes.size());
      largest = std::max(largest, static_cast<std::int64_t>(view.bytes.size()));
    }
    const std::int64_t most = std::max(all / 4, largest);
    TempFolder folder;
    ASSERT_TRUE(write_model_tensors(folder.path(), to_write(*files), most).ok());
    EXPECT_FALSE(std::filesystem::exists(folder / "model.safetensors"));
    const auto index = read_json(folder / "model.safetensors.index.json");
    ASSERT_TRUE(index.ok());
    std::uint64_t total = 0;
    std::map<std::string, std::int64_t> shard_bytes;
    for (const auto& [name, view] : files->tensors()) {
      total += view.bytes.size();
      shard_bytes[(*index)["weight_map"].at(name).get<std::string>()] +=
          static_cast<std::int64_t>(view.bytes.size());
    }
    EXPECT_EQ((*index)["metadata"]["total_size"].get<std::uint64_t>(), total);
    EXPECT_EQ((*index)["weight_map"].size(), files->tensors().size());
    EXPECT_GE(shard_bytes.size(), 2u);
    for (const auto& [shard, bytes] : shard_bytes) EXPECT_LE(bytes, most) << shard;
    const auto again = TensorFiles::open_model(folder.path());
    ASSERT_TRUE(again.ok()) << again.error().message();
    expect_same_tensors(*files, *again);
  }
}

TEST(ModelTensors, CutsShardsInOrderAndGivesLargeTensorsTheirOwn) {
  TempFolder folder;
  const std::vector<TensorToWrite> tensors = {{"a", DType::kU8, {3}, bytes_of("aaa")},
                                              {"b", DType::kU8, {2}, bytes_of("bb")},
                                              {"c", DType::kU8, {9}, bytes_of("ccccccccc")},
                                              {"d", DType::kU8, {1}, bytes_of("d")}};
  ASSERT_TRUE(write_model_tensors(folder.path(), tensors, 5).ok());
  const auto index = read_json(folder / "model.safetensors.index.json");
  ASSERT_TRUE(index.ok());
  const auto shard_of = [&](const char* name) { return (*index)["weight_map"][name].get<std::string>(); };
  EXPECT_EQ(shard_of("a"), "model-00001-of-00003.safetensors");
  EXPECT_EQ(shard_of("b"), "model-00001-of-00003.safetensors");
  EXPECT_EQ(shard_of("c"), "model-00002-of-00003.safetensors");
  EXPECT_EQ(shard_of("d"), "model-00003-of-00003.safetensors");
}

TEST(ModelTensors, FilesOfAnEarlierSaveDoNotShadowTheNewOnes) {
  TempFolder folder;
  write_bytes(folder / "tokenizer.json", "{}");
  write_bytes(folder / "adapter.safetensors", "kept");
  const std::vector<TensorToWrite> old = {{"a", DType::kU8, {1}, bytes_of("1")},
                                          {"b", DType::kU8, {1}, bytes_of("2")}};
  const std::vector<TensorToWrite> fresh = {{"a", DType::kU8, {1}, bytes_of("3")},
                                            {"b", DType::kU8, {1}, bytes_of("4")}};
  ASSERT_TRUE(write_model_tensors(folder.path(), old, 1).ok());
  ASSERT_TRUE(write_model_tensors(folder.path(), fresh).ok());
  EXPECT_EQ(names_in(folder.path()),
            (std::set<std::string>{"adapter.safetensors", "model.safetensors", "tokenizer.json"}));
  EXPECT_EQ(text_of(TensorFiles::open_model(folder.path())->find("b")->bytes), "4");
  ASSERT_TRUE(write_model_tensors(folder.path(), old, 1).ok());
  EXPECT_EQ(text_of(TensorFiles::open_model(folder.path())->find("b")->bytes), "2");
}

}  // namespace
}  // namespace hone
