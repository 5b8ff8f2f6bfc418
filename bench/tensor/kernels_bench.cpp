// Kernels on the shapes of small decoders, the first of them of 5M parameters: hidden 256, 8 heads of 32 over
// 4 key/value heads, feed-forward 768.
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

using hone::kernel::Attention;
using hone::kernel::HeadShape;
using hone::kernel::Span;

constexpr HeadShape kSmall{8, 4, 32}, kSmol{9, 3, 64};  // of a 5M-parameter decoder, and of SmolLM2-135M

// Pairs of a query head and a key.
double pairs(const HeadShape& s, const std::vector<Span>& spans) {
  double keys = 0;
  for (const Span& span : spans) keys += span.count();
  return keys * static_cast<double>(s.q_heads);
}

void set_flops(benchmark::State& state, double flops) {
  state.counters["FLOPS"] = benchmark::Counter(flops, benchmark::Counter::kIsIterationInvariantRate);
}

// One decoding step of groups of 8 that share a prompt of 64: rows, and keys that each sees.
void attention_decode(benchmark::State& state, const HeadShape& s) {
  const std::int64_t rows = state.range(0), keys = state.range(1), width = s.kv_heads * s.dim;
  constexpr std::int32_t kPrompt = 64;
  std::vector<Span> spans;
  std::int32_t at = 0, prompt = 0;
  for (std::int64_t r = 0; r < rows; ++r) {
    if (r % 8 == 0) prompt = at, at += kPrompt;
    const auto own = static_cast<std::int32_t>(keys) - kPrompt;
    spans.push_back({prompt, kPrompt, at, own});
    at += own;
  }
  const auto q = ramp(rows * s.q_heads * s.dim), k = ramp(at * width), v = k;
  std::vector<float> out(q.size());
  const Attention a{s, 0.15f, 0.0f, 0, s.q_heads * s.dim, width};
  for (auto _ : state)
    hone::kernel::attention(a, rows, spans.data(), q.data(), k.data(), v.data(), out.data(), nullptr);
  set_flops(state, 4 * static_cast<double>(s.dim) * pairs(s, spans));
}
BENCHMARK_CAPTURE(attention_decode, small, kSmall)->ArgsProduct({{32, 256}, {80, 192, 512}})->UseRealTime();
BENCHMARK_CAPTURE(attention_decode, smol, kSmol)->ArgsProduct({{32, 256}, {80, 192, 512}})->UseRealTime();

// Four prompts of 64 with 8 completions of as many tokens as the argument says, packed for training.
struct TrainingPack {
  TrainingPack(const HeadShape& shape, std::int32_t completion) : s(shape) {
    for (int group = 0; group < 4; ++group) {
      const auto prompt = static_cast<std::int32_t>(spans.size());
      for (std::int32_t i = 0; i < 64; ++i) spans.push_back({0, 0, prompt, i + 1});
      for (int c = 0; c < 8; ++c) {
        const auto own = static_cast<std::int32_t>(spans.size());
        for (std::int32_t i = 0; i + 1 < completion; ++i) spans.push_back({prompt, 64, own, i + 1});
      }
    }
    const std::int64_t rows = std::ssize(spans);
    qkv = ramp(rows * s.qkv_width());
    gradient.resize(qkv.size());
    out.resize(static_cast<std::size_t>(rows * s.q_heads * s.dim));
    lse.resize(static_cast<std::size_t>(rows * s.q_heads));
    d_out = ramp(std::ssize(out));
    a = {s, 0.15f, 0.0f, 0, s.qkv_width(), s.qkv_width()};
  }
  void forward() {
    const float *q = qkv.data(), *k = q + k_at(), *v = q + v_at();
    hone::kernel::attention(a, std::ssize(spans), spans.data(), q, k, v, out.data(), lse.data());
  }
  void backward() {
    const float* q = qkv.data();
    float* d = gradient.data();
    hone::kernel::attention_backward(a, std::ssize(spans), spans.data(), q, q + k_at(), q + v_at(),
                                     out.data(), lse.data(), d_out.data(), d, d + k_at(), d + v_at());
  }
  std::int64_t k_at() const { return s.q_heads * s.dim; }
  std::int64_t v_at() const { return (s.q_heads + s.kv_heads) * s.dim; }

  HeadShape s;
  Attention a;
  std::vector<Span> spans;
  std::vector<float> qkv, gradient, out, lse, d_out;
};

void attention_training(benchmark::State& state, const HeadShape& s) {
  TrainingPack pack(s, static_cast<std::int32_t>(state.range(0)));
  for (auto _ : state) pack.forward();
  set_flops(state, 4 * static_cast<double>(s.dim) * pairs(s, pack.spans));
}
BENCHMARK_CAPTURE(attention_training, small, kSmall)->Arg(128)->Arg(448)->UseRealTime();
BENCHMARK_CAPTURE(attention_training, smol, kSmol)->Arg(128)->Arg(448)->UseRealTime();

void attention_training_backward(benchmark::State& state, const HeadShape& s) {
  TrainingPack pack(s, static_cast<std::int32_t>(state.range(0)));
  pack.forward();
  for (auto _ : state) pack.backward();
  set_flops(state, 10 * static_cast<double>(s.dim) * pairs(s, pack.spans));
}
BENCHMARK_CAPTURE(attention_training_backward, small, kSmall)->Arg(128)->Arg(448)->UseRealTime();
BENCHMARK_CAPTURE(attention_training_backward, smol, kSmol)->Arg(128)->Arg(448)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
