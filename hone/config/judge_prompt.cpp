#include "hone/config/judge_prompt.h"

#include <algorithm>
#include <optional>

namespace hone {
namespace {

// The name that begins at text[at], which is an opening brace.
std::optional<std::string_view> name_at(std::string_view text, std::size_t at) {
  const std::size_t end = text.find('}', at);
  if (end == std::string_view::npos || end == at + 1) return std::nullopt;
  const std::string_view name = text.substr(at + 1, end - at - 1);
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  return plain ? std::optional(name) : std::nullopt;
}

}  // namespace

std::string judge_prompt(const VerifierOptions& options) {
  if (!options.prompt.empty()) return options.prompt;
  if (options.pairwise) return std::string(options.rubric.empty() ? kPairPrompt : kRubricPairPrompt);
  return std::string(options.rubric.empty() ? kJudgePrompt : kRubricPrompt);
}

std::string fill_prompt(std::string_view text, const PromptValues& values) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto name = text[at] == '{' ? name_at(text, at) : std::nullopt;
    const auto value = std::find_if(values.begin(), values.end(),
                                    [&](const auto& entry) { return name && entry.first == *name; });
    if (value == values.end()) {
      out += text[at++];
    } else {
      out += value->second;
      at += name->size() + 2;
    }
  }
  return out;
}

std::vector<std::string> prompt_names(std::string_view text) {
  std::vector<std::string> names;
  for (std::size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
    if (const auto name = name_at(text, at)) names.emplace_back(*name);
  }
  return names;
}

}  // namespace hone
