// Normalisation, gated activations and rotary embedding against their formulas in double. Widths that fill no
// vector come up on purpose.
#include <numbers>

#include "hone/tensor/kernels.h"
#include "tensor/tensor_helpers.h"

namespace hone::kernel {
namespace {

using hone::testing::Floats;
using hone::testing::index_of;
using hone::testing::random_floats;
using hone::testing::same_bits;
using hone::testing::Threads;
using hone::testing::worst_difference;
using Doubles = std::vector<double>;

struct NormCase {
  std::int64_t rows, dim, group, stride;
  bool add_one;
};
void PrintTo(const NormCase& c, std::ostream* out) {
  *out << c.rows << " rows of " << c.dim << ", groups of " << c.group << " every " << c.stride;
}

class RmsNormKernel : public ::testing::TestWithParam<NormCase> {
 protected:
  RmsNorm shape() const {
    const NormCase c = GetParam();
    return {c.rows, c.dim, 1e-5f, c.add_one, c.group, c.stride};
  }
  std::int64_t floats() const {  // that the rows lie in
    const NormCase c = GetParam();
    return c.rows / c.group * (c.stride > 0 ? c.stride : c.group * c.dim);
  }
  double gain(const Floats& w, std::int64_t i) const {
    return w[index_of(i)] + (GetParam().add_one ? 1.0 : 0.0);
  }
};

TEST_P(RmsNormKernel, IsItsFormula) {
  const RmsNorm s = shape();
  const Floats x = random_floats(floats(), 1, 2.0), w = random_floats(s.dim, 2);
  Floats y(x.size(), 5.0f), inverse(index_of(s.rows));
  rms_norm(s, x.data(), w.data(), y.data(), inverse.data());
  Doubles expected(x.size(), 5.0), expected_inverse(inverse.size());  // between the rows nothing is written
  for (std::int64_t r = 0; r < s.rows; ++r) {
    double squares = 0;
    for (std::int64_t i = 0; i < s.dim; ++i) squares += std::pow(x[index_of(s.at(r) + i)], 2);
    const double scale = 1.0 / std::sqrt(squares / static_cast<double>(s.dim) + 1e-5);
    expected_inverse[index_of(r)] = scale;
    for (std::int64_t i = 0; i < s.dim; ++i) {
      expected[index_of(s.at(r) + i)] = x[index_of(s.at(r) + i)] * scale * gain(w, i);
    }
  }
  EXPECT_LE(worst_difference(y, expected), 2e-6);
  EXPECT_LE(worst_difference(inverse, expected_inverse), 2e-6);
}

TEST_P(RmsNormKernel, GradientsAreThoseOfTheFormula) {
  const RmsNorm s = shape();
  const Floats x = random_floats(floats(), 3, 2.0), w = random_floats(s.dim, 4),
               dy = random_floats(floats(), 5);
  Floats y(x.size()), inverse(index_of(s.rows)), dx(x.size(), 9.0f), dw(w.size(), 0.25f);
  rms_norm(s, x.data(), w.data(), y.data(), inverse.data());
  rms_norm_backward(s, dy.data(), x.data(), w.data(), inverse.data(), dx.data(), dw.data());
  Doubles expected_dx(x.size(), 9.0), expected_dw(w.size(), 0.25);
  for (std::int64_t r = 0; r < s.rows; ++r) {
    double squares = 0, along = 0;
    for (std::int64_t i = 0; i < s.dim; ++i) squares += std::pow(x[index_of(s.at(r) + i)], 2);
    const double n = static_cast<double>(s.dim), scale = 1.0 / std::sqrt(squares / n + 1e-5);
    for (std::int64_t i = 0; i < s.dim; ++i) {
      along += static_cast<double>(dy[index_of(s.at(r) + i)]) * gain(w, i) * x[index_of(s.at(r) + i)];
    }
    for (std::int64_t i = 0; i < s.dim; ++i) {
      const double xi = x[index_of(s.at(r) + i)], dyi = dy[index_of(s.at(r) + i)];
      expected_dx[index_of(s.at(r) + i)] = dyi * gain(w, i) * scale - xi * scale * scale * scale * along / n;
      expected_dw[index_of(i)] += dyi * xi * scale;
    }
  }
  EXPECT_LE(worst_difference(dx, expected_dx), 5e-6);
  EXPECT_LE(worst_difference(dw, expected_dw), 2e-5);

  Floats dx_alone(x.size(), 9.0f);
  rms_norm_backward(s, dy.data(), x.data(), w.data(), inverse.data(), dx_alone.data(), nullptr);
  EXPECT_TRUE(same_bits(dx_alone, dx));
}

INSTANTIATE_TEST_SUITE_P(Shapes, RmsNormKernel,
                         ::testing::Values(NormCase{1, 64, 1, 0, false}, NormCase{5, 20, 1, 0, false},
                                           NormCase{7, 37, 1, 0, true}, NormCase{3, 3, 1, 0, true},
                                           NormCase{700, 101, 1, 0, false}, NormCase{12, 16, 4, 100, false},
                                           NormCase{6, 20, 2, 120, true}, NormCase{12, 24, 3, 0, false}));

// 1,700 rows of 37: both the rows and the columns are cut where no vector ends.
TEST(RmsNormKernelThreads, BitsAreTheSameWhateverTheirNumber) {
  const RmsNorm s{1700, 37, 1e-6f};
  const Floats x = random_floats(s.rows * s.dim, 1), w = random_floats(s.dim, 2),
               dy = random_floats(s.rows * s.dim, 3);
  const auto run = [&](int threads) {
    const Threads scope(threads);
    Floats y(x.size()), inverse(index_of(s.rows)), dx(x.size()), dw(w.size());
    rms_norm(s, x.data(), w.data(), y.data(), inverse.data());
    rms_norm_backward(s, dy.data(), x.data(), w.data(), inverse.data(), dx.data(), dw.data());
    for (const Floats* part : {&inverse, &dx, &dw}) y.insert(y.end(), part->begin(), part->end());
    return y;
  };
  const Floats one = run(1);
  for (const int threads : {2, 3, 5}) EXPECT_TRUE(same_bits(run(threads), one)) << threads;
}

double activation_of(Activation act, double g) {
  if (act == Activation::kSilu) return g / (1.0 + std::exp(-g));
  const double inner = std::sqrt(2.0 / std::numbers::pi) * (g + 0.044715 * g * g * g);
  return 0.5 * g * (1.0 + std::tanh(inner));
}
double slope_of(Activation act, double g) {
  if (act == Activation::kSilu) {
    const double s = 1.0 / (1.0 + std::exp(-g));
    return s * (1.0 + g * (1.0 - s));
  }
  const double c = std::sqrt(2.0 / std::numbers::pi), t = std::tanh(c * (g + 0.044715 * g * g * g));
  return 0.5 * (1.0 + t) + 0.5 * g * (1.0 - t * t) * c * (1.0 + 3 * 0.044715 * g * g);
}

class GatedKernel : public ::testing::TestWithParam<std::tuple<Activation, std::int64_t>> {
 protected:
  // Checks value and both gradients for these gates.
  void check(std::int64_t rows, const Floats& gate_up) {
    const auto [act, f] = GetParam();
    const Floats dy = random_floats(rows * f, 8);
    Floats y(dy.size()), d(gate_up.size(), 3.0f);
    gated(act, rows, f, gate_up.data(), y.data());
    gated_backward(act, rows, f, dy.data(), gate_up.data(), d.data());
    Doubles expected_y(y.size()), expected_d(d.size());
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t i = 0; i < f; ++i) {
        const double g = gate_up[index_of(r * 2 * f + i)], u = gate_up[index_of(r * 2 * f + f + i)],
                     grad = dy[index_of(r * f + i)];
        expected_y[index_of(r * f + i)] = activation_of(act, g) * u;
        expected_d[index_of(r * 2 * f + i)] = grad * u * slope_of(act, g);
        expected_d[index_of(r * 2 * f + f + i)] = grad * activation_of(act, g);
      }
    }
    EXPECT_LE(worst_difference(y, expected_y), 2e-6);
    EXPECT_LE(worst_difference(d, expected_d), 4e-6);
  }
};

