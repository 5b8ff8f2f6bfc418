// Logits, loss and every gradient against transformers' (tests/golden/models, made with torch 2.x and
// transformers 5.x; the safetensors' metadata names the versions). Tolerances: 1e-4, fp32 sums of a few
// hundred terms in another order.
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <cmath>

#include "hone/policy/policy.h"
#include "hone/weights/convert.h"
#include "hone/weights/safetensors.h"
#include "support/golden.h"

namespace hone {
namespace {

std::vector<std::int32_t> int_row(const TensorView& view, std::int64_t row) {
  const auto* p = reinterpret_cast<const std::int64_t*>(view.bytes.data()) + row * view.shape[1];
  return {p, p + view.shape[1]};
}

// Both rows as prompts: every position's hidden state is wanted.
Pack prompts_of(const TensorView& ids) {
  PackBuilder builder;
  for (std::int64_t r = 0; r < ids.shape[0]; ++r) builder.add_prompt(int_row(ids, r));
  Pack pack = builder.finish();
  const std::int64_t n = ids.shape[1];
  for (std::int64_t i = 0; i < pack.size(); ++i) {
    if (i % n == n - 1) continue;
    pack.score_rows.push_back(i);
    pack.targets.push_back(pack.ids[static_cast<std::size_t>(i + 1)]);
  }
  return pack;
}

class PolicyGolden : public ::testing::TestWithParam<std::filesystem::path> {
 protected:
  void SetUp() override {
    auto loaded = Policy::load(GetParam(), "cpu", "float32");
    ASSERT_TRUE(loaded.ok()) << loaded.error().message();
    policy_.emplace(std::move(loaded).value());
    auto files = TensorFiles::open_file(GetParam() / "expected.safetensors");
    ASSERT_TRUE(files.ok()) << files.error().message();
    expected_.emplace(std::move(files).value());
  }
  TensorView view(const std::string& name) const { return expected_->find(name).value(); }
  std::optional<Policy> policy_;
  std::optional<TensorFiles> expected_;
};

TEST_P(PolicyGolden, LogitsAreThoseOfTransformers) {
  const Pack pack = prompts_of(view("input_ids"));
  const at::NoGradGuard no_grad;
  const auto hidden = policy_->forward(pack.ids_tensor(), pack.positions_tensor(), pack.spans_tensor());
  const auto logits = head_logits(hidden, policy_->head(), policy_->config().final_logit_softcap);
  const auto expected = to_float32(view("logits")).value();
  ASSERT_EQ(static_cast<std::size_t>(logits.numel()), expected.size());
  float worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    worst = std::max(worst, std::abs(logits.data_ptr<float>()[i] - expected[i]));
  }
  RecordProperty("max_difference", std::to_string(worst));
  EXPECT_LE(worst, 1e-4f);
}

TEST_P(PolicyGolden, GradientsAreThoseOfTransformers) {
  const Pack pack = prompts_of(view("input_ids"));
  policy_->require_gradients(true);
  const auto hidden = policy_->forward(pack.ids_tensor(), pack.positions_tensor(), pack.spans_tensor());
  HeadQuery query;
  query.targets_N = pack.targets_tensor();
  query.inverse_temperature_N = at::empty({query.targets_N.size(0)}, at::kFloat).fill_(1.0);
  query.softcap = policy_->config().final_logit_softcap;
  const auto scores = score_tokens(gather_rows(hidden, pack.score_rows_tensor()), policy_->head(), query);
  const auto loss = scores.logprobs_N.mean().neg();
  EXPECT_NEAR(loss.item().toFloat(), to_float32(view("loss")).value()[0], 1e-4);
  loss.backward();
  int parts = 0;
  for (const Parameter& p : policy_->parameters()) {
    ASSERT_TRUE(p.value.grad().defined()) << p.name;
    const auto columns = p.value.numel() / p.value.size(0);
    for (const auto& part : p.parts) {
      const auto expected = to_float32(view("grad." + part.name)).value();
      const float* grad = p.value.grad().data_ptr<float>() + part.begin * columns;
      double difference = 0, norm = 0;
      for (std::size_t i = 0; i < expected.size(); ++i) {
        difference += std::pow(grad[i] - expected[i], 2);
        norm += std::pow(expected[i], 2);
      }
      EXPECT_LE(std::sqrt(difference), 1e-4 * std::sqrt(norm)) << part.name;
      ++parts;
    }
  }
  EXPECT_GT(parts, 20);
}

INSTANTIATE_TEST_SUITE_P(Families, PolicyGolden, ::testing::ValuesIn(testing::golden_folders("models")),
                         [](const auto& param_info) {
                           auto name =
                               param_info.param.filename().string() + "_" + std::to_string(param_info.index);
                           for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
                           return name;
                         });

TEST(PolicyGoldenFolders, ArePresent) { EXPECT_FALSE(testing::golden_folders("models").empty()); }

}  // namespace
}  // namespace hone
