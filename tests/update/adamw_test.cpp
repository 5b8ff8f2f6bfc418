#include "hone/update/adamw.h"

#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "hone/base/check.h"
#include "hone/base/rng.h"

namespace hone {
namespace {

at::Tensor random_tensor(std::vector<std::int64_t> shape, std::uint64_t seed, double scale = 1.0) {
  auto t = at::empty(shape, at::kFloat);
  RandomStream random({.seed = seed});
  for (std::int64_t i = 0; i < t.numel(); ++i) {
    t.data_ptr<float>()[i] = static_cast<float>(scale * random.normal());
  }
  return t;
}

std::vector<Parameter> parameters(at::ScalarType type, std::int64_t rows = 7) {
  std::vector<Parameter> all = {{"matrix", random_tensor({rows, 5}, 1).to(type), {}},
                                {"vector", random_tensor({11}, 2).to(type), {}}};
  for (Parameter& p : all) p.value.set_requires_grad(true);
  return all;
}

void set_gradients(std::vector<Parameter>& all, std::uint64_t step, double scale = 1.0) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].value.mutable_grad() =
        random_tensor(all[i].value.sizes().vec(), 100 * step + i, scale).to(all[i].value.scalar_type());
  }
}

std::vector<double> doubles(const at::Tensor& t) {
  const auto copy = t.detach().to(at::kDouble).contiguous();
  return {copy.data_ptr<double>(), copy.data_ptr<double>() + copy.numel()};
}

// torch.optim.AdamW, one element at a time.
struct Scalar {
  double p = 0.0, m = 0.0, v = 0.0;
  void step(double g, std::int64_t t, double rate, double decay, const OptimizerOptions& o) {
    p *= 1.0 - rate * decay;
    m = o.beta1 * m + (1.0 - o.beta1) * g;
    v = o.beta2 * v + (1.0 - o.beta2) * g * g;
    const double m_hat = m / (1.0 - std::pow(o.beta1, t)), v_hat = v / (1.0 - std::pow(o.beta2, t));
    p -= rate * m_hat / (std::sqrt(v_hat) + o.epsilon);
  }
};

OptimizerOptions with_decay() {
  OptimizerOptions o;
  o.weight_decay = 0.1;
  return o;
}

TEST(AdamW, EqualsTheScalarFormula) {
  const OptimizerOptions o = with_decay();
  auto all = parameters(at::kFloat, 1000);  // more than one block of the norm
  AdamW optimizer(all, o);
  std::vector<std::vector<Scalar>> expected;
  for (const Parameter& p : all) {
    expected.emplace_back();
    for (const double w : doubles(p.value)) expected.back().push_back({w});
  }
  for (std::int64_t t = 1; t <= 20; ++t) {
    // Clipping from time to time, rates that move.
    const double scale = t % 3 == 0 ? 0.37 : 1.0, rate = 1e-2 / static_cast<double>(t);
    set_gradients(all, static_cast<std::uint64_t>(t));
    double norm = 0.0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto g = doubles(all[i].value.grad());
      for (std::size_t j = 0; j < g.size(); ++j) {
        norm += g[j] * g[j];
        expected[i][j].step(g[j] * scale, t, rate, i == 0 ? 0.1 : 0.0, o);  // vectors do not decay
      }
    }
    EXPECT_NEAR(optimizer.gradient_norm(), std::sqrt(norm), 1e-9 * std::sqrt(norm));
    optimizer.step(rate, scale);
  }
  EXPECT_EQ(optimizer.state().steps, 20);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto p = doubles(all[i].value), m = doubles(optimizer.state().first[i]),
               v = doubles(optimizer.state().second[i]);
    for (std::size_t j = 0; j < p.size(); ++j) {
      EXPECT_NEAR(p[j], expected[i][j].p, 2e-6) << i << "," << j;
      EXPECT_NEAR(m[j], expected[i][j].m, 1e-6) << i << "," << j;
      EXPECT_NEAR(v[j], expected[i][j].v, 2e-6 * expected[i][j].v) << i << "," << j;
    }
  }
}

