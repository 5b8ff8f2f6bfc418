// "Did you mean …": the known word nearest to a mistyped one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace hone {

// The word of `known` at the smallest edit distance from `word` (insertions, deletions, substitutions and
// swaps of neighbours each count 1; letters compare without case, '-' equals '_'), the first one of equals.
// "" when nothing is close: more edits than a third of the longer word, rounded up, or `word` is longer than
// 100 bytes.
std::string nearest(std::string_view word, std::span<const std::string> known);

}  // namespace hone
