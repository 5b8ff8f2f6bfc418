// Comparisons a second of the maths verifier, on one core.
#include <benchmark/benchmark.h>

#include <array>
#include <string>

#include "hone/verify/math/judge.h"
#include "hone/verify/math/math_verifier.h"

namespace {

using Pair = std::array<const char*, 2>;

constexpr std::array<Pair, 10> kNumeric = {{{"42", "42"},
                                            {"42", "43"},
                                            {"0.75", "\\frac{3}{4}"},
                                            {"\\frac{3}{4}", "3/4"},
                                            {"58,500", "58500"},
                                            {"-125", "-125.0"},
                                            {"1.25", "1\\frac14"},
                                            {"\\frac{14}{3}", "\\dfrac{14}{3}"},
                                            {"3/56", "3/57"},
                                            {"10,\\!080", "$10080$"}}};

constexpr std::array<Pair, 10> kSymbolic = {
    {{"(a+5)(b+2)", "ab+2a+5b+10"},
     {"x^5 - x^4 + x^3 - x^2 + x - 1", "(x-1)(x^4+x^2+1)"},
     {"\\frac{3\\sqrt{3}}{4}", "\\frac{9}{4\\sqrt{3}}"},
     {"1+2\\sqrt{3}", "1 + \\sqrt{12}"},
     {"\\left( 3, \\frac{\\pi}{2} \\right)", "(3, \\pi/2)"},
     {"5x - 7y + 11z + 4 = 0", "11z = 7y - 5x - 4"},
     {"(-\\infty, 2) \\cup (3, \\infty)", "(3,\\infty) \\cup (-\\infty,2)"},
     {"\\cot x", "\\frac{\\cos x}{\\sin x}"},
     {"\\{1\\pm\\sqrt{5},-2\\}", "\\{-2, 1+\\sqrt5, 1-\\sqrt5\\}"},
     {"2\\sqrt{113}", "\\sqrt{451}"}}};

template <std::size_t n>
void judge(benchmark::State& state, const std::array<Pair, n>& pairs) {
  for (auto _ : state) {
    for (const Pair& pair : pairs) benchmark::DoNotOptimize(hone::judge_answer(pair[0], pair[1]));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(n));
}

void Numeric(benchmark::State& state) { judge(state, kNumeric); }
BENCHMARK(Numeric);

void Symbolic(benchmark::State& state) { judge(state, kSymbolic); }
BENCHMARK(Symbolic);

// One symbolic pair each, so that the slow ones are seen.
void SymbolicPair(benchmark::State& state) {
  const Pair& pair = kSymbolic[static_cast<std::size_t>(state.range(0))];
  state.SetLabel(pair[0]);
  for (auto _ : state) benchmark::DoNotOptimize(hone::judge_answer(pair[0], pair[1]));
}
BENCHMARK(SymbolicPair)->DenseRange(0, static_cast<int>(kSymbolic.size()) - 1);

// Hostile answers: none may take 50 ms.
void Hostile(benchmark::State& state) {
  const std::array<std::string, 10> answers = {"9^{9^{9}}",
                                               "9^{9^{9^{9}}}",
                                               std::string(4000, '{') + "1" + std::string(4000, '}'),
                                               "(x+y+z+w+1)^{1000}",
                                               "((x+y+z)^{60}+(a+b+c)^{60})^{60}",
                                               "\\sin(\\sin(\\sin(\\sin(10^{10^{10}}))))",
                                               "(10000!)!",
                                               [] {
                                                 std::string text;
                                                 for (int i = 0; i < 80; ++i) text += "\\frac{1}{x+";
                                                 text += "1";
                                                 for (int i = 0; i < 80; ++i) text += "}";
                                                 return text;
                                               }(),
                                               [] {
                                                 std::string text = "1";
                                                 for (int i = 2; i < 900; ++i)
                                                   text += "," + std::to_string(i);
                                                 return "\\{" + text + "\\}";
                                               }(),
                                               [] {
                                                 std::string text;
                                                 for (int i = 0; i < 150; ++i)
                                                   text +=
                                                       "+\\tan(\\exp(\\sqrt{x+" + std::to_string(i) + "}))";
                                                 return text;
                                               }()};
  const std::string& answer = answers[static_cast<std::size_t>(state.range(0))];
  const std::string reference =
      state.range(0) == 8 ? answer.substr(0, answer.size() - 4) + "7,0\\}" : answer + "+x-x+1";
  state.SetLabel(answer.substr(0, 24));
  for (auto _ : state) benchmark::DoNotOptimize(hone::judge_answer(reference, answer));
}
BENCHMARK(Hostile)->DenseRange(0, 9)->Unit(benchmark::kMillisecond);

void Megabyte(benchmark::State& state) {
  const auto verifier = hone::make_math_verifier();
  const std::array<std::string, 5> parts = {"{", "\\boxed{", "$x$ and ", "The answer is 5. ", "(1,"};
  hone::Problem problem;
  problem.answer = "5";
  hone::Completion completion;
  const std::string& part = parts[static_cast<std::size_t>(state.range(0))];
  while (completion.text.size() < 1'000'000) completion.text += part;
  state.SetLabel(part);
  for (auto _ : state) benchmark::DoNotOptimize(verifier->verify(problem, completion));
}
BENCHMARK(Megabyte)->DenseRange(0, 4)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
