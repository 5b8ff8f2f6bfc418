// UTF-8: reading characters, validity, and replacement of what is invalid.
//
// All functions are pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hone {

enum class Utf8State { kValid, kInvalid, kIncomplete };

struct Utf8Step {
  Utf8State state = Utf8State::kInvalid;
  std::uint32_t code_point = 0xFFFD;  // of a valid character
  std::size_t length = 0;  // bytes of the character, or of the maximal subpart that stands for one U+FFFD
};

// The character at the start of `text`, which is not empty. kIncomplete: the text ends within what may still
// become a character.
Utf8Step next_utf8(std::string_view text);

bool is_valid_utf8(std::string_view text);

// Appends `text` to `out` with one U+FFFD for each maximal invalid subpart (Unicode 15, section 3.9, as
// Rust's from_utf8_lossy and the WHATWG decoder do).
void append_lossy_utf8(std::string_view text, std::string& out);

// The length of the longest prefix whose meaning no later byte can change.
std::size_t settled_utf8_prefix(std::string_view text);

void append_utf8(std::uint32_t code_point, std::string& out);

// Unicode properties, as Rust's char methods define them.
bool is_whitespace(std::uint32_t c);   // White_Space
bool is_numeric(std::uint32_t c);      // Nd, Nl, No
bool is_punctuation(std::uint32_t c);  // ASCII punctuation and symbols, P*

// The first character of a non-empty valid text, and the start of the last one.
std::uint32_t first_code_point(std::string_view text);
std::size_t last_character_start(std::string_view text);

}  // namespace hone
