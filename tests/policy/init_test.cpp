// Policies from nothing, copies of them, and the rotary tables.
#include <ATen/ops/empty.h>

#include <cmath>
#include <functional>
#include <numbers>

#include "hone/base/check.h"
#include "hone/base/threads.h"
#include "policy/policy_helpers.h"

namespace hone {
namespace {

using testing::same_bits;
using testing::tiny_config;
using testing::tiny_policy;

Policy init(const ModelConfig& config, std::uint64_t seed, double range = 0.02,
            const std::string& dtype = "float32") {
  auto made = Policy::init(config, seed, range, "cpu", dtype);
  EXPECT_TRUE(made.ok()) << made.error().message();
  return std::move(made).value();
}

TEST(Init, IsAFunctionOfTheSeed) {
  for (const auto& family : testing::families()) {
    const Policy a = init(tiny_config(family), 3), b = init(tiny_config(family), 3),
                 c = init(tiny_config(family), 4);
    for (std::size_t i = 0; i < a.parameters().size(); ++i) {
      const auto &p = a.parameters()[i], &q = b.parameters()[i], &r = c.parameters()[i];
      EXPECT_TRUE(same_bits(p.value, q.value)) << family << " " << p.name;
      EXPECT_EQ(same_bits(p.value, r.value), p.value.dim() == 1) << family << " " << p.name;
    }
  }
}

TEST(Init, DrawsMatricesAndSetsNormsAndBiases) {
  for (const auto& family : testing::families()) {
    const Policy policy = init(tiny_config(family, false), 5, 0.05);
    for (const Parameter& p : policy.parameters()) {
      const auto v = p.value.to(at::kDouble);
      if (p.value.dim() == 2) {
        // Mean and deviation within five standard errors.
        const double n = static_cast<double>(v.numel());
        EXPECT_NEAR(v.mean().item().toDouble(), 0.0, 5 * 0.05 / std::sqrt(n)) << family << " " << p.name;
        EXPECT_NEAR(v.pow(2).mean().sqrt().item().toDouble(), 0.05, 5 * 0.05 / std::sqrt(2 * n))
            << family << " " << p.name;
      } else {
        const bool norm = p.name.find("norm") != std::string::npos;
        const double expected = norm && family != "gemma2" ? 1.0 : 0.0;
        EXPECT_EQ(v.min().item().toDouble(), expected) << family << " " << p.name;
        EXPECT_EQ(v.max().item().toDouble(), expected) << family << " " << p.name;
      }
    }
  }
}

TEST(Init, InBfloat16IsFloat32Rounded) {
  const auto config = tiny_config("llama");
  const Policy full = init(config, 5), half = init(config, 5, 0.02, "bfloat16");
  EXPECT_EQ(half.dtype(), at::kBFloat16);
  for (std::size_t i = 0; i < full.parameters().size(); ++i) {
    EXPECT_TRUE(same_bits(half.parameters()[i].value, full.parameters()[i].value.to(at::kBFloat16)));
  }
}

TEST(Init, CountsTheParameters) {
  // Embedding; per layer two norms, q + k + v (80 rows), out, gate and up, down; the final norm; the head.
  const std::int64_t layer = 2 * 40 + 80 * 40 + 40 * 40 + 72 * 40 + 40 * 36;
  EXPECT_EQ(init(tiny_config("llama", true), 1).parameter_count(), 101 * 40 + 2 * layer + 40);
  EXPECT_EQ(init(tiny_config("llama", false), 1).parameter_count(), 2 * 101 * 40 + 2 * layer + 40);
}

// ATen would set the pool that it shares with hone's kernels to a number of its own at its first parallel
// operation.
TEST(Init, KeepsTheNumberOfThreadsThatWasSet) {
  const int before = thread_count();
  set_thread_count(3);
  const Policy policy = init(tiny_config("llama"), 1);
  const auto large = at::empty({1000, 1000}, at::kFloat).fill_(1.0);
  EXPECT_EQ(large.add(large).sum().item().toFloat(), 2e6f);
  EXPECT_EQ(thread_count(), 3);
  set_thread_count(before);
  const Policy again = init(tiny_config("llama"), 1);  // tells ATen as well
}

TEST(Copies, AreOfTheirOwnAndFollowOnlyWhenTold) {
  Policy policy = tiny_policy(tiny_config("gemma2"));
  policy.require_gradients(true);
  Policy copy = policy.clone();
  const Pack pack = testing::sample_pack();
  const auto before = score_pack(policy, pack).logprobs_N;
  EXPECT_TRUE(same_bits(score_pack(copy, pack).logprobs_N, before));
  {
    const at::NoGradGuard no_grad;
    for (Parameter& p : policy.parameters()) {
      EXPECT_TRUE(p.value.requires_grad());
      p.value.mul_(1.1);
    }
  }
  const auto after = score_pack(policy, pack).logprobs_N;
  EXPECT_FALSE(same_bits(after, before)) << "the layers name the parameters' own storage";
  EXPECT_TRUE(same_bits(score_pack(copy, pack).logprobs_N, before));
  copy.copy_from(policy);
  EXPECT_TRUE(same_bits(score_pack(copy, pack).logprobs_N, after));
  EXPECT_FALSE(copy.parameters()[0].value.requires_grad());
  EXPECT_THROW(copy.copy_from(tiny_policy(tiny_config("llama"))), BrokenInvariant);
}

TEST(Copies, OfAnotherShapeAreRefused) {
  ModelConfig wider = tiny_config("llama");
  wider.intermediate_size += 1;
  Policy policy = tiny_policy(tiny_config("llama"));
  const auto before = policy.parameters().back().value.clone();
  EXPECT_THROW(policy.copy_from(tiny_policy(wider, 8)), BrokenInvariant);
  EXPECT_TRUE(same_bits(policy.parameters().back().value, before)) << "nothing is copied";
}

// The tables against angles in double. Frequencies are fp32, as in Hugging Face models, so an angle of a few
// thousand radians is off by some 1e-4.
void expect_tables(const ModelConfig& config, const std::function<double(double)>& scaled) {
  const std::int64_t positions = 500, half = config.head_dim / 2;
  const RopeTables tables = make_rope_tables(config, positions);
  ASSERT_EQ(tables.cos.size(0), positions);
  ASSERT_EQ(tables.cos.size(1), half);
  for (std::int64_t i = 0; i < half; ++i) {
    const double frequency = scaled(
        std::pow(config.rope.theta, -2.0 * static_cast<double>(i) / static_cast<double>(config.head_dim)));
    for (std::int64_t p = 0; p < positions; ++p) {
      const double angle = static_cast<double>(p) * frequency;
      const double tolerance = 1e-6 + 4e-7 * angle;
      ASSERT_NEAR(tables.cos.data_ptr<float>()[p * half + i], std::cos(angle), tolerance) << p << ", " << i;
      ASSERT_NEAR(tables.sin.data_ptr<float>()[p * half + i], std::sin(angle), tolerance) << p << ", " << i;
    }
  }
}

ModelConfig rope_config(const std::string& type) {
  ModelConfig config = tiny_config("llama");
  config.head_dim = 64;
  config.rope.type = type;
  config.rope.theta = 500000.0;
  return config;
}

TEST(Rope, DefaultAnglesArePositionTimesFrequency) {
  expect_tables(rope_config("default"), [](double f) { return f; });
}

TEST(Rope, LinearDividesTheFrequencies) {
  ModelConfig config = rope_config("linear");
  config.rope.factor = 4.0;
  expect_tables(config, [](double f) { return f / 4.0; });
}

// Wavelengths beyond original/low are stretched by factor, those under original/high stay, between them a
// blend.
TEST(Rope, Llama3StretchesLongWavelengths) {
  ModelConfig config = rope_config("llama3");
  config.rope.factor = 8.0;
  config.rope.low_freq_factor = 1.0;
  config.rope.high_freq_factor = 4.0;
  config.rope.original_max_position_embeddings = 8192;
  int kept = 0, stretched = 0, blended = 0;
  expect_tables(config, [&](double f) {
    const double turns = 8192.0 * f / (2.0 * std::numbers::pi);  // within the original context
    if (turns > 4.0) return ++kept, f;
    if (turns < 1.0) return ++stretched, f / 8.0;
    const double blend = (turns - 1.0) / (4.0 - 1.0);
    return ++blended, blend * f + (1.0 - blend) * f / 8.0;
  });
  EXPECT_GT(kept, 0);
  EXPECT_GT(stretched, 0);
  EXPECT_GT(blended, 0);
}

}  // namespace
}  // namespace hone
