// Against the reference implementation, over every model fixture there is.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "engine/engine_helpers.h"
#include "hone/engine/generator.h"
#include "hone/weights/safetensors.h"

namespace hone {
namespace {

TEST(GeneratorGolden, GreedyContinuationsAreTheReferences) {
  int compared = 0;
  for (const auto& folder : testing::golden_models()) {
    SCOPED_TRACE(folder.string());
    const auto expected = TensorFiles::open_file(folder / "expected.safetensors");
    ASSERT_TRUE(expected.ok()) << expected.error().message();
    const auto view = expected->find("greedy_ids");
    ASSERT_TRUE(view.ok()) << view.error().message();
    ASSERT_EQ(view->dtype, DType::kI64);
    std::vector<std::int64_t> wide(static_cast<std::size_t>(view->numel()));
    std::memcpy(wide.data(), view->bytes.data(), view->bytes.size());
    const std::vector<std::int32_t> ids(wide.begin(), wide.end());
    constexpr std::size_t kPrompt = 8;
    ASSERT_GT(ids.size(), kPrompt);

    Policy policy = testing::load_policy(folder);
    PolicyGenerator generator(policy, std::nullopt, {});
    GenerationRequest request;
    request.prompt.assign(ids.begin(), ids.begin() + kPrompt);
    request.sampling.temperature = 0;
    request.sampling.max_new_tokens = static_cast<int>(ids.size() - kPrompt);
    const auto results = generator.generate({&request, 1});
    ASSERT_TRUE(results.ok()) << results.error().message();
    const Completion& completion = (*results)[0][0];
    EXPECT_EQ(completion.ids, std::vector<std::int32_t>(ids.begin() + kPrompt, ids.end()));
    EXPECT_EQ(completion.finish, FinishReason::kLength);
    EXPECT_EQ(completion.logprobs.size(), completion.ids.size());
    EXPECT_TRUE(completion.kept.empty());
    EXPECT_EQ(completion.text, "");
    ++compared;
  }
  EXPECT_GE(compared, 7);
}

// The path of other dtypes and devices: plain ATen. No bits are promised there.
TEST(GeneratorGolden, BFloat16PoliciesSampleNearlyTheSameDistribution) {
  for (const auto& folder : testing::golden_models()) {
    SCOPED_TRACE(folder.string());
    Policy exact = testing::load_policy(folder);
    Policy rounded = testing::value_or_throw(Policy::load(folder, "cpu", "bfloat16"));
    const std::vector<GenerationRequest> requests = {testing::request(1, 9, 2, 12, 0),
                                                     testing::request(2, 14, 3, 6, 1, 5)};
    const auto a = testing::value_or_throw(PolicyGenerator(exact, {}, {}).generate(requests));
    const auto b =
        testing::value_or_throw(PolicyGenerator(rounded, {}, {.max_sequences = 2}).generate(requests));
    double apart = 0;
    int tokens = 0;
    for (std::size_t g = 0; g < requests.size(); ++g) {
      for (std::size_t i = 0; i < a[g].size(); ++i) {
        ASSERT_EQ(b[g][i].ids.size(), a[g][i].ids.size());
        // Up to the first token that differs, both scored the same text.
        for (std::size_t t = 0; t < a[g][i].ids.size() && a[g][i].ids[t] == b[g][i].ids[t]; ++t) {
          apart += std::abs(b[g][i].logprobs[t] - a[g][i].logprobs[t]);
          ++tokens;
        }
      }
    }
    ASSERT_GE(tokens, 6);
    EXPECT_LT(apart / tokens, 0.05) << "on average over " << tokens << " tokens";
    EXPECT_EQ(b[0][0].ids[0], a[0][0].ids[0]) << "greedy";
  }
}

}  // namespace
}  // namespace hone
