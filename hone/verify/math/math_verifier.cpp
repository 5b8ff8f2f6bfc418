#include "hone/verify/math/math_verifier.h"

#include <optional>
#include <string>

#include "hone/verify/answer.h"
#include "hone/verify/math/final_answer.h"
#include "hone/verify/math/judge.h"

namespace hone {
namespace {

class MathVerifier : public Verifier {
 public:
  std::string name() const override { return "math"; }
  bool judges_correctness() const override { return true; }
  Verdict verify(const Problem& problem, const Completion& completion) const override {
    if (trimmed(problem.answer).empty())
      return {VerdictStatus::kError, 0.0, "the reference must not be empty"};
    const auto candidates = final_answers(completion.text);
    if (candidates.empty()) return {VerdictStatus::kUnparsable, 0.0, "no final answer"};
    std::optional<Verdict> first;
    bool outer_is_words = false;
    for (const AnswerCandidate& candidate : candidates) {
      if (candidate.inner && !outer_is_words) continue;
      MathJudgement judged = judge_answer(problem.answer, candidate.text);
      Verdict verdict{judged.status, judged.status == VerdictStatus::kCorrect ? 1.0 : 0.0,
                      std::string(candidate.place) + ": " + judged.detail};
      // Another place counts only where this one holds no maths, and what is inside of it only where it is a
      // sentence.
      const bool words = judged.is_words && judged.status == VerdictStatus::kWrong;
      if (!candidate.inner) outer_is_words = words;
      if (!words && judged.status != VerdictStatus::kUnparsable) return verdict;
      if (!first || first->status == VerdictStatus::kUnparsable) first = std::move(verdict);
    }
    return first.value_or(Verdict{VerdictStatus::kUnparsable, 0.0, "no final answer that is short enough"});
  }

  bool compares_answers() const override { return true; }
  // The first place that holds maths, else the first that can be read at all.
  std::optional<std::string> final_answer(const Completion& completion) const override {
    std::optional<std::string> words;
    bool outer_is_words = false;
    for (const AnswerCandidate& candidate : final_answers(completion.text)) {
      if (candidate.inner && !outer_is_words) continue;
      const MathJudgement judged = judge_answer("0", candidate.text);
      if (!candidate.inner) outer_is_words = judged.is_words;
      if (judged.status == VerdictStatus::kUnparsable) continue;
      if (!judged.is_words) return candidate.text;
      if (!words) words = candidate.text;
    }
    return words;
  }
  // A decimal may be the rounding of either.
  bool same_answer(const std::string& a, const std::string& b) const override {
    const auto accepts = [](const std::string& reference, const std::string& answer) {
      return judge_answer(reference, answer).status == VerdictStatus::kCorrect;
    };
    return a == b || accepts(a, b) || accepts(b, a);
  }
};

}  // namespace

std::unique_ptr<Verifier> make_math_verifier() { return std::make_unique<MathVerifier>(); }

}  // namespace hone
