// Where a completion's final answer stands. Every search here is linear in the text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hone {

// Without the ASCII white space at both ends.
std::string_view trimmed(std::string_view text);

// Trimmed, each run of ASCII white space one space.
std::string collapsed(std::string_view text);

// The content of the last <answer>…</answer>; nothing when no pair is closed.
std::optional<std::string_view> tagged_answer(std::string_view completion);

// The content of the last \boxed{…}, braces matched; nothing when there is none or it is not closed.
std::optional<std::string_view> boxed_answer(std::string_view completion);

// What follows the last </think>: all of the text when it has no think tag, nothing when the thought never
// ends.
std::string_view after_thinking(std::string_view completion);

// The tagged answer, else the boxed one of what follows the thought, trimmed: for verifiers of text and
// expressions.
std::optional<std::string_view> marked_answer(std::string_view completion);

}  // namespace hone
