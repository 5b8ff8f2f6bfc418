// The products against chains of fused multiply-adds, and the promise that training rests on: a row of
// gemm_nt has the same bits in any batch, at any place in it, with any number of threads.
#include "hone/tensor/gemm.h"

#include <cmath>
#include <functional>
#include <utility>

#include "tensor/tensor_helpers.h"

namespace hone {
namespace {

using testing::Floats;
using testing::random_floats;
using testing::same_bits;
using testing::Threads;

struct Shape {
  std::int64_t n, k;
};

void PrintTo(const Shape& s, std::ostream* out) { *out << "n " << s.n << ", k " << s.k; }

Floats product_nt(std::int64_t m, const Shape& s, const float* x, const Floats& w) {
  Floats y(static_cast<std::size_t>(m * s.n), -1.0f);
  gemm_nt(m, s.n, s.k, x, w.data(), y.data());
  return y;
}

class Gemm : public ::testing::TestWithParam<Shape> {};

TEST_P(Gemm, RowsHaveTheSameBitsInAnyBatchAtAnyPlaceByAnyThreads) {
  const Shape s = GetParam();
  constexpr std::int64_t kRows = 600;
  const Floats x = random_floats(kRows * s.k, 1), w = random_floats(s.n * s.k, 2);
  Floats all;
  {
    const Threads one(1);
    all = product_nt(kRows, s, x.data(), w);
  }
  for (const int threads : {1, 2}) {
    const Threads scope(threads);
    // Two threads wait for each other at every product: fewer of those.
    const std::vector<std::int64_t> counts =
        threads == 1
            ? std::vector<std::int64_t>{1, 2, 3, 5, 6, 7, 8, 16, 31, 97, 255, 256, 257, 258, 511, 600}
            : std::vector<std::int64_t>{1, 2, 7, 64, 257, 600};
    for (const std::int64_t m : counts) {
      for (const std::int64_t first : {std::int64_t{0}, std::int64_t{1}, kRows - m}) {
        if (first + m > kRows) continue;
        const Floats part = product_nt(m, s, x.data() + first * s.k, w);
        ASSERT_TRUE(same_bits(part.data(), all.data() + first * s.n, m * s.n))
            << m << " rows from " << first << ", " << threads << " threads";
      }
    }
  }
}

// The chain that gemm.h promises, step by step.
float chain(float start, std::int64_t count, const std::function<float(std::int64_t)>& a,
            const std::function<float(std::int64_t)>& b) {
  for (std::int64_t p = 0; p < count; ++p) start = std::fma(a(p), b(p), start);
  return start;
}

TEST_P(Gemm, ElementsAreChainsOfFusedMultiplyAdds) {
  if (!__builtin_cpu_supports("fma")) GTEST_SKIP() << "a machine without fused multiply-adds";
  const Shape s = GetParam();
  for (const std::int64_t m : {std::int64_t{3}, std::int64_t{37}, std::int64_t{150}}) {
    const Floats x = random_floats(m * s.k, 3), w = random_floats(s.n * s.k, 4),
                 dy = random_floats(m * s.n, 5);
    const auto at = [](const Floats& v, std::int64_t i) { return v[static_cast<std::size_t>(i)]; };
    const Floats y = product_nt(m, s, x.data(), w);
    Floats dx(static_cast<std::size_t>(m * s.k), 7.0f), dx_added(dx.size(), 7.0f), dw(w.size(), -2.0f);
    gemm_nn(m, s.k, s.n, dy.data(), w.data(), dx.data(), false);
    gemm_nn(m, s.k, s.n, dy.data(), w.data(), dx_added.data(), true);
    gemm_tn(s.n, s.k, m, dy.data(), x.data(), dw.data());
    for (std::int64_t i = 0; i < m; i += 7) {
      for (std::int64_t j = 0; j < s.n; ++j) {
        ASSERT_EQ(at(y, i * s.n + j), chain(
                                          0.0f, s.k, [&](std::int64_t p) { return at(w, j * s.k + p); },
                                          [&](std::int64_t p) { return at(x, i * s.k + p); }))
            << m << " rows: " << i << ", " << j;
      }
      for (std::int64_t l = 0; l < s.k; ++l) {
        const auto a = [&](std::int64_t p) { return at(dy, i * s.n + p); };
        const auto b = [&](std::int64_t p) { return at(w, p * s.k + l); };
        ASSERT_EQ(at(dx, i * s.k + l), chain(0.0f, s.n, a, b)) << m << " rows: " << i << ", " << l;
        ASSERT_EQ(at(dx_added, i * s.k + l), chain(7.0f, s.n, a, b)) << m << " rows: " << i << ", " << l;
      }
    }
    for (std::int64_t j = 0; j < s.n; j += 5) {
      for (std::int64_t l = 0; l < s.k; ++l) {
        ASSERT_EQ(at(dw, j * s.k + l), chain(
                                           -2.0f, m, [&](std::int64_t p) { return at(dy, p * s.n + j); },
                                           [&](std::int64_t p) { return at(x, p * s.k + l); }))
            << m << " rows: " << j << ", " << l;
      }
    }
  }
}

TEST_P(Gemm, RowsMayComeInParts) {
  const Shape s = GetParam();
  constexpr std::int64_t kRows = 70;
  const Floats x = random_floats(kRows * s.k, 6), dy = random_floats(kRows * s.n, 7);
  Floats whole(static_cast<std::size_t>(s.n * s.k)), parts(whole.size());
  gemm_tn(s.n, s.k, kRows, dy.data(), x.data(), whole.data());
  for (const auto& [first, rows] : {std::pair<std::int64_t, std::int64_t>{0, 1}, {1, 40}, {41, 29}})
    gemm_tn(s.n, s.k, rows, dy.data() + first * s.n, x.data() + first * s.k, parts.data());
  EXPECT_TRUE(same_bits(whole.data(), parts.data(), std::ssize(whole)));
}

INSTANTIATE_TEST_SUITE_P(Shapes, Gemm,
                         ::testing::Values(Shape{1, 8}, Shape{5, 7}, Shape{16, 1}, Shape{16, 33},
                                           Shape{17, 64}, Shape{48, 31}, Shape{64, 64}, Shape{101, 20},
                                           Shape{128, 257}, Shape{4100, 8}, Shape{250, 96}, Shape{256, 600},
                                           Shape{321, 600}, Shape{336, 64}, Shape{512, 129}),
                         [](const auto& param_info) {
                           return "n" + std::to_string(param_info.param.n) + "k" +
                                  std::to_string(param_info.param.k);
                         });

TEST(GemmRows, NoneAreNoWork) {
  const Floats w = random_floats(16 * 8, 1);
  gemm_nt(0, 16, 8, nullptr, w.data(), nullptr);
  Floats dw(w.size(), 0.5f);
  gemm_tn(16, 8, 0, nullptr, nullptr, dw.data());
  for (const float v : dw) EXPECT_EQ(v, 0.5f);
}

}  // namespace
}  // namespace hone
