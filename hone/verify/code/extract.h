// The program in a completion.
//
// Thread safety: pure functions. Linear in the text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hone {

enum class Language { kPython, kC, kCpp, kJavaScript };
const char* to_string(Language language);
// python, py, python3, c, cpp, c++, cc, cxx, javascript, js, node, in any case.
std::optional<Language> language_of(std::string_view name);

// The last fenced block (``` or ~~~) that names the language; else the last fenced block; else <answer>; else
// all of it. Only what follows the thought is looked at. A block that is never closed goes to the end.
// Nothing when that is white space. Indentation is kept.
std::optional<std::string> code_of(std::string_view completion, Language language);

}  // namespace hone
