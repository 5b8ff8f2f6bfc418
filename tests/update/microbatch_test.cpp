#include "hone/update/microbatch.h"

#include <gtest/gtest.h>

#include <numeric>

#include "hone/base/check.h"
#include "update/update_helpers.h"

namespace hone {
namespace {

using testing::every_sequence;

// Groups of (prompt length, completion lengths).
TrainBatch batch_of(const std::vector<std::pair<std::size_t, std::vector<std::size_t>>>& shape) {
  TrainBatch batch;
  std::int32_t next = 2;
  for (const auto& [prompt, completions] : shape) {
    TrainGroup group;
    for (std::size_t i = 0; i < prompt; ++i) group.prompt.push_back(next++);
    for (const std::size_t length : completions) {
      TrainSequence s;
      for (std::size_t i = 0; i < length; ++i) s.completion.push_back(next++);
      s.loss_mask.assign(length, 1);
      s.old_logprobs.assign(length, -1.0f);
      s.advantage = static_cast<double>(length);
      group.sequences.push_back(s);
    }
    batch.groups.push_back(group);
  }
  return batch;
}

std::vector<std::size_t> sizes(const std::vector<std::vector<SequenceRef>>& runs) {
  std::vector<std::size_t> result;
  for (const auto& run : runs) result.push_back(run.size());
  return result;
}

template <class T>
std::vector<T> values(const at::Tensor& t) {
  return {t.data_ptr<T>(), t.data_ptr<T>() + t.numel()};
}

TEST(Microbatch, CutsBySequences) {
  const TrainBatch batch = batch_of({{2, {3, 3, 3}}, {2, {3, 3}}});
  const auto items = every_sequence(batch);
  using Sizes = std::vector<std::size_t>;
  EXPECT_EQ(sizes(cut_microbatches(batch, items, {1, 1000})), (Sizes{1, 1, 1, 1, 1}));
  EXPECT_EQ(sizes(cut_microbatches(batch, items, {2, 1000})), (Sizes{2, 2, 1}));
  EXPECT_EQ(sizes(cut_microbatches(batch, items, {8, 1000})), (Sizes{5}));
  EXPECT_EQ(sizes(cut_microbatches(batch, items, {0, 1000})), (Sizes{5}));
  EXPECT_TRUE(cut_microbatches(batch, {}, {2, 1000}).empty());
}

TEST(Microbatch, CutsByTokensWithPromptsCountedOnce) {
  const TrainBatch batch = batch_of({{4, {3, 3, 3}}, {4, {3, 90, 2}}});
  const auto items = every_sequence(batch);
  using Sizes = std::vector<std::size_t>;
  // 4 + 3 + 3 + 3 = 13, and 7 more with the next prompt.
  EXPECT_EQ(sizes(cut_microbatches(batch, items, {0, 13})), (Sizes{3, 1, 1, 1}));
  EXPECT_EQ(sizes(cut_microbatches(batch, items, {0, 12})), (Sizes{2, 1, 1, 1, 1}));
  EXPECT_EQ(sizes(cut_microbatches(batch, items, {0, 20})), (Sizes{4, 1, 1}));
  EXPECT_EQ(sizes(cut_microbatches(batch, items, {0, 1})), (Sizes{1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(sizes(cut_microbatches(batch, items, {0, std::numeric_limits<std::int64_t>::max()})), (Sizes{6}));
  // Nothing is lost, repeated or moved.
  std::size_t at = 0;
  for (const auto& run : cut_microbatches(batch, items, {2, 12})) {
    for (const SequenceRef& item : run) {
      EXPECT_EQ(item.group, items[at].group);
      EXPECT_EQ(item.sequence, items[at++].sequence);
    }
  }
  EXPECT_EQ(at, items.size());
}

TEST(Microbatch, BundlesAreWholeGroupsOfSoManyPromptTokens) {
  const auto most = static_cast<std::size_t>(kBundlePromptTokens);
  const TrainBatch batch =
      batch_of({{most / 2, {3, 3}}, {most / 2, {2}}, {1, {1, 1}}, {most + 9, {1, 2}}, {4, {1}}});
  const auto items = every_sequence(batch);
  std::vector<std::size_t> counts;
  const SequenceRef* next = items.data();
  for (const auto& bundle : cut_bundles(batch, items)) {
    EXPECT_EQ(bundle.data(), next);
    next += bundle.size();
    counts.push_back(bundle.size());
  }
  EXPECT_EQ(counts, (std::vector<std::size_t>{3, 2, 2, 1}));
  EXPECT_TRUE(cut_bundles(batch, {}).empty());
}

// The rows follow those of the prompts' own pass, which spans and scored rows name.
TEST(Microbatch, PacksCompletionsBehindPromptsOfAnotherPass) {
  const TrainBatch batch = batch_of({{2, {2, 3}}, {3, {1}}});
  const PromptPlaces places{5, {{0, 0}, {1, 2}}};
  const auto items = every_sequence(batch);
  const Microbatch m = pack_microbatch(batch, std::span(items).subspan(1), 0.0, &places);
  EXPECT_EQ(m.pack.size(), 2);  // of three tokens the last is never read; of one, none is
  EXPECT_EQ(m.pack.positions, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(m.pack.score_rows, (std::vector<std::int64_t>{1, 5, 6, 4}));
  const kernel::Span& second = m.pack.spans[1];
  EXPECT_EQ(second.prefix_begin, 0);
  EXPECT_EQ(second.prefix_count, 2);
  EXPECT_EQ(second.own_begin, 5);
  EXPECT_EQ(second.own_count, 2);
}

TEST(Microbatch, PacksWhatHeadAndLossNeed) {
  TrainBatch batch = batch_of({{2, {2, 1}}, {1, {3}}});
  TrainSequence& cut = batch.groups[0].sequences[1];
  cut.temperature = 0.5;
  cut.loss_mask = {0};
  cut.kept = {{5, 6, 9}, {0, 3}};
  batch.groups[1].sequences[0].temperature = 0.0;  // greedy: recorded at temperature 1
  batch.groups[1].sequences[0].old_logprobs.clear();
  const auto items = every_sequence(batch);
  const Microbatch m = pack_microbatch(batch, items, 30.0);
  EXPECT_EQ(m.pack.ids, (std::vector<std::int64_t>{2, 3, 4, 7, 8, 9}))
      << "each prompt once; a completion's last token is only predicted";
  EXPECT_EQ(values<std::int64_t>(m.query.targets_N), (std::vector<std::int64_t>{4, 5, 6, 8, 9, 10}));
  EXPECT_EQ(values<float>(m.query.inverse_temperature_N), (std::vector<float>{1, 1, 2, 1, 1, 1}));
  EXPECT_EQ(m.query.softcap, 30.0);
  EXPECT_EQ(values<std::int32_t>(m.query.kept_ids), (std::vector<std::int32_t>{5, 6, 9}));
  EXPECT_EQ(values<std::int64_t>(m.query.kept_offsets), (std::vector<std::int64_t>{0, 0, 0, 3, 3, 3, 3}));
  EXPECT_EQ(values<float>(m.mask_N), (std::vector<float>{1, 1, 0, 1, 1, 1}));
  EXPECT_EQ(values<float>(m.old_logprobs_N), (std::vector<float>{-1, -1, -1, 0, 0, 0}));
  EXPECT_EQ(values<std::int64_t>(m.sequence_N), (std::vector<std::int64_t>{0, 0, 1, 2, 2, 2}));
  EXPECT_EQ(values<float>(m.advantages_S), (std::vector<float>{2, 1, 3}));
  const std::vector<SequenceRef> plain = {items[0]};
  EXPECT_FALSE(pack_microbatch(batch, plain, 0.0).query.kept_ids.defined()) << "the whole vocabulary";
}

TEST(Microbatch, LengthsThatDisagreeAreBroken) {
  const auto broken = [](const auto& spoil) {
    TrainBatch batch = batch_of({{2, {3}}});
    spoil(batch.groups[0].sequences[0]);
    EXPECT_THROW(pack_microbatch(batch, every_sequence(batch), 0.0), BrokenInvariant);
  };
  broken([](TrainSequence& s) { s.loss_mask.pop_back(); });
  broken([](TrainSequence& s) { s.old_logprobs.pop_back(); });
  broken([](TrainSequence& s) { s.kept.offsets = {0, 0, 0}; });
}

}  // namespace
}  // namespace hone
