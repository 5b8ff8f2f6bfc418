// hone's own operations in fp32 against the ATen implementations in double, outputs and all gradients; and
// the head's questions: temperature, kept sets, softcap, entropy.
#include "hone/tensor/ops.h"

#include <ATen/ops/empty.h>

#include <functional>
#include <optional>

#include "hone/base/check.h"
#include "hone/tensor/ops_aten.h"
#include "tensor/tensor_helpers.h"

namespace hone {
namespace {

using testing::Floats;
using testing::random_floats;

at::Tensor tensor(at::IntArrayRef shape, std::uint32_t seed, double deviation = 1.0) {
  auto t = at::empty(shape, at::kFloat);
  const Floats values = random_floats(t.numel(), seed, deviation);
  std::copy(values.begin(), values.end(), t.data_ptr<float>());
  return t;
}

at::Tensor longs(const std::vector<std::int64_t>& values) {
  auto t = at::empty({std::ssize(values)}, at::kLong);
  std::copy(values.begin(), values.end(), t.data_ptr<std::int64_t>());
  return t;
}

double difference(const at::Tensor& got, const at::Tensor& expected) {
  EXPECT_EQ(got.sizes(), expected.sizes());
  if (!got.defined() || got.sizes() != expected.sizes()) return 1e30;
  const auto g = got.to(at::kDouble), e = expected.to(at::kDouble);
  const double scale = std::max(1.0, e.abs().max().item().toDouble());
  const double worst = g.sub(e).abs().max().item().toDouble() / scale;
  return std::isnan(worst) ? 1e30 : worst;
}

using Tensors = std::vector<at::Tensor>;
using Operation = std::function<at::Tensor(const Tensors&)>;

// Runs the operation on fp32 leaves (hone's kernels) and on double leaves (ATen), with the same gradient of
// the output, laid out both ways in memory, and compares.
void expect_same(const Tensors& inputs, const Operation& operation, double tolerance = 2e-5) {
  const auto leaves = [&](at::ScalarType type) {
    Tensors copies;
    for (const auto& t : inputs) copies.push_back(t.to(type).clone().set_requires_grad(true));
    return copies;
  };
  for (const bool transposed : {false, true}) {
    const Tensors native = leaves(at::kFloat), aten = leaves(at::kDouble);
    const auto y = operation(native), expected = operation(aten);
    ASSERT_EQ(y.scalar_type(), at::kFloat);
    ASSERT_EQ(expected.scalar_type(), at::kDouble);
    EXPECT_LE(difference(y.detach(), expected.detach()), tolerance);
    const auto g = transposed ? tensor({y.size(1), y.size(0)}, 99).t() : tensor(y.sizes(), 99);
    y.backward(g);
    expected.backward(g.to(at::kDouble));
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      ASSERT_TRUE(native[i].grad().defined()) << "input " << i;
      EXPECT_LE(difference(native[i].grad(), aten[i].grad()), tolerance)
          << "input " << i << ", " << transposed;
    }
    const at::NoGradGuard no_grad;
    EXPECT_TRUE(operation(native).equal(y)) << "without gradients, the same bits";
  }
}

TEST(Ops, GatherRowsAddsUpTheGradientsOfRepeatedRows) {
  const auto rows = longs({5, 5, 0, 2, 5});
  expect_same({tensor({6, 20}, 1)}, [&](const Tensors& in) { return gather_rows(in[0], rows); });
}

struct Question {
  const char* name;
  std::int64_t rows, vocabulary;
  double softcap;
  bool temperatures, kept;
};
void PrintTo(const Question& q, std::ostream* out) { *out << q.name; }

class ScoreTokens : public ::testing::TestWithParam<Question> {
 protected:
  HeadQuery query() const {
    const Question& c = GetParam();
    HeadQuery q;
    q.softcap = c.softcap;
    std::vector<std::int64_t> targets, offsets{0};
    std::vector<std::int32_t> ids;
    auto t = at::empty({c.rows}, at::kFloat);
    for (std::int64_t i = 0; i < c.rows; ++i) {
      const std::int64_t target = i * 31 % c.vocabulary;
      targets.push_back(target);
      t.data_ptr<float>()[i] = c.temperatures ? 0.5f + 0.25f * static_cast<float>(i % 7) : 1.0f;
      if (i % 3 != 1) {  // the others keep the whole vocabulary
        for (std::int64_t id = 0; id < c.vocabulary; ++id) {
          if (id == target || (id * 7 + i) % 5 == 0) ids.push_back(static_cast<std::int32_t>(id));
        }
      }
      offsets.push_back(std::ssize(ids));
    }
    q.targets_N = longs(targets);
    q.inverse_temperature_N = t;
    if (c.kept) {
      q.kept_ids = at::empty({std::ssize(ids)}, at::kInt);
      std::copy(ids.begin(), ids.end(), q.kept_ids.data_ptr<std::int32_t>());
      q.kept_offsets = longs(offsets);
    }
    return q;
  }
  Tensors inputs() const {
    const Question& c = GetParam();
    return {tensor({c.rows, 20}, 1), tensor({c.vocabulary, 20}, 2, 0.7)};
  }
};

TEST_P(ScoreTokens, IsAtensInDoubleWithItsGradients) {
  const HeadQuery q = query();
  for (const int part : {0, 1, 2}) {  // the logprobs, the entropies, both
    if (part < 2 && GetParam().vocabulary > 1000) continue;
    expect_same(
        inputs(),
        [&](const Tensors& in) {
          const HeadScores s = score_tokens(in[0], in[1], q);
          const auto both = part == 0   ? s.logprobs_N
                            : part == 1 ? s.entropy_N
                                        : s.logprobs_N.mul(0.8).add(s.entropy_N.mul(-0.3));
          return both.unsqueeze(1);
        },
        5e-5);
  }
}

TEST_P(ScoreTokens, ARowAloneHasTheSameBits) {
  const HeadQuery q = query();
  const auto in = inputs();
  const at::NoGradGuard no_grad;
  const HeadScores all = score_tokens(in[0], in[1], q);
  for (std::int64_t i = 0; i < std::min<std::int64_t>(GetParam().rows, 20); ++i) {
    HeadQuery one = q;
    one.targets_N = q.targets_N.narrow(0, i, 1);
    one.inverse_temperature_N = q.inverse_temperature_N.narrow(0, i, 1);
    if (q.kept_offsets.defined()) one.kept_offsets = q.kept_offsets.narrow(0, i, 2);
    const HeadScores s = score_tokens(in[0].narrow(0, i, 1), in[1], one);
    EXPECT_TRUE(s.logprobs_N.equal(all.logprobs_N.narrow(0, i, 1))) << i;
    EXPECT_TRUE(s.entropy_N.equal(all.entropy_N.narrow(0, i, 1))) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Questions, ScoreTokens,
                         ::testing::Values(Question{"plain", 9, 101, 0, false, false},
                                           Question{"one_row", 1, 64, 0, true, false},
                                           Question{"temperatures", 9, 101, 0, true, false},
                                           Question{"softcap", 9, 101, 4.0, true, false},
                                           Question{"kept", 9, 101, 0, false, true},
                                           Question{"everything", 11, 37, 3.0, true, true},
                                           // More rows than one chunk of logits holds.
                                           Question{"chunks", 300, 16400, 0, true, false}),
                         [](const auto& param_info) { return std::string(param_info.param.name); });

TEST(ScoreTokensChecks, NoRowsAreNoScores) {
  HeadQuery q;
  q.targets_N = longs({});
  q.inverse_temperature_N = at::empty({0}, at::kFloat);
  const auto hidden = at::empty({0, 20}, at::kFloat), head = tensor({37, 20}, 2);
  const HeadScores s = score_tokens(hidden, head, q);
  EXPECT_EQ(s.logprobs_N.numel(), 0);
  EXPECT_EQ(s.entropy_N.numel(), 0);
}

// What cannot be scored is refused before the threads start: an exception that left one would end the
// program.
TEST(ScoreTokensChecks, TargetsOutsideTheVocabularyOrTheKeptSetAreRefused) {
  const auto hidden = tensor({2, 20}, 1), head = tensor({37, 20}, 2);
  HeadQuery q;
  q.inverse_temperature_N = at::empty({2}, at::kFloat).fill_(1.0);
  for (const std::int64_t bad : {std::int64_t{37}, std::int64_t{-1}}) {
    q.targets_N = longs({0, bad});
    EXPECT_THROW(score_tokens(hidden, head, q), BrokenInvariant) << bad;
  }
  q.targets_N = longs({4, 5});
  q.kept_ids = at::empty({3}, at::kInt);
  q.kept_offsets = longs({0, 2, 3});
  for (const auto& ids : {std::vector<std::int32_t>{3, 4, 6}, {4, 3, 5}, {4, 37, 5}}) {
    std::copy(ids.begin(), ids.end(), q.kept_ids.data_ptr<std::int32_t>());
    EXPECT_THROW(score_tokens(hidden, head, q), BrokenInvariant) << ids[0] << " " << ids[1] << " " << ids[2];
  }
  q.kept_ids.data_ptr<std::int32_t>()[1] = 36;
  EXPECT_NO_THROW(score_tokens(hidden, head, q));
}

TEST(HeadLogits, AreAtensAndARowAloneHasTheSameBits) {
  const auto hidden = tensor({9, 20}, 1), head = tensor({101, 20}, 2);
  for (const double softcap : {0.0, 5.0}) {
    const auto z = head_logits(hidden, head, softcap);
    EXPECT_LE(difference(z, aten::head_logits(hidden.to(at::kDouble), head.to(at::kDouble), softcap)), 1e-5);
    for (std::int64_t i = 0; i < 9; ++i) {
      EXPECT_TRUE(head_logits(hidden.narrow(0, i, 1), head, softcap).equal(z.narrow(0, i, 1))) << i;
    }
  }
}

}  // namespace
}  // namespace hone
