// libFuzzer: any bytes as reference and answer of the maths verifier. The first line is the reference.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "hone/text/utf8.h"
#include "hone/verify/math/judge.h"
#include "hone/verify/math/math_verifier.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  const std::string_view reference = text.substr(0, line);
  const std::string_view answer = line == std::string_view::npos ? reference : text.substr(line + 1);
  hone::judge_answer(reference, answer);
  static const auto verifier = hone::make_math_verifier();
  hone::Problem problem;
  problem.answer = reference;
  hone::Completion completion;
  completion.text = answer;
  const hone::Verdict verdict = verifier->verify(problem, completion);
  // A score without a decision would poison a group's baseline.
  if (verdict.score != (verdict.status == hone::VerdictStatus::kCorrect ? 1.0 : 0.0)) std::abort();
  if (!hone::is_valid_utf8(verdict.detail)) std::abort();
  // What is equal to itself as text must be judged so.
  if (!reference.empty() && reference.size() < 4000 &&
      reference.find_first_not_of(" \t\n\v\f\r$*_`") != std::string_view::npos) {
    const auto same = hone::judge_answer(reference, reference);
    if (same.status == hone::VerdictStatus::kWrong) std::abort();
  }
  return 0;
}
