// The two written forms of a proof: a list of labels, and the compressed form of the book's appendix B.
#include "hone/verify/proof/metamath_kernel.h"
#include "hone/verify/proof/metamath_tokens.h"

namespace hone::metamath {

bool Kernel::cite(std::string_view label, Cited& cited) {
  const auto found = data_.label_index.find(label);
  if (found == data_.label_index.end()) {
    for (const Target::Hypothesis& hypothesis : target_->mandatory) {
      if (hypothesis.label != label) continue;
      cited.hypothesis = hypothesis.math;
      return true;
    }
    return wrong(fmt::format("no statement is called '{}'", label.substr(0, 60)));
  }
  const Statement& statement = data_.statements[found->second];
  if (found->second >= target_->limit) {
    return wrong(fmt::format("{} does not stand before what is proved", label));
  }
  if (statement.is_assertion()) {
    cited.statement = &statement;
    return true;
  }
  if (statement.scope_end <= target_->scope) return wrong(fmt::format("{} is not active here", label));
  cited.hypothesis = data_.math(statement);
  return true;
}

bool Kernel::run_normal(std::string_view proof) {
  Tokens tokens(proof, "proof");
  while (true) {
    const Result<std::string_view> token = tokens.next();
    if (!token.ok()) return wrong(token.error().message());
    if (token->empty()) return true;
    if (!is_label(*token)) return wrong(fmt::format("'{}' is no label", token->substr(0, 60)));
    Cited cited;
    if (!cite(*token, cited) || !use(cited)) return false;
  }
}

bool Kernel::run_compressed(std::string_view proof) {
  Tokens tokens(proof, "proof");
  Result<std::string_view> token = tokens.next();
  if (!token.ok()) return wrong(token.error().message());
  if (*token != "(") return wrong("'(' must stand alone");
  std::vector<Cited> list;
  while (true) {
    token = tokens.next();
    if (!token.ok()) return wrong(token.error().message());
    if (token->empty()) return wrong("the label list must end with ')'");
    if (*token == ")") break;
    if (!is_label(*token)) return wrong(fmt::format("'{}' is no label", token->substr(0, 60)));
    for (const Target::Hypothesis& hypothesis : target_->mandatory) {
      if (hypothesis.label == *token) {
        return wrong(fmt::format("the label list must not hold the mandatory hypothesis {}", *token));
      }
    }
    Cited cited;
    if (!cite(*token, cited) || !spend(1 + target_->mandatory.size())) return false;
    list.push_back(cited);
  }
  std::string letters;
  while (true) {
    token = tokens.next();
    if (!token.ok()) return wrong(token.error().message());
    if (token->empty()) break;
    letters += *token;
  }
  return run_letters(letters, list);
}

// Numbers in base 20, the higher digits (U to Y) in base 5; Z names the last step's result.
bool Kernel::run_letters(std::string_view text, const std::vector<Cited>& list) {
  constexpr std::uint64_t kTooLarge = 1ULL << 32;
  std::uint64_t number = 0;
  for (const char c : text) {
    if (c >= 'A' && c <= 'T') {
      number = number * 20 + static_cast<std::uint64_t>(c - 'A');
      if (!step(number, list)) return false;
      number = 0;
    } else if (c >= 'U' && c <= 'Y') {
      number = number * 5 + static_cast<std::uint64_t>(c - 'U' + 1);
      if (number > kTooLarge) return wrong(fmt::format("step {}: a number is too large", steps_ + 1));
    } else if (c == 'Z') {
      if (number != 0) return wrong(fmt::format("step {}: Z within a number", steps_ + 1));
      if (!mark()) return false;
    } else {
      return wrong(fmt::format("step {}: '{}' is no letter of a compressed proof", steps_ + 1, c));
    }
  }
  if (number != 0) return wrong("the last number is not complete");
  return steps_ > 0 || wrong("the proof is empty");
}

bool Kernel::mark() {
  if (!last_was_assertion_) {
    return wrong(fmt::format("step {}: Z may only follow an assertion, once", steps_));
  }
  last_was_assertion_ = false;
  saved_.push_back(stack_.back());
  return spend(1);
}

bool Kernel::step(std::uint64_t number, const std::vector<Cited>& list) {
  const std::size_t mandatory = target_->mandatory.size();
  if (number < mandatory) return use({nullptr, target_->mandatory[number].math});
  number -= mandatory;
  if (number < list.size()) return use(list[number]);
  number -= list.size();
  ++steps_;
  last_was_assertion_ = false;
  if (number >= saved_.size()) {
    return wrong(fmt::format("step {}: only {} results have been named by Z", steps_, saved_.size()));
  }
  stack_.push_back(saved_[number]);
  return spend(1);
}

}  // namespace hone::metamath
