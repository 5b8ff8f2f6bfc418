// One spelling for the many ways of typesetting the same maths: what the lexer reads.
//
// Out go \left \right, font commands, dollar signs and spacing commands; Unicode signs become LaTeX commands
// or ASCII; \dfrac and \tfrac become \frac; \text{…} stays when it holds words and is unwrapped otherwise.
// Digit groups that LaTeX marks (1{,}000 and 1,\!000) keep their separator as kGroupMark. Linear in the text;
// the result is at most 12 times as long. Thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace hone {

inline constexpr char kGroupMark = '\x01';

std::string clean_math(std::string_view text);

// Lower case, white space and punctuation between words as one space, LaTeX commands for text taken off, a
// leading article dropped: "\text{ The Ellipse.}" is "ellipse".
std::string fold_words(std::string_view text);

}  // namespace hone
