#include "hone/weights/convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace hone {
namespace {

// What a 16-bit float with this many exponent and fraction bits is worth, by the definition of IEEE 754, in
// double.
double by_definition(std::uint16_t bits, int exponent_bits, int fraction_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = (bits >> fraction_bits) & ((1 << exponent_bits) - 1);
  const int fraction = bits & ((1 << fraction_bits) - 1);
  const double sign = (bits & 0x8000) != 0 ? -1.0 : 1.0;
  if (exponent == (1 << exponent_bits) - 1) {
    return fraction != 0 ? std::numeric_limits<double>::quiet_NaN()
                         : sign * std::numeric_limits<double>::infinity();
  }
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias - fraction_bits);
  return sign * std::ldexp(fraction + (1 << fraction_bits), exponent - bias - fraction_bits);
}

struct Format {
  const char* name;
  int exponent_bits, fraction_bits;
  float (*widen)(std::uint16_t);
  std::uint16_t (*narrow)(float);
};

const Format kFormats[] = {{"float16", 5, 10, float16_to_float32, float32_to_float16},
                           {"bfloat16", 8, 7, bfloat16_to_float32, float32_to_bfloat16}};

TEST(Convert, EveryShortFloatWidensExactlyAndComesBack) {
  for (const Format& format : kFormats) {
    for (std::uint32_t i = 0; i < 0x10000; ++i) {
      const auto bits = static_cast<std::uint16_t>(i);
      const double expected = by_definition(bits, format.exponent_bits, format.fraction_bits);
      const float wide = format.widen(bits);
      if (std::isnan(expected)) {
        ASSERT_TRUE(std::isnan(wide)) << format.name << " " << i;
        ASSERT_TRUE(std::isnan(format.widen(format.narrow(wide)))) << format.name << " " << i;
      } else {
        ASSERT_EQ(static_cast<double>(wide), expected) << format.name << " " << i;
        ASSERT_EQ(std::signbit(wide), (bits & 0x8000) != 0) << format.name << " " << i;
        ASSERT_EQ(format.narrow(wide), bits) << format.name << " " << i;
      }
    }
  }
}

// Between two neighbours, the middle goes to the even one, and a hair to either side to the nearer one.
TEST(Convert, RoundsToNearestTiesToEven) {
  for (const Format& format : kFormats) {
    const auto infinity =
        static_cast<std::uint16_t>(((1 << format.exponent_bits) - 1) << format.fraction_bits);
    for (std::uint16_t low = 0; low + 1 < infinity; ++low) {
      const auto high = static_cast<std::uint16_t>(low + 1);
      const double middle = (double{format.widen(low)} + double{format.widen(high)}) / 2;
      const auto tie = static_cast<float>(middle);
      // Below bfloat16's own subnormals the middle is a float32 subnormal, still exact.
      ASSERT_EQ(static_cast<double>(tie), middle);
      ASSERT_EQ(format.narrow(tie), low % 2 == 0 ? low : high) << format.name << " " << low;
      ASSERT_EQ(format.narrow(std::nextafter(tie, 0.0f)), low) << format.name << " " << low;
      ASSERT_EQ(format.narrow(std::nextafter(tie, std::numeric_limits<float>::infinity())), high)
          << format.name << " " << low;
      ASSERT_EQ(format.narrow(-tie), (low % 2 == 0 ? low : high) | 0x8000) << format.name << " " << low;
    }
  }
}

TEST(Convert, LargeValuesBecomeInfinity) {
  EXPECT_EQ(float32_to_float16(65504.0f), 0x7BFF);
  EXPECT_EQ(float32_to_float16(std::nextafter(65520.0f, 0.0f)), 0x7BFF);
  EXPECT_EQ(float32_to_float16(65520.0f), 0x7C00);
  EXPECT_EQ(float32_to_float16(-1e30f), 0xFC00);
  EXPECT_EQ(float32_to_float16(std::numeric_limits<float>::infinity()), 0x7C00);
  EXPECT_EQ(float32_to_float16(1e-10f), 0x0000);
  EXPECT_EQ(float32_to_float16(-1e-10f), 0x8000);
  EXPECT_EQ(float32_to_bfloat16(std::numeric_limits<float>::max()), 0x7F80);
  EXPECT_EQ(float32_to_bfloat16(-std::numeric_limits<float>::infinity()), 0xFF80);
}

// A payload in the low bits alone must not vanish into an infinity.
TEST(Convert, NanStaysNan) {
  for (const std::uint32_t bits : {0x7F800001u, 0x7FFFFFFFu, 0xFF800001u, 0xFFFFFFFFu, 0x7FC00000u}) {
    const auto nan = std::bit_cast<float>(bits);
    EXPECT_TRUE(std::isnan(bfloat16_to_float32(float32_to_bfloat16(nan)))) << bits;
    EXPECT_TRUE(std::isnan(float16_to_float32(float32_to_float16(nan)))) << bits;
  }
}

TEST(Convert, WholeTensorsThereAndBack) {
  std::vector<float> values(200'000);  // more than one thread's share
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 257) - 128.0f;
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16, DType::kF64}) {
    // One byte off alignment, as a tensor in a mapped file may be.
    const std::vector<std::byte> bytes = from_float32(values, dtype);
    std::vector<std::byte> shifted(bytes.size() + 1);
    std::memcpy(shifted.data() + 1, bytes.data(), bytes.size());
    TensorView view;
    view.dtype = dtype;
    view.shape = {2, static_cast<std::int64_t>(values.size() / 2)};
    view.bytes = std::span(shifted).subspan(1);
    const auto back = to_float32(view);
    ASSERT_TRUE(back.ok());
    EXPECT_TRUE(*back == values) << to_string(dtype);
  }
}

TEST(Convert, IntegersAreNotWeights) {
  const std::vector<std::byte> bytes(8);
  for (const DType dtype : {DType::kI64, DType::kI32, DType::kU8, DType::kBool}) {
    TensorView view;
    view.dtype = dtype;
    view.shape = {static_cast<std::int64_t>(8 / size_of(dtype))};
    view.bytes = bytes;
    const auto values = to_float32(view);
    ASSERT_FALSE(values.ok());
    EXPECT_THAT(values.error().message(), ::testing::HasSubstr(to_string(dtype)));
  }
}

TEST(DTypes, NamesGoBothWays) {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16, DType::kF64, DType::kI64, DType::kI32,
                            DType::kU8, DType::kBool}) {
    EXPECT_EQ(dtype_from_string(to_string(dtype)), dtype);
  }
  EXPECT_EQ(dtype_from_string("f32"), std::nullopt);
  EXPECT_EQ(dtype_from_torch_name("bfloat16"), DType::kBF16);
  EXPECT_EQ(dtype_from_torch_name("torch.float16"), DType::kF16);
  EXPECT_EQ(dtype_from_torch_name("BF16"), std::nullopt);
}

}  // namespace
}  // namespace hone
