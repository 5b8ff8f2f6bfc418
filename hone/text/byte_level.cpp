#include "hone/text/byte_level.h"

#include <array>

#include "hone/text/utf8.h"

namespace hone {
namespace {

// Printable Latin-1 bytes stand for themselves; the others take the code points from 256 on, in order
// (Radford et al. 2019, bytes_to_unicode).
struct Alphabet {
  std::array<std::string, 256> characters;
  std::array<int, 512> byte_of{};  // by code point; -1: none

  Alphabet() {
    byte_of.fill(-1);
    std::uint32_t next = 256;
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      const bool printable =
          (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || (byte >= 0xAE);
      const std::uint32_t code_point = printable ? byte : next++;
      append_utf8(code_point, characters[byte]);
      byte_of[code_point] = static_cast<int>(byte);
    }
  }
};

const Alphabet& alphabet() {
  static const Alphabet instance;
  return instance;
}

}  // namespace

void append_byte_level(std::string_view bytes, std::string& out) {
  const Alphabet& a = alphabet();
  for (const char c : bytes) out += a.characters[static_cast<std::uint8_t>(c)];
}

std::string byte_level(std::string_view bytes) {
  std::string out;
  append_byte_level(bytes, out);
  return out;
}

std::optional<std::string> bytes_from_byte_level(std::string_view text) {
  const Alphabet& a = alphabet();
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Step step = next_utf8(text.substr(i));
    if (step.state != Utf8State::kValid || step.code_point >= a.byte_of.size()) return std::nullopt;
    const int byte = a.byte_of[step.code_point];
    if (byte < 0) return std::nullopt;
    bytes += static_cast<char>(byte);
    i += step.length;
  }
  return bytes;
}

}  // namespace hone