// Half precision: updates too small for the parameter's own dtype add up in the master.
TEST(AdamW, MastersOfBfloat16) {
  auto all = parameters(at::kBFloat16);
  AdamW optimizer(all, with_decay());
  std::vector<Scalar> expected;
  for (const double w : doubles(all[0].value)) expected.push_back({w});
  const auto before = doubles(all[0].value);
  for (std::int64_t t = 1; t <= 40; ++t) {
    set_gradients(all, 1);  // one direction
    const auto g = doubles(all[0].value.grad());
    for (std::size_t j = 0; j < g.size(); ++j) expected[j].step(g[j], t, 1e-3, 0.1, with_decay());
    optimizer.step(1e-3, 1.0);
  }
  const auto master = doubles(optimizer.state().masters[0]);
  int moved = 0;
  for (std::size_t j = 0; j < master.size(); ++j) EXPECT_NEAR(master[j], expected[j].p, 1e-5) << j;
  EXPECT_EQ(doubles(all[0].value), doubles(optimizer.state().masters[0].to(at::kBFloat16)));
  const auto after = doubles(all[0].value);
  for (std::size_t j = 0; j < after.size(); ++j) moved += after[j] != before[j];
  EXPECT_GT(moved, 20) << "steps of 0.001 vanish in bfloat16 unless a master holds them";
}

TEST(AdamW, NormsThatAreNotFinite) {
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    for (const double bad : {std::nan(""), static_cast<double>(INFINITY)}) {
      auto all = parameters(type);
      AdamW optimizer(all, {});
      set_gradients(all, 1);
      EXPECT_TRUE(std::isfinite(optimizer.gradient_norm()));
      all[1].value.mutable_grad().narrow(0, 3, 1).fill_(bad);
      EXPECT_FALSE(std::isfinite(optimizer.gradient_norm()));
    }
  }
  auto all = parameters(at::kFloat);
  AdamW optimizer(all, {});
  set_gradients(all, 1, 1e25);  // squares beyond floats
  EXPECT_TRUE(std::isfinite(optimizer.gradient_norm()));
}

TEST(AdamW, ZeroGradientsStepToo) {
  auto all = parameters(at::kFloat);
  AdamW optimizer(all, {});
  EXPECT_FALSE(all[0].value.grad().defined());
  optimizer.zero_gradients();
  ASSERT_TRUE(all[0].value.grad().defined());
  EXPECT_EQ(optimizer.gradient_norm(), 0.0);
  const auto start = doubles(all[0].value);
  optimizer.step(1e-2, 1.0);
  EXPECT_EQ(doubles(all[0].value), start) << "no momentum yet";
  set_gradients(all, 1);
  optimizer.step(1e-2, 1.0);
  const auto one = doubles(all[0].value);
  optimizer.zero_gradients();
  EXPECT_EQ(optimizer.gradient_norm(), 0.0);
  optimizer.step(1e-2, 1.0);
  EXPECT_NE(doubles(all[0].value), one) << "momentum goes on";
  EXPECT_EQ(optimizer.state().steps, 3);
}

TEST(AdamW, StatesComeBackToTheBit) {
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    auto all = parameters(type);
    AdamW optimizer(all, with_decay());
    const auto advance = [&](std::uint64_t step) {
      set_gradients(all, step);
      optimizer.step(1e-2, 1.0);
    };
    advance(1);
    const AdamW::State saved = optimizer.copy_state();
    const auto at_one = doubles(all[0].value);
    advance(2);
    const auto at_two = doubles(all[0].value);
    ASSERT_NE(at_one, at_two);
    EXPECT_EQ(doubles(saved.masters[0].to(type)), at_one) << "the copy has storage of its own";
    optimizer.set_state(saved);
    EXPECT_EQ(doubles(all[0].value), at_one) << "parameters follow";
    EXPECT_EQ(optimizer.state().steps, 1);
    advance(2);
    EXPECT_EQ(doubles(all[0].value), at_two);
  }
  auto all = parameters(at::kFloat);
  AdamW optimizer(all, {});
  AdamW::State less = optimizer.copy_state();
  less.masters.pop_back();
  EXPECT_THROW(optimizer.set_state(less), BrokenInvariant);
}

}  // namespace
}  // namespace hone
