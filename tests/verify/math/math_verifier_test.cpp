#include "hone/verify/math/math_verifier.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "hone/text/utf8.h"
#include "hone/verify/math/judge.h"
#include "verify/verify_helpers.h"

namespace hone::testing {
namespace {

Verdict judged(const std::string& reference, std::string text) {
  return make_math_verifier()->verify(answered(reference), completion(std::move(text)));
}

TEST(MathVerifier, SaysWhatItIs) {
  EXPECT_EQ(make_math_verifier()->name(), "math");
  EXPECT_TRUE(make_math_verifier()->judges_correctness());
}

TEST(MathVerifier, EveryStatus) {
  const Verdict correct = judged("0.75", "Thus \\boxed{\\frac{3}{4}}.");
  EXPECT_EQ(correct.status, VerdictStatus::kCorrect);
  EXPECT_EQ(correct.score, 1.0);
  EXPECT_EQ(correct.detail, "box: \\frac{3}{4} against 0.75: equal by exact numbers");
  const Verdict wrong = judged("0.75", "<answer>0.7</answer>");
  EXPECT_EQ(wrong.status, VerdictStatus::kWrong);
  EXPECT_EQ(wrong.score, 0.0);
  EXPECT_EQ(wrong.detail, "answer tag: 0.7 against 0.75: different by exact numbers");
  EXPECT_EQ(judged("0.75", "I do not know what to say about this question, I am afraid to say").status,
            VerdictStatus::kUnparsable);
  EXPECT_EQ(judged("0.75", "\\boxed{3 +}").status, VerdictStatus::kUnparsable);
  EXPECT_EQ(judged("0.75", "").status, VerdictStatus::kUnparsable);
  EXPECT_EQ(judged("", "\\boxed{3}").status, VerdictStatus::kError);
  EXPECT_EQ(judged("  ", "\\boxed{3}").status, VerdictStatus::kError);
  EXPECT_EQ(judged(std::string(10'000, '7'), "\\boxed{3}").status, VerdictStatus::kError);
}

TEST(MathVerifier, AReferenceThatIsNoMathsIsComparedAsText) {
  EXPECT_EQ(judged("x \\equiv 3 \\pmod 7", "\\boxed{x \\equiv 3 \\pmod 7}").status, VerdictStatus::kCorrect);
  EXPECT_EQ(judged("x \\equiv 3 \\pmod 7", "\\boxed{x\\equiv 3\\pmod{7}}").status, VerdictStatus::kCorrect);
  EXPECT_EQ(judged("x \\equiv 3 \\pmod 7", "\\boxed{x \\equiv 2 \\pmod 7}").status, VerdictStatus::kWrong);
}

TEST(MathVerifier, TextAroundTheAnswer) {
  EXPECT_EQ(judged("3\\sqrt{13}", "The answer is $3\\sqrt{13}$.").status, VerdictStatus::kCorrect);
  EXPECT_EQ(judged("42", "<answer>The total is 42 apples</answer>").status, VerdictStatus::kCorrect);
  EXPECT_EQ(judged("42", "<answer>It is 42</answer>").status, VerdictStatus::kCorrect);
  EXPECT_EQ(judged("42", "\\boxed{\\text{The answer is } 42}").status, VerdictStatus::kCorrect);
  EXPECT_EQ(judged("42", "<answer>Either 42 or 43 apples</answer>").status, VerdictStatus::kWrong);
  EXPECT_EQ(judged("18", "She makes 9 * 2 = $18 every day.\n#### 18").status, VerdictStatus::kCorrect);
  EXPECT_EQ(judged("\\text{Evelyn}", "<answer>Evelyn</answer>").status, VerdictStatus::kCorrect);
  EXPECT_EQ(judged("\\text{(C)}", "Therefore the answer is (C).").status, VerdictStatus::kCorrect);
  // Dollars that open no formula.
  EXPECT_EQ(
      judged("18", "It costs $9 a day, which makes $7 and a bit, so that in the end there remain just 18")
          .status,
      VerdictStatus::kCorrect);
  EXPECT_EQ(judged("1,-2", "$\\boxed{1}$ and $\\boxed{-2}$").status, VerdictStatus::kCorrect);
}

TEST(MathVerifier, HostileAnswersAreDecidedOrGivenUp) {
  std::string fractions, sines, sum = "0", towers = "9";
  for (int i = 0; i < 400; ++i) fractions += "\\frac{1}{x+";
  for (int i = 0; i < 90; ++i) sines += "\\sin(\\exp(";
  for (int i = 0; i < 500; ++i) sum += "+\\frac{1}{x+" + std::to_string(i) + "y}";
  for (int i = 0; i < 100; ++i) towers += "^{9";
  const std::string hostile[] = {"9^{9^{9}}",
                                 "9^{9^{9^{9^{9}}}}",
                                 towers + std::string(100, '}'),
                                 std::string(10'000, '{'),
                                 std::string(10'000, '{') + "1" + std::string(10'000, '}'),
                                 std::string(8'000, '('),
                                 std::string(8'000, '-') + "1",
                                 std::string(8'000, '|'),
                                 std::string(8'000, '!'),
                                 std::string(8'000, '7'),
                                 "0." + std::string(8'000, '3'),
                                 fractions,
                                 sines + "x" + std::string(180, ')'),
                                 sum,
                                 "(x+y+z+w+1)^{1000}",
                                 "((x+y)^{50}+(z+w)^{50})^{50}",
                                 "10^{10^{10}}!",
                                 "\\binom{10^9}{10^8}",
                                 "1e999999999999",
                                 "\\sin(10^{10^{6}})",
                                 "\\lfloor 10^{5000} \\pi \\rfloor",
                                 "\\Gamma(10^{100})",
                                 "1/0",
                                 "0^{-1}",
                                 "\\ln 0",
                                 "\\infty - \\infty",
                                 "\\text{\\text{\\text{",
                                 "\\begin{pmatrix} 1 & 2 \\\\ 3",
                                 "\xFF\xFE\x80",
                                 "2+\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9",
                                 std::string("1\0002", 3)};
  for (const std::string& text : hostile) {
    const Verdict verdict = judged("x+1", "\\boxed{" + text + "}");
    EXPECT_NE(verdict.status, VerdictStatus::kCorrect) << text.substr(0, 60);
    EXPECT_NE(verdict.status, VerdictStatus::kError) << text.substr(0, 60);
    EXPECT_TRUE(is_valid_utf8(verdict.detail)) << text.substr(0, 60);
    EXPECT_LE(verdict.detail.size(), 600u);
    judge_answer(text, text + "+0");  // and as a reference
  }
}

TEST(MathVerifier, ThreadsDoNotDisturbEachOther) {
  const auto verifier = make_math_verifier();
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const bool equal = (i + t) % 2 == 0;
        const Problem problem = answered("\\sin^2 x + " + std::to_string(i));
        const std::string text = "\\boxed{" + std::to_string(equal ? i + 1 : i + 2) + " - \\cos^2 x}";
        const auto expected = equal ? VerdictStatus::kCorrect : VerdictStatus::kWrong;
        if (verifier->verify(problem, completion(text)).status != expected) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(MathVerifier, AMegabyteIsNoProblem) {
  for (const std::string part :
       {"{", "}", "\\boxed{", "$", "\\(", "1", "1,", "(", "<answer>", "the answer is ", "\\text{"}) {
    std::string text;
    while (text.size() < 1'000'000) text += part;
    EXPECT_NE(judged("x+1", text).status, VerdictStatus::kCorrect) << part;
  }
}

TEST(MathVerifier, TheBudgetEndsWhatWouldNotEnd) {
  std::string many = "\\{1";
  for (int i = 0; i < 500; ++i) many += ",\\sin(x+" + std::to_string(i) + ")";
  const MathJudgement given_up = judge_answer(many + ",2\\}", many + ",3\\}");
  EXPECT_EQ(given_up.status, VerdictStatus::kTimeout) << given_up.detail;
}

}  // namespace
}  // namespace hone::testing