TEST_P(GatedKernel, IsItsFormulaWithItsGradient) {
  const auto f = std::get<1>(GetParam());
  check(9, random_floats(9 * 2 * f, 7, 2.0));
}

// Far from zero the exponentials overflow: the value must be 0 or the gate itself, not what wraps around.
TEST_P(GatedKernel, HoldsFarFromZero) {
  const auto f = std::get<1>(GetParam());
  const float far[] = {-1000.0f, -200.0f, -105.0f, -90.0f, -20.0f, -11.0f, -7.0f,
                       7.0f,     11.0f,   20.0f,   90.0f,  200.0f, 1000.0f};
  const auto rows = static_cast<std::int64_t>(std::size(far));
  Floats gate_up = random_floats(rows * 2 * f, 9);
  for (std::int64_t r = 0; r < rows; ++r) std::fill_n(gate_up.begin() + r * 2 * f, f, far[r]);
  check(rows, gate_up);
}

INSTANTIATE_TEST_SUITE_P(Widths, GatedKernel,
                         ::testing::Combine(::testing::Values(Activation::kSilu, Activation::kGeluTanh),
                                            ::testing::Values(1, 8, 20, 37, 128)));

class RotateKernel : public ::testing::TestWithParam<HeadShape> {};

TEST_P(RotateKernel, TurnsPairsByTheirAnglesAndBack) {
  const HeadShape s = GetParam();
  const std::int64_t rows = 11, half = s.dim / 2, positions_known = 40;
  Floats cos(index_of(positions_known * half)), sin(cos.size());
  for (std::int64_t p = 0; p < positions_known; ++p) {
    for (std::int64_t i = 0; i < half; ++i) {
      const double angle = static_cast<double>(p) *
                           std::pow(10000.0, -2.0 * static_cast<double>(i) / static_cast<double>(s.dim));
      cos[index_of(p * half + i)] = static_cast<float>(std::cos(angle));
      sin[index_of(p * half + i)] = static_cast<float>(std::sin(angle));
    }
  }
  std::vector<std::int64_t> positions;
  for (std::int64_t r = 0; r < rows; ++r) positions.push_back(r * 17 % positions_known);
  const Floats x = random_floats(rows * s.qkv_width(), 6);
  Floats y = x;
  rotate(s, rows, positions.data(), cos.data(), sin.data(), 1.0f, y.data());
  Doubles expected(x.begin(), x.end());
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t h = 0; h < s.q_heads + s.kv_heads; ++h) {  // values stay
      for (std::int64_t i = 0; i < half; ++i) {
        const std::int64_t a = r * s.qkv_width() + h * s.dim + i, b = a + half;
        const double c = cos[index_of(positions[index_of(r)] * half + i)],
                     n = sin[index_of(positions[index_of(r)] * half + i)];
        expected[index_of(a)] = x[index_of(a)] * c - x[index_of(b)] * n;
        expected[index_of(b)] = x[index_of(b)] * c + x[index_of(a)] * n;
      }
    }
  }
  EXPECT_LE(worst_difference(y, expected), 1e-6);
  rotate(s, rows, positions.data(), cos.data(), sin.data(), -1.0f, y.data());
  EXPECT_LE(worst_difference(y, x), 2e-6);
}

