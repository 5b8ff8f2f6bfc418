// Event files read back by a decoder of their own: framing, checksums, protocol buffer wire format.
#include "hone/store/tensorboard.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>

#include "hone/base/files.h"
#include "hone/store/tfrecord.h"
#include "support/temp_folder.h"

namespace hone {
namespace {

using ::testing::ElementsAre;
using testing::TempFolder;

struct Event {
  double wall_time = 0;
  std::int64_t step = 0;
  std::string version;
  std::map<std::string, float> scalars;
  int session_status = 0;
};

template <class T>
T take(std::string_view& bytes) {
  T value{};
  if (bytes.size() < sizeof value) throw std::runtime_error("cut short");
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return value;
}

std::uint64_t take_varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = take<std::uint8_t>(bytes);
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if (byte < 0x80) return value;
  }
}

std::string_view take_bytes(std::string_view& bytes, std::size_t n) {
  if (bytes.size() < n) throw std::runtime_error("cut short");
  const std::string_view front = bytes.substr(0, n);
  bytes.remove_prefix(n);
  return front;
}

// field number → the values it was given: varints and fixed numbers as 64 bits, texts and messages as bytes.
struct Value {
  std::uint64_t number = 0;
  std::string_view bytes;
};
std::multimap<std::uint64_t, Value> fields(std::string_view message) {
  std::multimap<std::uint64_t, Value> out;
  while (!message.empty()) {
    const std::uint64_t key = take_varint(message);
    Value value;
    switch (key & 7U) {
      case 0:
        value.number = take_varint(message);
        break;
      case 1:
        value.number = take<std::uint64_t>(message);
        break;
      case 2:
        value.bytes = take_bytes(message, take_varint(message));
        break;
      case 5:
        value.number = take<std::uint32_t>(message);
        break;
      default:
        throw std::runtime_error("unknown wire type");
    }
    out.emplace(key >> 3, value);
  }
  return out;
}

std::uint32_t unmasked(std::uint32_t masked) {
  const std::uint32_t rotated = masked - 0xa282ead8U;
  return (rotated >> 17) | (rotated << 15);
}

std::vector<Event> read_events(const std::string& file) {
  std::vector<Event> events;
  std::string_view bytes = file;
  while (!bytes.empty()) {
    const std::string_view length_bytes = bytes.substr(0, 8);
    const auto length = take<std::uint64_t>(bytes);
    EXPECT_EQ(unmasked(take<std::uint32_t>(bytes)), crc32c(length_bytes));
    const std::string_view data = take_bytes(bytes, length);
    EXPECT_EQ(unmasked(take<std::uint32_t>(bytes)), crc32c(data));
    Event event;
    for (const auto& [number, value] : fields(data)) {
      if (number == 1) event.wall_time = std::bit_cast<double>(value.number);
      if (number == 2) event.step = static_cast<std::int64_t>(value.number);
      if (number == 3) event.version = value.bytes;
      if (number == 7) event.session_status = static_cast<int>(fields(value.bytes).find(1)->second.number);
      if (number != 5) continue;
      for (const auto& [inner, scalar] : fields(value.bytes)) {
        EXPECT_EQ(inner, 1U);
        const auto parts = fields(scalar.bytes);
        const auto it = parts.find(2);
        const auto bits = it == parts.end() ? 0U : static_cast<std::uint32_t>(it->second.number);
        event.scalars[std::string(parts.find(1)->second.bytes)] = std::bit_cast<float>(bits);
      }
    }
    events.push_back(event);
  }
  return events;
}

std::vector<std::string> files_in(const TempFolder& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder.path())) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

TEST(Crc32c, HasTheStandardsValues) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(""), 0U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);  // RFC 3720 B.4
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43U);
}

TEST(Tensorboard, WhatIsWrittenIsReadBack) {
  const TempFolder folder;
  auto writer = EventWriter::create(folder.path());
  ASSERT_TRUE(writer.ok()) << writer.error().message();
  ASSERT_TRUE(writer->scalars(1, {{"reward", 0.25}, {"clip_ratio/low_mean", 0.0}, {"kl", NAN}}).ok());
  ASSERT_TRUE(writer->scalars(1LL << 40, {{"eval_reward", -1e300}}).ok());

  const auto names = files_in(folder);
  ASSERT_EQ(names.size(), 1U);
  EXPECT_TRUE(names[0].starts_with("events.out.tfevents.") && names[0].ends_with(".hone")) << names[0];
  const auto events = read_events(*read_file(folder / names[0]));
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events[0].version, "brain.Event:2");
  EXPECT_EQ(events[1].step, 1);
  EXPECT_EQ(events[1].session_status, 1);
  EXPECT_EQ(events[2].step, 1);
  EXPECT_GT(events[2].wall_time, 1.6e9);
  ASSERT_EQ(events[2].scalars.size(), 3U);
  EXPECT_EQ(events[2].scalars.at("reward"), 0.25F);
  EXPECT_EQ(events[2].scalars.at("clip_ratio/low_mean"), 0.0F);
  EXPECT_TRUE(std::isnan(events[2].scalars.at("kl")));
  EXPECT_EQ(events[3].step, 1LL << 40);
  EXPECT_EQ(events[3].scalars.at("eval_reward"), -INFINITY);
}

TEST(Tensorboard, AResumedRunSaysFromWhere) {
  const TempFolder folder;
  ASSERT_TRUE(EventWriter::create(folder.path()).ok());
  auto writer = EventWriter::create(folder.path(), 12);
  ASSERT_TRUE(writer.ok());
  const auto names = files_in(folder);
  ASSERT_EQ(names.size(), 2U);  // within one second, too
  const auto events = read_events(*read_file(folder / names[1]));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].step, 13);
  EXPECT_EQ(events[1].session_status, 1);
  EXPECT_EQ(read_events(*read_file(folder / names[0])).size(), 2U);
}

TEST(Tensorboard, TheFolderIsMadeAndAFileInItsPlaceIsAnError) {
  const TempFolder folder;
  EXPECT_TRUE(EventWriter::create(folder / "a" / "b").ok());
  EXPECT_EQ(files_in(folder).size(), 1U);
  ASSERT_TRUE(write_file_atomically(folder / "file", "").ok());
  const auto writer = EventWriter::create(folder / "file");
  ASSERT_FALSE(writer.ok());
  EXPECT_THAT(writer.error().message(), ::testing::HasSubstr("file] the f"));
}

}  // namespace
}  // namespace hone
