// Text measured in terminal columns: what a monospaced terminal shows of UTF-8.
//
// East Asian wide characters and emoji take two columns, combining marks and zero-width characters none
// (Unicode 15, EastAsianWidth W and F; general categories Mn, Me, Cf of common scripts). Invalid bytes count
// as U+FFFD, one column each. Pure functions, safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hone {

// Columns that `text` takes. Control characters take none: pass text through printable() first.
int column_width(std::string_view text);

// The longest prefix of `text` that fits `columns`, never cutting a character or the marks on it. A text that
// had to be cut ends with `mark`, which counts as part of it (left out where even the mark does not fit).
std::string truncate_columns(std::string_view text, int columns, std::string_view mark = "…");

// Text from a model or a file, fit for one line of a terminal: invalid UTF-8 becomes U+FFFD, newlines "↵",
// tabs a space, other control characters (escape sequences begin with one) and direction overrides U+FFFD.
std::string printable(std::string_view text);

// Lines of at most `columns` (≥ 2), broken at spaces where there are some and between characters where there
// are none; newlines in the text break lines too. Each line is printable(). At least one line, maybe empty.
std::vector<std::string> wrap_columns(std::string_view text, int columns);

}  // namespace hone
