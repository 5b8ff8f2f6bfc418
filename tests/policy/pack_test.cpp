// Packs: the layout of shared prompts, and that scores do not depend on what else is in the pack.
#include "hone/policy/pack.h"

#include <gmock/gmock.h>

#include "hone/base/check.h"
#include "policy/policy_helpers.h"

namespace hone {
namespace {

using ::testing::ElementsAre;
using testing::token_ids;

std::vector<std::vector<int>> rows_of(const std::vector<kernel::Span>& spans) {
  std::vector<std::vector<int>> rows;
  for (const auto& s : spans) rows.push_back({s.prefix_begin, s.prefix_count, s.own_begin, s.own_count});
  return rows;
}

TEST(PackBuilder, SharesThePromptAndDropsEachLastToken) {
  PackBuilder builder;
  builder.add_prompt(std::vector<std::int32_t>{5, 6});
  builder.add_completion(std::vector<std::int32_t>{7, 8, 9});
  builder.add_completion(std::vector<std::int32_t>{3});
  builder.add_completion(std::vector<std::int32_t>{});
  builder.add_completion(std::vector<std::int32_t>{4, 2});
  builder.add_prompt(std::vector<std::int32_t>{1});
  builder.add_completion(std::vector<std::int32_t>{8, 8});
  EXPECT_EQ(builder.size(), 7);
  const Pack pack = builder.finish();
  EXPECT_THAT(pack.ids, ElementsAre(5, 6, 7, 8, 4, 1, 8));
  EXPECT_THAT(pack.positions, ElementsAre(0, 1, 2, 3, 2, 0, 1));
  EXPECT_THAT(pack.score_rows, ElementsAre(1, 2, 3, 1, 1, 4, 5, 6));
  EXPECT_THAT(pack.targets, ElementsAre(7, 8, 9, 3, 4, 2, 8, 8));
  EXPECT_THAT(rows_of(pack.spans),
              ElementsAre(ElementsAre(0, 0, 0, 1), ElementsAre(0, 0, 0, 2), ElementsAre(0, 2, 2, 1),
                          ElementsAre(0, 2, 2, 2), ElementsAre(0, 2, 4, 1), ElementsAre(0, 0, 5, 1),
                          ElementsAre(5, 1, 6, 1)));
  const auto spans = pack.spans_tensor();
  ASSERT_EQ(spans.size(0), 7);
  ASSERT_EQ(spans.size(1), 4);
  EXPECT_EQ(spans.data_ptr<std::int32_t>()[4 * 3 + 1], 2);
}

TEST(PackBuilder, FinishLeavesItReadyForAnotherPack) {
  PackBuilder builder;
  EXPECT_THROW(builder.add_completion(token_ids(2, 1)), BrokenInvariant);
  EXPECT_THROW(builder.add_prompt({}), BrokenInvariant);
  builder.add_prompt(token_ids(3, 1));
  EXPECT_EQ(builder.finish().size(), 3);
  EXPECT_EQ(builder.size(), 0);
  EXPECT_THROW(builder.add_completion(token_ids(2, 1)), BrokenInvariant) << "the prompt left with its pack";
  builder.add_prompt(token_ids(2, 1));
  EXPECT_EQ(builder.finish().spans.at(0).own_begin, 0);
}

class PackedScores : public ::testing::TestWithParam<std::string> {};

TEST_P(PackedScores, AreThoseOfEachSequenceAlone) {
  ModelConfig config = testing::tiny_config(GetParam());
  if (GetParam() == "mistral") config.window = {6, 6};
  Policy policy = testing::tiny_policy(config);
  const std::vector<std::pair<std::vector<std::int32_t>, std::vector<std::vector<std::int32_t>>>> groups = {
      {token_ids(9, 1), {token_ids(12, 2), token_ids(1, 3), token_ids(40, 4)}},
      {token_ids(1, 5), {token_ids(3, 6), token_ids(3, 7)}},
      {token_ids(260, 8), {token_ids(20, 9)}}};
  PackBuilder together;
  for (const auto& [prompt, completions] : groups) {
    together.add_prompt(prompt);
    for (const auto& c : completions) together.add_completion(c);
  }
  const HeadScores all = score_pack(policy, together.finish());
  std::int64_t at = 0;
  for (const auto& [prompt, completions] : groups) {
    for (const auto& c : completions) {
      PackBuilder alone;
      alone.add_prompt(prompt);
      alone.add_completion(c);
      const HeadScores one = score_pack(policy, alone.finish());
      const auto n = std::ssize(c);
      EXPECT_TRUE(testing::same_bits(one.logprobs_N, all.logprobs_N.narrow(0, at, n))) << at;
      EXPECT_TRUE(testing::same_bits(one.entropy_N, all.entropy_N.narrow(0, at, n))) << at;
      at += n;
    }
  }
  EXPECT_EQ(at, all.logprobs_N.size(0));
}

// As the engine decodes: the prompt at once, then a token at a time, into rows of a cache.
TEST_P(PackedScores, AreThoseOfDecodingWithACache) {
  ModelConfig config = testing::tiny_config(GetParam());
  if (GetParam() == "mistral") config.window = {6, 6};
  Policy policy = testing::tiny_policy(config);
  const auto prompt = token_ids(9, 1), completion = token_ids(14, 2);
  PackBuilder builder;
  builder.add_prompt(prompt);
  builder.add_completion(completion);
  const Pack pack = builder.finish();
  const at::NoGradGuard no_grad;
  const auto hidden = policy.forward(pack.ids_tensor(), pack.positions_tensor(), pack.spans_tensor());

  KvCache cache = policy.make_cache(64);
  EXPECT_EQ(cache.rows(), 64);
  const auto step = [&](std::int64_t begin, std::int64_t count) {
    Pack part;
    std::vector<std::int64_t> rows;
    for (std::int64_t t = begin; t < begin + count; ++t) {
      const auto i = static_cast<std::size_t>(t);
      part.ids.push_back(pack.ids[i]);
      part.positions.push_back(pack.positions[i]);
      kernel::Span span = pack.spans[i];
      span.prefix_begin += 20;  // the prompt's rows
      span.own_begin += span.prefix_count > 0 ? 30 : 20;
      part.spans.push_back(span);
      rows.push_back(t < 9 ? 20 + t : 30 + t);
    }
    Pack row_holder;
    row_holder.ids = rows;
    return policy.forward_cached(part.ids_tensor(), part.positions_tensor(), part.spans_tensor(),
                                 row_holder.ids_tensor(), cache);
  };
  EXPECT_TRUE(testing::same_bits(step(0, 9), hidden.narrow(0, 0, 9)));
  for (std::int64_t t = 9; t < pack.size(); ++t) {
    EXPECT_TRUE(testing::same_bits(step(t, 1), hidden.narrow(0, t, 1))) << t;
  }
}

INSTANTIATE_TEST_SUITE_P(Families, PackedScores, ::testing::ValuesIn(testing::families()),
                         [](const auto& param_info) { return param_info.param; });

}  // namespace
}  // namespace hone
