// The forward pass and every gradient: hone's kernels in fp32 against ATen's path in double, in every family;
// and bfloat16, which ATen serves.
#include <ATen/ops/empty.h>

#include "hone/base/check.h"
#include "policy/policy_helpers.h"

namespace hone {
namespace {

using testing::tiny_config;
using testing::tiny_policy;

HeadScores scores_of(Policy& policy, const Pack& pack) {
  const auto hidden = policy.forward(pack.ids_tensor(), pack.positions_tensor(), pack.spans_tensor());
  HeadQuery query;
  query.targets_N = pack.targets_tensor();
  query.inverse_temperature_N = at::empty({query.targets_N.size(0)}, at::kFloat).fill_(1.25);
  query.softcap = policy.config().final_logit_softcap;
  return score_tokens(gather_rows(hidden, pack.score_rows_tensor()), policy.head(), query);
}

at::Tensor loss_of(const HeadScores& s) { return s.logprobs_N.mean().neg().sub(s.entropy_N.mean().mul(0.1)); }

double relative(const at::Tensor& got, const at::Tensor& expected) {
  const auto e = expected.to(at::kDouble);
  return got.to(at::kDouble).sub(e).norm().item().toDouble() / std::max(e.norm().item().toDouble(), 1e-8);
}

void expect_paths_agree(const ModelConfig& config) {
  Policy native = tiny_policy(config), aten = testing::in_dtype(native, at::kDouble);
  ASSERT_EQ(aten.dtype(), at::kDouble);
  const Pack pack = testing::sample_pack();
  native.require_gradients(true);
  aten.require_gradients(true);
  const auto got = scores_of(native, pack), expected = scores_of(aten, pack);
  EXPECT_LE(relative(got.logprobs_N.detach(), expected.logprobs_N.detach()), 1e-5);
  EXPECT_LE(relative(got.entropy_N.detach(), expected.entropy_N.detach()), 1e-5);
  loss_of(got).backward();
  loss_of(expected).backward();
  for (std::size_t i = 0; i < native.parameters().size(); ++i) {
    const auto &p = native.parameters()[i], &q = aten.parameters()[i];
    ASSERT_TRUE(p.value.grad().defined()) << p.name;
    EXPECT_GT(q.value.grad().norm().item().toDouble(), 1e-6) << p.name << ": a gradient that says nothing";
    EXPECT_LE(relative(p.value.grad(), q.value.grad()), 2e-5) << p.name;
  }
}

class Forward : public ::testing::TestWithParam<std::string> {};

TEST_P(Forward, IsAtensInDoubleWithAllGradients) { expect_paths_agree(tiny_config(GetParam())); }

TEST_P(Forward, IsAtensInDoubleWithAHeadOfItsOwn) {
  const ModelConfig config = tiny_config(GetParam(), /*tied=*/false);
  const Policy policy = tiny_policy(config);
  EXPECT_EQ(policy.parameters().back().name, "head");
  EXPECT_FALSE(policy.head().is_same(policy.parameters().front().value));
  expect_paths_agree(config);
}

TEST_P(Forward, InBfloat16IsNearFloat32AndHasGradients) {
  const ModelConfig config = tiny_config(GetParam());
  Policy full = tiny_policy(config), half = testing::in_dtype(full, at::kBFloat16);
  ASSERT_EQ(half.dtype(), at::kBFloat16);
  half.require_gradients(true);
  const Pack pack = testing::sample_pack();
  const auto scores = scores_of(half, pack);
  EXPECT_EQ(scores.logprobs_N.scalar_type(), at::kFloat);
  loss_of(scores).backward();
  const at::NoGradGuard no_grad;
  EXPECT_LE(relative(scores.logprobs_N, scores_of(full, pack).logprobs_N), 0.05);
  for (const Parameter& p : half.parameters()) {
    ASSERT_TRUE(p.value.grad().defined()) << p.name;
    EXPECT_EQ(p.value.grad().scalar_type(), at::kBFloat16) << p.name;
    EXPECT_TRUE(std::isfinite(p.value.grad().to(at::kFloat).norm().item().toFloat())) << p.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Families, Forward, ::testing::ValuesIn(testing::families()),
                         [](const auto& param_info) { return param_info.param; });

TEST(ForwardDetails, WindowsOfTheirOwnInEachLayer) {
  ModelConfig config = tiny_config("mistral");
  config.window = {4, 0};
  expect_paths_agree(config);
}

TEST(ForwardDetails, BiasesOfLlamasOwn) {
  ModelConfig config = tiny_config("llama");
  config.attention_bias = config.mlp_bias = true;
  const Policy policy = tiny_policy(config);
  EXPECT_EQ(policy.parameters().size(), 1 + 2 * (6 + 4) + 1);
  expect_paths_agree(config);
}

// Gradients add up over backward passes, as microbatches need; a frozen policy collects none.
TEST(ForwardDetails, GradientsAccumulateAndFrozenWeightsHaveNone) {
  Policy policy = tiny_policy(tiny_config("qwen3"));
  const Pack pack = testing::sample_pack();
  policy.require_gradients(true);
  loss_of(scores_of(policy, pack)).backward();
  std::vector<at::Tensor> once;
  for (const Parameter& p : policy.parameters()) once.push_back(p.value.grad().clone());
  loss_of(scores_of(policy, pack)).backward();
  for (std::size_t i = 0; i < once.size(); ++i) {
    EXPECT_LE(relative(policy.parameters()[i].value.grad(), once[i].mul(2.0)), 1e-6)
        << policy.parameters()[i].name;
  }
  Policy frozen = policy.clone();
  const auto scores = scores_of(frozen, pack);
  EXPECT_FALSE(scores.logprobs_N.requires_grad());
  for (const Parameter& p : frozen.parameters()) EXPECT_FALSE(p.value.grad().defined()) << p.name;
}

TEST(ForwardDetails, WithAndWithoutGradientsTheBitsAreTheSame) {
  Policy policy = tiny_policy(tiny_config("gemma2"));
  const Pack pack = testing::sample_pack();
  policy.require_gradients(true);
  const auto with = scores_of(policy, pack).logprobs_N.detach();
  const at::NoGradGuard no_grad;
  EXPECT_TRUE(testing::same_bits(scores_of(policy, pack).logprobs_N, with));
}

TEST(ForwardDetails, APositionBeyondTheContextIsRefused) {
  Policy policy = tiny_policy(tiny_config("llama"));
  const auto score = [&](std::size_t length) {
    PackBuilder builder;
    builder.add_prompt(testing::token_ids(length, 1));
    return score_pack(policy, builder.finish());
  };
  EXPECT_NO_THROW(score(20));
  EXPECT_NO_THROW(score(300));  // the tables grow to the context and no further
  EXPECT_THROW(score(301), BrokenInvariant);
}

}  // namespace
}  // namespace hone
