// Event files read back by a decoder of their own: framing, checksums, protocol buffer wire format.
#include "hone/store/tensorboard.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>

#include "hone/base/files.h"
#include "hone/store/step_summary.h"
#include "hone/store/tfrecord.h"
#include "support/temp_folder.h"

namespace hone {
namespace {

using ::testing::ElementsAre;
using testing::TempFolder;

struct BoardTensor {
  std::string plugin, plugin_content;
  std::uint64_t data_class = 0, dtype = 0;
  std::vector<std::uint64_t> shape;
  std::string content, text;
};

struct Event {
  double wall_time = 0;
  std::int64_t step = 0;
  std::string version;
  std::map<std::string, float> scalars;
  std::map<std::string, BoardTensor> tensors;
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

// TensorProto and SummaryMetadata, by the field numbers of tensorboard/compat/proto.
BoardTensor board_tensor(std::string_view tensor, std::string_view metadata) {
  BoardTensor out;
  for (const auto& [number, value] : fields(tensor)) {
    if (number == 1) out.dtype = value.number;
    if (number == 4) out.content = value.bytes;
    if (number == 8) out.text = value.bytes;
    if (number != 2) continue;
    for (const auto& [inner, dimension] : fields(value.bytes)) {
      EXPECT_EQ(inner, 2U);
      out.shape.push_back(fields(dimension.bytes).find(1)->second.number);
    }
  }
  for (const auto& [number, value] : fields(metadata)) {
    if (number == 4) out.data_class = value.number;
    if (number != 1) continue;
    const auto plugin = fields(value.bytes);
    out.plugin = plugin.find(1)->second.bytes;
    if (const auto it = plugin.find(2); it != plugin.end()) out.plugin_content = it->second.bytes;
  }
  return out;
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
      for (const auto& [inner, one] : fields(value.bytes)) {
        EXPECT_EQ(inner, 1U);
        const auto parts = fields(one.bytes);
        const std::string tag(parts.find(1)->second.bytes);
        // One of the two must be there: a scalar of zero that is left out is no point to TensorBoard.
        EXPECT_EQ(parts.count(2) + parts.count(8), 1U) << tag;
        if (const auto it = parts.find(2); it != parts.end())
          event.scalars[tag] = std::bit_cast<float>(static_cast<std::uint32_t>(it->second.number));
        if (const auto it = parts.find(8); it != parts.end())
          event.tensors[tag] = board_tensor(it->second.bytes, parts.find(9)->second.bytes);
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
  ASSERT_TRUE(
      writer->write({"grpo", 1, {{"reward", 0.25}, {"clip_ratio/low_mean", 0.0}, {"kl", NAN}}, {}}).ok());
  ASSERT_TRUE(writer->write({"eval", 1LL << 40, {{"eval_reward", -1e300}}, {}}).ok());

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

// Groups of two rollouts: one correct, one not.
StepRecord record_with_groups() {
  StepRecord record{"grpo", 7, {{"reward", 0.5}}, {}};
  for (int g = 0; g < 2; ++g) {
    Group group;
    group.problem.source = "arithmetic:" + std::to_string(g);
    group.problem.answer = "4";
    group.prompt_text = "2+2";
    for (int r = 0; r < 2; ++r) {
      Rollout rollout;
      rollout.completion.ids.assign(static_cast<std::size_t>(10 + 20 * g + r), 1);
      rollout.completion.text = r == 0 ? "three\n```\xff" : "four";
      rollout.reward.total = r;
      rollout.reward.correct = r == 1;
      rollout.advantage = r == 0 ? -1.0 : 2.0;
      group.rollouts.push_back(rollout);
    }
    record.groups.push_back(group);
  }
  record.groups[1].rollouts[0].reward.total.reset();  // undecided: no advantage to speak of
  return record;
}

std::vector<double> doubles(const std::string& bytes) {
  std::vector<double> values(bytes.size() / sizeof(double));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

TEST(Tensorboard, StepsWithGroupsHaveHistogramsAndASample) {
  const TempFolder folder;
  auto writer = EventWriter::create(folder.path());
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(writer->write(record_with_groups()).ok());
  const auto events = read_events(*read_file(folder / files_in(folder)[0]));
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[2].scalars.size(), 1U);
  ASSERT_EQ(events[2].tensors.size(), 3U);
  double left = -1, count = 0;
  for (const auto& [tag, values] :
       {std::pair<const char*, double>{"advantages", 3}, {"completions/length", 4}}) {
    const BoardTensor& histogram = events[2].tensors.at(tag);
    EXPECT_EQ(histogram.plugin, "histograms");
    EXPECT_EQ(histogram.plugin_content, "");  // version 0
    EXPECT_EQ(histogram.data_class, 2U);      // DATA_CLASS_TENSOR
    EXPECT_EQ(histogram.dtype, 2U);           // DT_DOUBLE
    EXPECT_THAT(histogram.shape, ElementsAre(30U, 3U));
    const auto cells = doubles(histogram.content);
    ASSERT_EQ(cells.size(), 90U);
    count = 0;
    for (std::size_t i = 0; i < cells.size(); i += 3) {
      if (i > 0) {
        EXPECT_EQ(cells[i], left);  // where the one before ends
      }
      left = cells[i + 1];
      count += cells[i + 2];
    }
    EXPECT_EQ(count, values);
  }
  const auto advantages = doubles(events[2].tensors.at("advantages").content);
  EXPECT_EQ(advantages[0], -1.0);
  EXPECT_EQ(advantages[2], 1.0);
  EXPECT_EQ(advantages[88], 2.0);
  EXPECT_EQ(advantages[89], 2.0);
  const BoardTensor& sample = events[2].tensors.at("completions/sample");
  EXPECT_EQ(sample.plugin, "text");
  EXPECT_EQ(sample.data_class, 2U);
  EXPECT_EQ(sample.dtype, 7U);  // DT_STRING
  EXPECT_TRUE(sample.shape.empty());
  EXPECT_EQ(
      sample.text,
      "**arithmetic:0**\n\n    2+2\n\nreference\n\n    4\n\n"
      "**correct** · reward 1 · advantage +2 · 11 tokens · length\n\n    four\n\n"
      "**not correct** · reward 0 · advantage -1 · 10 tokens · length\n\n    three\n    ```\xef\xbf\xbd\n\n");
}

TEST(Tensorboard, EvaluationsHaveNoAdvantages) {
  StepRecord record = record_with_groups();
  for (Group& group : record.groups) {
    for (Rollout& rollout : group.rollouts) rollout.advantage = 0;
  }
  EXPECT_TRUE(advantages_of(record).empty());
  EXPECT_EQ(lengths_of(record).size(), 4U);
}

TEST(Histogram, OddValues) {
  EXPECT_TRUE(histogram_of({}).empty());
  const std::vector<double> not_finite = {NAN, INFINITY};
  EXPECT_TRUE(histogram_of(not_finite).empty());
  const std::vector<double> equal = {3, 3, NAN};
  const auto one = histogram_of(equal);
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0].left, 2.5);
  EXPECT_EQ(one[0].right, 3.5);
  EXPECT_EQ(one[0].count, 2);
  for (const auto& [a, b] : {std::pair{-1.7e308, 1.7e308}, {0.0, 5e-324}, {1.0, std::nextafter(1.0, 2.0)}}) {
    const std::vector<double> values = {a, b, b};
    double count = 0;
    for (const Bucket& bucket : histogram_of(values)) count += bucket.count;
    EXPECT_EQ(count, 3) << a;
    EXPECT_TRUE(std::isfinite(histogram_of(values).back().right));
  }
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
