// Against the reference implementation, over every model fixture there is.
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace hone
