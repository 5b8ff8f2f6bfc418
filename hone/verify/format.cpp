#include <array>
#include <string>
#include <string_view>

#include "hone/verify/answer.h"
#include "hone/verify/verifiers.h"

namespace hone {
namespace {

constexpr std::array<std::string_view, 4> kTags = {"<think>", "</think>", "<answer>", "</answer>"};

// The first rule that a text breaks; empty when it keeps all.
std::string broken_rule(std::string_view text) {
  std::array<std::size_t, 4> at{};
  for (std::size_t i = 0; i < kTags.size(); ++i) {
    at[i] = text.find(kTags[i]);
    if (at[i] == std::string_view::npos) return std::string(kTags[i]) + " is missing";
    if (text.find(kTags[i], at[i] + 1) != std::string_view::npos) {
      return std::string(kTags[i]) + " stands more than once";
    }
    if (i > 0 && at[i] < at[i - 1])
      return std::string(kTags[i]) + " stands before " + std::string(kTags[i - 1]);
  }
  const std::size_t thought = at[1] + kTags[1].size();
  if (!trimmed(text.substr(0, at[0])).empty()) return "text before <think>";
  if (!trimmed(text.substr(thought, at[2] - thought)).empty()) return "text between </think> and <answer>";
  if (!trimmed(text.substr(at[3] + kTags[3].size())).empty()) return "text after </answer>";
  return "";
}

class FormatVerifier : public Verifier {
 public:
  std::string name() const override { return "format"; }
  bool judges_correctness() const override { return false; }
  Verdict verify(const Problem&, const Completion& completion) const override {
    std::string broken = broken_rule(completion.text);
    if (broken.empty()) return {VerdictStatus::kCorrect, 1.0, ""};
    return {VerdictStatus::kWrong, 0.0, std::move(broken)};
  }
};

}  // namespace

std::unique_ptr<Verifier> make_format_verifier() { return std::make_unique<FormatVerifier>(); }

}  // namespace hone
