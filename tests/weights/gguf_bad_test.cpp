// Files that lie: every one is an error that names the place, none reads outside the file.
#include <gtest/gtest.h>

#include <limits>

#include "hone/base/rng.h"
#include "hone/weights/gguf.h"
#include "hone/weights/gguf_model.h"
#include "hone/weights/gguf_vocabulary.h"
#include "support/temp_folder.h"
#include "weights/gguf_files.h"

namespace hone {
namespace {

using testing::aligned_to;
using testing::gguf_head;
using testing::gguf_tensor;
using testing::gguf_text;
using testing::golden_gguf;
using testing::le;
using testing::TempFolder;

constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();

// The message without the folder, or "accepted".
std::string refusal(const std::string& bytes) {
  const TempFolder folder;
  testing::write_bytes(folder / "f.gguf", bytes);
  const auto file = GgufFile::open(folder / "f.gguf");
  if (file.ok()) return "accepted";
  const std::string message = file.error().message();
  return message.substr(message.find("f.gguf"));
}

std::string with_data(const std::string& head, std::size_t data_bytes) {
  return aligned_to(head, 32) + std::string(data_bytes, 'x');
}

TEST(BadGguf, HeadersThatAreNot) {
  EXPECT_EQ(refusal(""), "f.gguf] must be a GGUF file (start with \"GGUF\"), got \"\"");
  EXPECT_EQ(refusal("{\"a\""), "f.gguf] must be a GGUF file (start with \"GGUF\"), got \"{\\\"a\\\"\"");
  EXPECT_EQ(refusal("GGUF\3"), "f.gguf: version] must lie within the file, got 1 bytes left");
  EXPECT_EQ(refusal(gguf_head(0, 0, 1)), "f.gguf: version] must be 2 or 3, got 1");
  EXPECT_EQ(refusal(gguf_head(0, 0, 0x03000000)),
            "f.gguf: version] must be little-endian, got a big-endian file");
  EXPECT_EQ(refusal(gguf_head(0, 0)), "accepted");
  EXPECT_EQ(refusal(gguf_head(0, 0, 2)), "accepted");
  EXPECT_EQ(refusal(gguf_head(kHuge, 0)),
            "f.gguf: the count of tensors] must fit the file, got 18446744073709551615");
  EXPECT_EQ(refusal(gguf_head(0, kHuge)),
            "f.gguf: the count of metadata] must fit the file, got 18446744073709551615");
}

TEST(BadGguf, MetadataThatDoNotFit) {
  const auto one = [](const std::string& pair) { return gguf_head(0, 1) + pair + std::string(16, '\0'); };
  EXPECT_EQ(refusal(one(le(kHuge) + "abcdefgh")),
            "f.gguf: metadata 0] a text must fit the 24 bytes that are left, got 18446744073709551615 bytes");
  EXPECT_EQ(refusal(one(gguf_text("k") + le(13U))),
            "f.gguf: \"k\"] the value's type must be one of GGUF's, 0 to 12, got 13");
  EXPECT_EQ(refusal(one(gguf_text("") + le(7U))), "f.gguf: metadata 0] must have a key, got none");
  EXPECT_EQ(refusal(one(gguf_text("k") + le(7U) + "\2")),
            "f.gguf: \"k\"] true and false are the bytes 1 and 0, got 2");
  EXPECT_EQ(refusal(one(gguf_text("k") + le(10U) + le(kHuge))),
            "f.gguf: \"k\"] an integer must fit 63 bits, got 18446744073709551615");
  EXPECT_EQ(refusal(one(gguf_text("k") + le(9U) + le(9U) + le(kHuge))),
            "f.gguf: \"k\"] a list must hold numbers, texts or truth values, got type 9");
  EXPECT_EQ(refusal(one(gguf_text("k") + le(9U) + le(4U) + le(kHuge))),
            "f.gguf: \"k\"] a list must fit the 16 bytes that are left, got 18446744073709551615 elements");
  EXPECT_EQ(refusal(one(gguf_text("k") + le(9U) + le(8U) + le<std::uint64_t>(2) + le(kHuge))),
            "f.gguf: \"k\"] a text must fit the 16 bytes that are left, got 18446744073709551615 bytes");
  EXPECT_EQ(refusal(gguf_head(0, 2) + gguf_text("k") + le(4U) + le(1U) + gguf_text("k") + le(4U) + le(1U)),
            "f.gguf: \"k\"] a key must come once, got it again");
  EXPECT_EQ(refusal(one(gguf_text("general.alignment") + le(4U) + le(24U))),
            "f.gguf: general.alignment] must be a power of two, got 24");
  EXPECT_EQ(refusal(one(gguf_text("general.alignment") + le(4U) + le(0U))),
            "f.gguf: general.alignment] must be a power of two, got 0");
  EXPECT_EQ(refusal(one(gguf_text("general.alignment") + le(8U) + gguf_text("8"))),
            "f.gguf: \"general.alignment\"] must be an integer, got text");
}

TEST(BadGguf, TensorsThatDoNotFit) {
  const auto one = [](const std::string& entry, std::size_t data = 64) {
    return with_data(gguf_head(1, 0) + entry, data);
  };
  EXPECT_EQ(refusal(one(gguf_tensor("t", {16}, 0, 0))), "accepted");
  EXPECT_EQ(refusal(one(gguf_tensor("t", {17}, 0, 0))),
            "f.gguf: tensor \"t\"] must lie within the 64 bytes of the file's data, got 68 bytes at 0");
  EXPECT_EQ(refusal(one(gguf_tensor("t", {1}, 0, 64))),
            "f.gguf: tensor \"t\"] must lie within the 64 bytes of the file's data, got 4 bytes at 64");
  EXPECT_EQ(refusal(one(gguf_tensor("t", {1}, 0, kHuge - 31))),
            "f.gguf: tensor \"t\"] must lie within the 64 bytes of the file's data, got 4 bytes at "
            "18446744073709551584");
  EXPECT_EQ(refusal(one(gguf_tensor("t", {1}, 0, 4))),
            "f.gguf: tensor \"t\"] must stand at a multiple of the alignment, 32, got 4");
  EXPECT_EQ(refusal(one(gguf_tensor("t", {}, 0, 0))),
            "f.gguf: tensor \"t\"] must have 1 to 4 dimensions, got 0");
  EXPECT_EQ(refusal(one(gguf_tensor("t", {1, 1, 1, 1, 1}, 0, 0))),
            "f.gguf: tensor \"t\"] must have 1 to 4 dimensions, got 5");
  const std::string product =
      "f.gguf: tensor \"t\"] its dimensions must be above zero and their product must fit 60 bits, got ";
  EXPECT_EQ(refusal(one(gguf_tensor("t", {0}, 0, 0))), product + "0");
  EXPECT_EQ(refusal(one(gguf_tensor("t", {kHuge}, 0, 0))), product + "18446744073709551615");
  EXPECT_EQ(refusal(one(gguf_tensor("t", {1ULL << 32, 1ULL << 32}, 0, 0))), product + "4294967296");
  EXPECT_EQ(refusal(one(gguf_tensor("t", {32}, 12, 0))),
            "f.gguf: tensor \"t\"] its type must be F32, F16, BF16 or Q8_0, got Q4_K");
  EXPECT_EQ(refusal(one(gguf_tensor("t", {32}, 999, 0))),
            "f.gguf: tensor \"t\"] its type must be F32, F16, BF16 or Q8_0, got type 999");
  EXPECT_EQ(refusal(one(gguf_tensor("t", {16}, 8, 0))),
            "f.gguf: tensor \"t\"] rows of Q8_0 must be multiples of 32, got 16");
  EXPECT_EQ(refusal(one(gguf_tensor("", {16}, 0, 0))), "f.gguf: tensor \"\"] must have a name, got none");
  // A file that ends before its data begin.
  EXPECT_EQ(refusal(gguf_head(1, 0) + gguf_tensor("t", {1}, 0, 0)),
            "f.gguf: tensor \"t\"] must lie within the 0 bytes of the file's data, got 4 bytes at 0");
}

TEST(BadGguf, TensorsThatShareBytesOrNames) {
  const auto two = [](const std::string& a, const std::string& b) {
    return with_data(gguf_head(2, 0) + a + b, 128);
  };
  EXPECT_EQ(refusal(two(gguf_tensor("b", {8}, 0, 32), gguf_tensor("a", {8}, 0, 0))), "accepted");
  EXPECT_EQ(refusal(two(gguf_tensor("a", {9}, 0, 0), gguf_tensor("b", {8}, 0, 32))),
            "f.gguf: tensor \"b\"] must not overlap another, got tensor \"a\"");
  EXPECT_EQ(refusal(two(gguf_tensor("a", {8}, 0, 0), gguf_tensor("b", {8}, 0, 0))),
            "f.gguf: tensor \"b\"] must not overlap another, got tensor \"a\"");
  EXPECT_EQ(refusal(two(gguf_tensor("a", {8}, 0, 0), gguf_tensor("a", {8}, 0, 32))),
            "f.gguf: tensor \"a\"] a name must come once, got it again");
}

// Whatever is read of a file is also made a model of, as hone import does.
bool survives(const std::filesystem::path& path, const std::filesystem::path& folder) {
  const auto file = GgufFile::open(path);
  if (!file.ok()) return false;
  const auto vocabulary = read_vocabulary(*file);
  return vocabulary.ok() && import_gguf(*file, *vocabulary, folder).ok();
}

TEST(BadGguf, EveryShorterFileIsAnError) {
  const TempFolder folder;
  const std::string good = testing::read_bytes(golden_gguf("tiny-q8_0.gguf"));
  testing::write_bytes(folder / "f.gguf", good);
  EXPECT_TRUE(survives(folder / "f.gguf", folder.path()));
  for (std::size_t length = 0; length < good.size(); length += length < 200 ? 1 : 97) {
    testing::write_bytes(folder / "f.gguf", std::string_view(good).substr(0, length));
    EXPECT_FALSE(GgufFile::open(folder / "f.gguf").ok()) << length;
  }
}

TEST(BadGguf, ChangedBytesNeverCrash) {
  const TempFolder folder;
  const std::string good = testing::read_bytes(golden_gguf("tiny-q8_0.gguf"));
  const std::size_t head = good.size() - 17000;  // the rest is tensors' bytes, of which any will do
  RandomStream random({.seed = 1, .purpose = Purpose::kDataOrder});
  int survived = 0;
  constexpr int kRounds = 600;
  for (int round = 0; round < kRounds; ++round) {
    std::string bytes = good;
    const int changes = 1 + static_cast<int>(random.below(3));
    for (int i = 0; i < changes; ++i) {
      const std::size_t at = random.below(head);
      constexpr unsigned char kOdd[] = {0x00, 0x01, 0x7F, 0x80, 0xFF};
      bytes[at] = static_cast<char>(random.below(2) == 0 ? kOdd[random.below(5)] : random.below(256));
    }
    testing::write_bytes(folder / "f.gguf", bytes);
    survived += survives(folder / "f.gguf", folder.path()) ? 1 : 0;
  }
  // Some changes are of texts that may be anything; most are noticed or harmless, and none ends the program.
  EXPECT_GT(survived, 0);
  EXPECT_LT(survived, kRounds);
}

}  // namespace
}  // namespace hone
