#include "hone/base/json.h"
#include "hone/symbolic/proposals.h"
#include "hone/verify/answer.h"
#include "hone/verify/verifiers.h"

namespace hone {
namespace {

class ProposalVerifier : public Verifier {
 public:
  std::string name() const override { return "proposal"; }
  bool judges_correctness() const override { return true; }
  Verdict verify(const Problem& problem, const Completion& completion) const override {
    const auto fields = parse_json(problem.fields, problem.source + ": fields");
    const bool named = fields.ok() && fields->is_object() && fields->contains("language") &&
                       (*fields)["language"].is_string();
    const ProposalLanguage* language =
        named ? find_proposal_language((*fields)["language"].get<std::string>()) : nullptr;
    if (language == nullptr)
      return {VerdictStatus::kError, 0.0, "fields must name a language of symbolic/proposals.h"};
    const auto proposal = tagged_answer(completion.text);
    if (!proposal || trimmed(*proposal).empty()) return {VerdictStatus::kUnparsable, 0.0, "no <answer>"};
    const auto posed = language->read(std::string(trimmed(*proposal)));
    if (!posed.ok()) return {VerdictStatus::kWrong, 0.0, posed.error().message()};
    return {VerdictStatus::kCorrect, 1.0, "comes to " + posed->answer};
  }
};

}  // namespace

std::unique_ptr<Verifier> make_proposal_verifier() { return std::make_unique<ProposalVerifier>(); }

}  // namespace hone
