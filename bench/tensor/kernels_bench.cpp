// Kernels on the shapes of a 5M-parameter decoder: hidden 256, 8 heads of 32 over 4 key/value heads, feed-forward 768.
#include <benchmark/benchmark.h>

#include <vector>

#include "hone/tensor/gemm.h"
#include "hone/tensor/kernels.h"

namespace {

std::vector<float> ramp(std::int64_t n) {
  std::vector<float> values(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 17) * 0.1f - 0.8f;
  return values;
}

// Rows · [768, 256]ᵀ; items are floating-point operations.
void gemm_rows(benchmark::State& state) {
  const std::int64_t m = state.range(0), n = 768, k = 256;
  const auto x = ramp(m * k), w = ramp(n * k);
  std::vector<float> y(static_cast<std::size_t>(m * n));
  for (auto _ : state) hone::gemm_nt(m, n, k, x.data(), w.data(), y.data());
  state.SetItemsProcessed(state.iterations() * 2 * m * n * k);
}
BENCHMARK(gemm_rows)->Arg(2)->Arg(32)->Arg(256)->Arg(2048)->UseRealTime();

// One decoding step: 32 sequences, each over a cache of as many rows as the argument says.
void attention_decode(benchmark::State& state) {
  const std::int64_t rows = 32, keys = state.range(0);
  const hone::kernel::HeadShape shape{8, 4, 32};
  const auto q = ramp(rows * 256), k = ramp(rows * keys * 128), v = k;
  std::vector<float> out(q.size());
  std::vector<hone::kernel::Span> spans;
  for (std::int64_t r = 0; r < rows; ++r) {
    spans.push_back({0, 0, static_cast<std::int32_t>(r * keys), static_cast<std::int32_t>(keys)});
  }
  const hone::kernel::Attention attention{shape, 0.17f, 0.0f, 0, 256, 128};
  for (auto _ : state) {
    hone::kernel::attention(attention, rows, spans.data(), q.data(), k.data(), v.data(), out.data(), nullptr);
  }
  state.SetItemsProcessed(state.iterations() * rows);
}
BENCHMARK(attention_decode)->Arg(64)->Arg(192)->Arg(512)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
