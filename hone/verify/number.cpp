#include <string>
#include <string_view>

#include "hone/verify/answer.h"
#include "hone/verify/exact_number.h"
#include "hone/verify/verifiers.h"

namespace hone {
namespace {

// The place of the last "answer is", in any case; npos when there is none.
std::size_t find_phrase(std::string_view text) {
  std::string folded(text);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded.rfind("answer is");
}

// The number that a statement such as "3 + 4 = 7." comes to: after the last '=' of its first line that has
// text.
std::optional<NumberToken> stated_number(std::string_view rest) {
  rest = trimmed(rest);
  const std::string_view line = rest.substr(0, rest.find('\n'));
  if (const std::size_t equals = line.rfind('='); equals != std::string_view::npos) {
    if (auto token = first_number(line.substr(equals + 1))) return token;
  }
  return first_number(rest);
}

std::optional<ExactNumber> value_of(const std::optional<NumberToken>& token) {
  return token ? token->value : std::nullopt;
}

std::optional<ExactNumber> final_number(std::string_view completion) {
  if (const auto tagged = tagged_answer(completion)) {
    if (const auto boxed = boxed_answer(*tagged)) return read_number(*boxed);
    return read_number(*tagged);
  }
  const std::string_view text = after_thinking(completion);
  if (const auto boxed = boxed_answer(text)) return read_number(*boxed);
  if (const std::size_t at = find_phrase(text); at != std::string_view::npos) {
    if (const auto token = stated_number(text.substr(at + std::string_view("answer is").size())))
      return token->value;
  }
  if (const std::size_t at = text.rfind("#### "); at != std::string_view::npos) {
    if (const auto token = first_number(text.substr(at + 5))) return token->value;
  }
  return value_of(last_number(text));
}

class NumberVerifier : public Verifier {
 public:
  std::string name() const override { return "number"; }
  bool judges_correctness() const override { return true; }
  Verdict verify(const Problem& problem, const Completion& completion) const override {
    const auto reference = read_number(problem.answer);
    if (!reference) {
      return {VerdictStatus::kError, 0.0,
              "the reference must be a number, got '" + problem.answer.substr(0, 60) + "'"};
    }
    const auto answer = final_number(completion.text);
    if (!answer) return {VerdictStatus::kUnparsable, 0.0, "no number to read as the answer"};
    const bool same = equal(*answer, *reference);
    return {same ? VerdictStatus::kCorrect : VerdictStatus::kWrong, same ? 1.0 : 0.0,
            brief(*answer) + (same ? " = " : " is not ") + brief(*reference)};
  }

  bool compares_answers() const override { return true; }
  std::optional<std::string> final_answer(const Completion& completion) const override {
    const auto number = final_number(completion.text);
    if (!number) return std::nullopt;
    return canonical(*number);
  }
};

}  // namespace

std::unique_ptr<Verifier> make_number_verifier() { return std::make_unique<NumberVerifier>(); }

}  // namespace hone
