#include <optional>
#include <string>
#include <string_view>

#include "hone/verify/answer.h"
#include "hone/verify/verifiers.h"

namespace hone {
namespace {

class TextVerifier : public Verifier {
 public:
  std::string name() const override { return "text"; }
  bool judges_correctness() const override { return true; }
  Verdict verify(const Problem& problem, const Completion& completion) const override {
    const std::string reference = collapsed(problem.answer);
    if (reference.empty()) return {VerdictStatus::kError, 0.0, "the reference must not be empty"};
    const auto marked = marked_answer(completion.text);
    if (!marked) return {VerdictStatus::kUnparsable, 0.0, "no <answer>"};
    const std::string answer = collapsed(*marked);
    if (answer.empty()) return {VerdictStatus::kUnparsable, 0.0, "the answer is empty"};
    if (answer == reference) return {VerdictStatus::kCorrect, 1.0, ""};
    return {VerdictStatus::kWrong, 0.0,
            "'" + answer.substr(0, 60) + "' is not '" + reference.substr(0, 60) + "'"};
  }

  bool compares_answers() const override { return true; }
  std::optional<std::string> final_answer(const Completion& completion) const override {
    const auto marked = marked_answer(completion.text);
    std::string answer = marked ? collapsed(*marked) : "";
    if (answer.empty()) return std::nullopt;
    return answer;
  }
};

}  // namespace

std::unique_ptr<Verifier> make_text_verifier() { return std::make_unique<TextVerifier>(); }

}  // namespace hone
