#include "hone/text/jinja/characters.h"

#include <utf8proc.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace hone::jinja {
namespace {

constexpr std::int32_t kCapitalSigma = 0x3A3, kFinalSigma = 0x3C2, kCapitalDottedI = 0x130;

// The characters whose upper case is several (Unicode's SpecialCasing.txt): those of Latin script.
struct SpecialCase {
  std::int32_t code;
  std::string_view upper, title;
};
constexpr SpecialCase kSpecialCases[] = {
    {0xDF, "SS", "Ss"},     {0x149, "\u02BCN", "\u02BCN"}, {0x1F0, "J\u030C", "J\u030C"},
    {0xFB00, "FF", "Ff"},   {0xFB01, "FI", "Fi"},          {0xFB02, "FL", "Fl"},
    {0xFB03, "FFI", "Ffi"}, {0xFB04, "FFL", "Ffl"},        {0xFB05, "ST", "St"},
    {0xFB06, "ST", "St"},
};

const SpecialCase* special_case(std::int32_t code) {
  if (code != 0xDF && code != 0x149 && code != 0x1F0 && (code < 0xFB00 || code > 0xFB06)) return nullptr;
  const auto* found = std::find_if(std::begin(kSpecialCases), std::end(kSpecialCases),
                                   [&](const SpecialCase& special) { return special.code == code; });
  return found == std::end(kSpecialCases) ? nullptr : found;
}

utf8proc_category_t category(std::int32_t code) {
  return code < 0 ? UTF8PROC_CATEGORY_CN : utf8proc_category(code);
}

bool cased(std::int32_t code) {
  return is_upper(code) || is_lower(code) || category(code) == UTF8PROC_CATEGORY_LT;
}

// Σ ends a word as ς: a cased letter stands before it and none after it.
bool ends_word(std::string_view text, std::size_t begin, std::size_t end) {
  std::size_t before = begin;
  while (before > 0 && (static_cast<unsigned char>(text[before - 1]) & 0xC0) == 0x80) --before;
  if (before == 0 || !cased(character_at(text, before - 1).code)) return false;
  return end >= text.size() || !cased(character_at(text, end).code);
}

enum class Case { kUpper, kLower, kTitle };

void append_in_case(std::string& out, std::string_view text, std::size_t at, const Character& c, Case to) {
  if (c.code < 0) {
    out += text[at];
  } else if (c.code < 0x80) {
    const bool capital = c.code >= 'A' && c.code <= 'Z', small = c.code >= 'a' && c.code <= 'z';
    out += static_cast<char>(to == Case::kLower ? (capital ? c.code + 0x20 : c.code)
                                                : (small ? c.code - 0x20 : c.code));
  } else if (const SpecialCase* special = special_case(c.code); special && to != Case::kLower) {
    out += to == Case::kUpper ? special->upper : special->title;
  } else if (c.code == kCapitalDottedI && to == Case::kLower) {
    out += "i\u0307";
  } else if (to == Case::kUpper) {
    append_utf8(out, static_cast<std::uint32_t>(utf8proc_toupper(c.code)));
  } else if (to == Case::kTitle) {
    append_utf8(out, static_cast<std::uint32_t>(utf8proc_totitle(c.code)));
  } else if (c.code == kCapitalSigma && ends_word(text, at, at + c.bytes)) {
    append_utf8(out, kFinalSigma);
  } else {
    append_utf8(out, static_cast<std::uint32_t>(utf8proc_tolower(c.code)));
  }
}

// Calls choose(character) for each character and writes it in the case that it returns.
template <class Choose>
std::string recase(std::string_view text, Choose choose) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    append_in_case(out, text, at, c, choose(c.code));
    at += c.bytes;
  }
  return out;
}

}  // namespace

Character character_at(std::string_view text, std::size_t at) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at;
  if (bytes[0] < 0x80) return {1, bytes[0]};
  utf8proc_int32_t code = -1;
  const auto left = static_cast<utf8proc_ssize_t>(text.size() - at);
  const utf8proc_ssize_t length = utf8proc_iterate(bytes, std::min<utf8proc_ssize_t>(left, 4), &code);
  return length > 0 ? Character{static_cast<std::size_t>(length), code} : Character{};
}

void append_utf8(std::string& out, std::uint32_t code) {
  if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) code = 0xFFFD;
  utf8proc_uint8_t bytes[4];
  const utf8proc_ssize_t length = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code), bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
}

std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> found;
  found.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); at += found.back().size()) {
    found.push_back(text.substr(at, character_at(text, at).bytes));
  }
  return found;
}

std::int64_t character_count(std::string_view text) {
  std::int64_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) at += character_at(text, at).bytes;
  return count;
}

std::int64_t characters_before(std::string_view text, std::size_t offset) {
  return character_count(text.substr(0, offset));
}

bool is_space(std::int32_t code) {
  if (code < 0x80) return code == ' ' || (code >= 0x09 && code <= 0x0D) || (code >= 0x1C && code <= 0x1F);
  if (code == 0x85) return true;
  if (code < 0xA0) return false;
  const auto kind = category(code);
  return kind == UTF8PROC_CATEGORY_ZS || kind == UTF8PROC_CATEGORY_ZL || kind == UTF8PROC_CATEGORY_ZP;
}

bool is_letter(std::int32_t code) {
  const auto kind = category(code);
  return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}

bool is_digit(std::int32_t code) { return category(code) == UTF8PROC_CATEGORY_ND; }
bool is_upper(std::int32_t code) { return category(code) == UTF8PROC_CATEGORY_LU; }
bool is_lower(std::int32_t code) { return category(code) == UTF8PROC_CATEGORY_LL; }

bool is_printable(std::int32_t code) {
  if (code == ' ') return true;
  switch (category(code)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS:
      return false;
    default:
      return true;
  }
}

std::string upper(std::string_view text) {
  return recase(text, [](std::int32_t) { return Case::kUpper; });
}

std::string lower(std::string_view text) {
  return recase(text, [](std::int32_t) { return Case::kLower; });
}

std::string swap_case(std::string_view text) {
  return recase(text, [](std::int32_t code) { return is_upper(code) ? Case::kLower : Case::kUpper; });
}

std::string capitalize(std::string_view text) {
  bool first = true;
  return recase(text,
                [&](std::int32_t) { return std::exchange(first, false) ? Case::kTitle : Case::kLower; });
}

std::string title(std::string_view text) {
  bool inside = false;
  return recase(text, [&](std::int32_t code) {
    return std::exchange(inside, cased(code)) ? Case::kLower : Case::kTitle;
  });
}

std::string_view strip(std::string_view text, Side side, std::optional<std::string_view> chars) {
  std::vector<std::string_view> set;
  if (chars) set = characters(*chars);
  const auto removed = [&](std::string_view c) {
    return chars ? std::find(set.begin(), set.end(), c) != set.end() : is_space(character_at(c, 0).code);
  };
  while (side != Side::kRight && !text.empty()) {
    const std::size_t length = character_at(text, 0).bytes;
    if (!removed(text.substr(0, length))) break;
    text.remove_prefix(length);
  }
  while (side != Side::kLeft && !text.empty()) {
    std::size_t begin = text.size() - 1;
    while (begin > 0 && text.size() - begin < 4 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80)
      --begin;
    if (character_at(text, begin).bytes != text.size() - begin) begin = text.size() - 1;  // a stray byte
    if (!removed(text.substr(begin))) break;
    text.remove_suffix(text.size() - begin);
  }
  return text;
}

}  // namespace hone::jinja
