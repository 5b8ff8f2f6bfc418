// What a judge is asked: templates with {names} in them. Here, below data/ and verify/, so that problems that
// teach judging ask in the very words of the verifier "friends".
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hone/config/options.h"

namespace hone {

// Whether a proposed answer is right.
inline constexpr std::string_view kJudgePrompt =
    "Question: {question}\nAnswer: {answer}\nIs the answer right? Say yes or no.";
// A question of one's own about a whole text.
inline constexpr std::string_view kRubricPrompt =
    "Question: {question}\nText: {reply}\n{rubric}\nSay yes or no.";
inline constexpr std::string_view kPairPrompt =
    "Question: {question}\nFirst: {a}\nSecond: {b}\nIs the first better than the second? Say yes or no.";
inline constexpr std::string_view kRubricPairPrompt =
    "Question: {question}\nFirst: {a}\nSecond: {b}\n{rubric}\nIs the first better than the second? Say yes "
    "or "
    "no.";

// The template in force: the one given, else the default for these options.
std::string judge_prompt(const VerifierOptions& options);

using PromptValues = std::vector<std::pair<std::string_view, std::string_view>>;

// The template with every {name} of `values` replaced, in one pass: braces inside a value mean nothing.
std::string fill_prompt(std::string_view text, const PromptValues& values);

// The names in braces: lower-case letters between { and }.
std::vector<std::string> prompt_names(std::string_view text);

}  // namespace hone