INSTANTIATE_TEST_SUITE_P(Shapes, RotateKernel,
                         ::testing::Values(HeadShape{4, 2, 16}, HeadShape{3, 1, 20}, HeadShape{2, 2, 6},
                                           HeadShape{1, 1, 2}, HeadShape{8, 4, 64}));

// A row's bits do not depend on the rows around it.
TEST(RowKernels, ARowAloneHasTheBitsItHasInABatch) {
  const std::int64_t rows = 50, f = 37;
  const Floats x = random_floats(rows * 2 * f, 11), w = random_floats(2 * f, 12);
  const RmsNorm all{rows, 2 * f, 1e-6f}, one{1, 2 * f, 1e-6f};
  Floats y(x.size()), inverse(index_of(rows)), gate(index_of(rows * f)), y1(index_of(2 * f)), inverse1(1),
      gate1(index_of(f));
  rms_norm(all, x.data(), w.data(), y.data(), inverse.data());
  gated(Activation::kGeluTanh, rows, f, x.data(), gate.data());
  for (std::int64_t r = 0; r < rows; ++r) {
    rms_norm(one, x.data() + r * 2 * f, w.data(), y1.data(), inverse1.data());
    gated(Activation::kGeluTanh, 1, f, x.data() + r * 2 * f, gate1.data());
    ASSERT_TRUE(same_bits(y1.data(), y.data() + r * 2 * f, 2 * f)) << r;
    ASSERT_TRUE(same_bits(gate1.data(), gate.data() + r * f, f)) << r;
  }
}

}  // namespace
}  // namespace hone::kernel
