#include "hone/text/utf8.h"

#include <utf8proc.h>

namespace hone {
namespace {

std::uint8_t byte_at(std::string_view text, std::size_t i) { return static_cast<std::uint8_t>(text[i]); }

}  // namespace

Utf8Step next_utf8(std::string_view text) {
  const std::uint8_t lead = byte_at(text, 0);
  if (lead < 0x80) return {Utf8State::kValid, lead, 1};
  // The first continuation byte has a narrower range after E0, ED, F0 and F4 (Unicode 15, table 3-7).
  std::size_t length = 0;
  std::uint8_t low = 0x80, high = 0xBF;
  std::uint32_t code_point = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
    code_point = lead & 0x1Fu;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    code_point = lead & 0x0Fu;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    code_point = lead & 0x07u;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return {Utf8State::kInvalid, 0xFFFD, 1};
  }
  for (std::size_t i = 1; i < length; ++i) {
    if (i == text.size()) return {Utf8State::kIncomplete, 0xFFFD, i};
    const std::uint8_t byte = byte_at(text, i);
    if (byte < low || byte > high) return {Utf8State::kInvalid, 0xFFFD, i};
    code_point = (code_point << 6) | (byte & 0x3Fu);
    low = 0x80;
    high = 0xBF;
  }
  return {Utf8State::kValid, code_point, length};
}

bool is_valid_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    if (byte_at(text, i) < 0x80) {
      ++i;
      continue;
    }
    const Utf8Step step = next_utf8(text.substr(i));
    if (step.state != Utf8State::kValid) return false;
    i += step.length;
  }
  return true;
}

void append_lossy_utf8(std::string_view text, std::string& out) {
  std::size_t i = 0, copied = 0;
  while (i < text.size()) {
    const Utf8Step step = next_utf8(text.substr(i));
    if (step.state != Utf8State::kValid) {
      out.append(text.substr(copied, i - copied));
      out += "\xEF\xBF\xBD";
      copied = i + step.length;
    }
    i += step.length;
  }
  out.append(text.substr(copied));
}

std::size_t settled_utf8_prefix(std::string_view text) {
  // An unfinished character is at most three bytes at the very end.
  const std::size_t earliest = text.size() > 3 ? text.size() - 3 : 0;
  for (std::size_t i = text.size(); i > earliest; --i) {
    if ((byte_at(text, i - 1) & 0xC0) == 0x80) continue;
    return next_utf8(text.substr(i - 1)).state == Utf8State::kIncomplete ? i - 1 : text.size();
  }
  return text.size();
}

void append_utf8(std::uint32_t code_point, std::string& out) {
  utf8proc_uint8_t bytes[4];
  const utf8proc_ssize_t length = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
}

bool is_whitespace(std::uint32_t c) {
  return (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

bool is_numeric(std::uint32_t c) {
  if (c < 0x80) return c >= '0' && c <= '9';
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category == UTF8PROC_CATEGORY_ND || category == UTF8PROC_CATEGORY_NL ||
         category == UTF8PROC_CATEGORY_NO;
}

bool is_punctuation(std::uint32_t c) {
  if (c < 0x80) {
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
           (c >= '{' && c <= '~');
  }
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

std::uint32_t first_code_point(std::string_view text) { return next_utf8(text).code_point; }

std::size_t last_character_start(std::string_view text) {
  std::size_t i = text.size() - 1;
  while (i > 0 && (byte_at(text, i) & 0xC0) == 0x80) --i;
  return i;
}

}  // namespace hone
