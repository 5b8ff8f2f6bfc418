// Strings as Python sees them: sequences of Unicode code points, held here as UTF-8.
//
// Bytes that are not UTF-8 count as one character each, and are kept as they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hone::jinja {

// Length in bytes (1–4) and code point of the character at text[at]; the code point is -1 for a stray byte.
struct Character {
  std::size_t bytes = 1;
  std::int32_t code = -1;
};
Character character_at(std::string_view text, std::size_t at);

void append_utf8(std::string& out, std::uint32_t code);

std::vector<std::string_view> characters(std::string_view text);
std::int64_t character_count(std::string_view text);
// The number of characters before the byte at `offset`.
std::int64_t characters_before(std::string_view text, std::size_t offset);

bool is_space(std::int32_t code);   // str.isspace
bool is_letter(std::int32_t code);  // str.isalpha
bool is_digit(std::int32_t code);   // str.isdigit, decimal digits
bool is_upper(std::int32_t code);
bool is_lower(std::int32_t code);
bool is_printable(std::int32_t code);  // str.isprintable

std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string swap_case(std::string_view text);
std::string capitalize(std::string_view text);  // the first character in title case, the others in lower case
std::string title(std::string_view text);       // str.title: each run of letters capitalized

enum class Side { kBoth, kLeft, kRight };
// Without `chars`, white space is removed; with it, any of its characters.
std::string_view strip(std::string_view text, Side side,
                       std::optional<std::string_view> chars = std::nullopt);

// The first byte of `needle` at or after `from`, in time linear in the text; npos when absent.
std::size_t find_text(std::string_view text, std::string_view needle, std::size_t from = 0);

// Up to `limit` cuts (negative: all). By white space, as str.split() does, or at a separator (not empty).
std::vector<std::string_view> split_space(std::string_view text, std::int64_t limit);
std::vector<std::string_view> split(std::string_view text, std::string_view separator, std::int64_t limit);
std::vector<std::string_view> split_space_right(std::string_view text, std::int64_t limit);
std::vector<std::string_view> split_right(std::string_view text, std::string_view separator,
                                          std::int64_t limit);
std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends = false);

// Up to `limit` replacements (negative: all). Error-free for an empty `old`, which stands between all
// characters.
std::string replace(std::string_view text, std::string_view old, std::string_view by, std::int64_t limit);

}  // namespace hone::jinja
