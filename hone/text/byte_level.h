// GPT-2's alphabet: every byte written as one printable character ("Ġ" for a space), so that a vocabulary of
// bytes can be stored as text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hone {

// Bytes as the alphabet writes them.
void append_byte_level(std::string_view bytes, std::string& out);
std::string byte_level(std::string_view bytes);

// The bytes that `text` stands for; empty when a character is not of the alphabet.
std::optional<std::string> bytes_from_byte_level(std::string_view text);

}  // namespace hone
