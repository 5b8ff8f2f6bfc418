// Texts in verdicts, and how outputs are compared.
//
// Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hone {

// At most `size` bytes: no character cut in two, no control character, bytes that are no UTF-8 replaced, an
// ellipsis where something was left out.
std::string cut(std::string_view text, std::size_t size);

// The last line that has text, cut.
std::string last_line(std::string_view text, std::size_t size);

// Outputs are compared by lines, white space at the end of a line and empty lines at the end left out. Empty
// when they agree; else where they first differ: "line 2 is '5', must be '6'".
std::string output_difference(std::string_view expected, std::string_view got);

}  // namespace hone
