// GGUF files: what is written is read back, what the reference wrote is read and made again to the bit.
#include "hone/weights/gguf.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "hone/weights/gguf_convert.h"
#include "support/temp_folder.h"
#include "weights/gguf_files.h"

namespace hone {
namespace {

using testing::as_text;
using testing::golden_gguf;
using testing::TempFolder;

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

TEST(Gguf, WhatIsWrittenIsReadBack) {
  const TempFolder folder;
  GgufMetadata metadata;
  metadata.u32("a.u32", 4000000000U);
  metadata.f32("a.f32", 0.1F);
  metadata.flag("a.flag", true);
  metadata.text("a.text", std::string_view("caf\xc3\xa9\0!", 7));
  metadata.texts("a.texts", std::vector<std::string>{"", "b"});
  metadata.i32s("a.i32s", std::vector<std::int32_t>{-1, 7});
  const auto tensor = [](std::string name, GgufType type, std::vector<std::int64_t> shape,
                         std::vector<std::byte> bytes) {
    return GgufTensorToWrite{std::move(name), type, std::move(shape), [bytes] { return Result(bytes); }};
  };
  const std::vector<GgufTensorToWrite> tensors = {
      tensor("odd", GgufType::kF16, {3}, bytes_of({1, 2, 3, 4, 5, 6})),
      tensor("matrix", GgufType::kF32, {2, 1}, bytes_of({0, 0, 128, 63, 0, 0, 0, 64})),
      tensor("blocks", GgufType::kQ8_0, {1, 32}, std::vector<std::byte>(34, std::byte{5})),
  };
  ASSERT_TRUE(write_gguf(folder / "a.gguf", metadata, tensors).ok());
  const auto file = GgufFile::open(folder / "a.gguf");
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(file->metadata().size(), 6U);
  EXPECT_EQ(*file->require<std::int64_t>("a.u32"), 4000000000);
  EXPECT_EQ(*file->require<double>("a.f32"), static_cast<double>(0.1F));
  EXPECT_EQ(*file->require<bool>("a.flag"), true);
  EXPECT_EQ(*file->require<std::string>("a.text"), std::string("caf\xc3\xa9\0!", 7));
  EXPECT_EQ(*file->require<std::vector<std::string>>("a.texts"), (std::vector<std::string>{"", "b"}));
  EXPECT_EQ(*file->require<std::vector<std::int64_t>>("a.i32s"), (std::vector<std::int64_t>{-1, 7}));
  EXPECT_EQ(*file->require<double>("a.u32"), 4e9);
  EXPECT_FALSE((*file->get<bool>("absent")).has_value());
  EXPECT_EQ(file->require<bool>("absent").error().message(),
            "[" + (folder / "a.gguf").string() + ": \"absent\"] must be present");
  EXPECT_EQ(file->get<bool>("a.text").error().message(),
            "[" + (folder / "a.gguf").string() + ": \"a.text\"] must be true or false, got text");
  ASSERT_EQ(file->tensors().size(), 3U);
  EXPECT_EQ(file->tensors().at("odd").shape, (std::vector<std::int64_t>{3}));
  EXPECT_EQ(as_text(file->tensors().at("odd").bytes), "\1\2\3\4\5\6");
  EXPECT_EQ(file->tensors().at("matrix").shape, (std::vector<std::int64_t>{2, 1}));
  EXPECT_EQ(from_gguf(file->tensors().at("matrix").bytes, GgufType::kF32), (std::vector<float>{1, 2}));
  EXPECT_EQ(file->tensors().at("blocks").bytes.size(), 34U);
}

TEST(Gguf, AFailureWhileWritingLeavesWhatWasThere) {
  const TempFolder folder;
  testing::write_bytes(folder / "a.gguf", "before");
  const std::vector<GgufTensorToWrite> tensors = {
      {"a", GgufType::kF32, {1}, [] {
         return Result<std::vector<std::byte>>(Error{"a", "breaks", ""});
       }}};
  EXPECT_EQ(write_gguf(folder / "a.gguf", {}, tensors).error().rule, "breaks");
  EXPECT_EQ(testing::read_bytes(folder / "a.gguf"), "before");
}

TEST(Gguf, TheReferencesFilesAreRead) {
  const auto file = GgufFile::open(golden_gguf("tiny-f32.gguf"));
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(*file->require<std::string>("general.architecture"), "llama");
  EXPECT_EQ(*file->require<std::int64_t>("llama.attention.head_count"), 2);
  EXPECT_EQ(file->require<std::vector<std::string>>("tokenizer.ggml.tokens")->size(), 272U);
  EXPECT_EQ(file->tensors().size(), 12U);
  EXPECT_EQ(file->tensors().at("blk.0.attn_k.weight").shape, (std::vector<std::int64_t>{16, 32}));
}

TEST(Gguf, QuantizingGivesTheReferencesBits) {
  const auto exact = GgufFile::open(golden_gguf("tiny-f32.gguf")),
             small = GgufFile::open(golden_gguf("tiny-q8_0.gguf"));
  ASSERT_TRUE(exact.ok() && small.ok());
  int quantized = 0;
  for (const auto& [name, tensor] : small->tensors()) {
    if (tensor.type != GgufType::kQ8_0) continue;
    const auto values = from_gguf(exact->tensors().at(name).bytes, GgufType::kF32);
    const auto bytes = to_gguf(values, GgufType::kQ8_0, name);
    ASSERT_TRUE(bytes.ok());
    EXPECT_EQ(as_text(*bytes), as_text(tensor.bytes)) << name;
    ++quantized;
  }
  EXPECT_EQ(quantized, 8);
}

TEST(GgufConvert, BlocksHaveTheScaleOfTheirLargestValue) {
  std::vector<float> values(64, 0.0F);
  values[3] = -127.0F;
  values[4] = 2.5F;  // halves go away from zero
  values[5] = -0.5F;
  values[6] = 0.49F;
  const auto bytes = to_gguf(values, GgufType::kQ8_0, "w");
  ASSERT_TRUE(bytes.ok());
  ASSERT_EQ(bytes->size(), 68U);
  const auto back = from_gguf(*bytes, GgufType::kQ8_0);
  EXPECT_EQ(back[3], -127.0F);
  EXPECT_EQ(back[4], 3.0F);
  EXPECT_EQ(back[5], -1.0F);
  EXPECT_EQ(back[6], 0.0F);
  for (std::size_t i = 32; i < 64; ++i) EXPECT_EQ(back[i], 0.0F);
}

TEST(GgufConvert, EachValueComesBackWithinHalfAStep) {
  std::vector<float> values;
  for (int i = 0; i < 4096; ++i)
    values.push_back(std::sin(static_cast<float>(i)) * std::exp(static_cast<float>(i % 97) / 20.0F));
  const auto back = from_gguf(*to_gguf(values, GgufType::kQ8_0, "w"), GgufType::kQ8_0);
  for (std::size_t block = 0; block < values.size(); block += 32) {
    float largest = 0;
    for (std::size_t i = block; i < block + 32; ++i) largest = std::max(largest, std::abs(values[i]));
    for (std::size_t i = block; i < block + 32; ++i)
      EXPECT_NEAR(back[i], values[i], largest * (0.5F / 127.0F + 0x1.0p-11F) * 1.001F) << i;
  }
  // What comes back is written the same way again.
  EXPECT_EQ(as_text(*to_gguf(back, GgufType::kQ8_0, "w")), as_text(*to_gguf(values, GgufType::kQ8_0, "w")));
}

TEST(GgufConvert, HalvesRoundToNearestEven) {
  const std::vector<float> values = {1.0F + 0x1.0p-11F, 1.0F + 0x1.8p-10F, 65519.0F, -0.0F};
  EXPECT_EQ(from_gguf(*to_gguf(values, GgufType::kF16, "w"), GgufType::kF16),
            (std::vector<float>{1.0F, 1.0F + 0x1.0p-9F, 65504.0F, -0.0F}));
  const std::vector<float> wide = {1.0F + 0x1.0p-8F, 1.0F + 0x1.8p-7F, 1e38F};
  EXPECT_EQ(from_gguf(*to_gguf(wide, GgufType::kBF16, "w"), GgufType::kBF16)[0], 1.0F);
  EXPECT_EQ(from_gguf(*to_gguf(wide, GgufType::kBF16, "w"), GgufType::kBF16)[1], 1.0F + 0x1.0p-6F);
}

TEST(GgufConvert, WhatATypeCannotHoldIsAnError) {
  std::vector<float> values(32, 1.0F);
  for (const float bad :
       {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN(), 1e38F}) {
    values[7] = bad;
    EXPECT_EQ(to_gguf(values, GgufType::kQ8_0, "blk.0.x").error().where, "blk.0.x") << bad;
  }
  values[7] = 70000.0F;
  EXPECT_TRUE(to_gguf(values, GgufType::kQ8_0, "w").ok());
  EXPECT_EQ(to_gguf(values, GgufType::kF16, "w").error().message(),
            "[w] must be at most 65504 to be written as F16, got 70000");
  EXPECT_TRUE(to_gguf(values, GgufType::kBF16, "w").ok());
}

}  // namespace
}  // namespace hone
