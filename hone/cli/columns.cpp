#include "hone/cli/columns.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace hone {
namespace {

constexpr char32_t kReplacement = 0xFFFD;
constexpr std::string_view kReplacementText = "\xEF\xBF\xBD";

struct Range {
  char32_t first, last;
};

// Sorted. Unicode 15 EastAsianWidth.txt, W and F, neighbours joined over unassigned code points.
constexpr Range kWide[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x2329, 0x232A},   {0x23E9, 0x23EC},   {0x23F0, 0x23F0},
    {0x23F3, 0x23F3},   {0x25FD, 0x25FE},   {0x2614, 0x2615},   {0x2648, 0x2653},   {0x267F, 0x267F},
    {0x2693, 0x2693},   {0x26A1, 0x26A1},   {0x26AA, 0x26AB},   {0x26BD, 0x26BE},   {0x26C4, 0x26C5},
    {0x26CE, 0x26CE},   {0x26D4, 0x26D4},   {0x26EA, 0x26EA},   {0x26F2, 0x26F3},   {0x26F5, 0x26F5},
    {0x26FA, 0x26FA},   {0x26FD, 0x26FD},   {0x2705, 0x2705},   {0x270A, 0x270B},   {0x2728, 0x2728},
    {0x274C, 0x274C},   {0x274E, 0x274E},   {0x2753, 0x2755},   {0x2757, 0x2757},   {0x2795, 0x2797},
    {0x27B0, 0x27B0},   {0x27BF, 0x27BF},   {0x2B1B, 0x2B1C},   {0x2B50, 0x2B50},   {0x2B55, 0x2B55},
    {0x2E80, 0x303E},   {0x3041, 0x3247},   {0x3250, 0x4DBF},   {0x4E00, 0xA4CF},   {0xA960, 0xA97F},
    {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE10, 0xFE19},   {0xFE30, 0xFE6F},   {0xFF01, 0xFF60},
    {0xFFE0, 0xFFE6},   {0x16FE0, 0x18DFF}, {0x1AFF0, 0x1B2FF}, {0x1F004, 0x1F004}, {0x1F0CF, 0x1F0CF},
    {0x1F18E, 0x1F18E}, {0x1F191, 0x1F19A}, {0x1F200, 0x1F265}, {0x1F300, 0x1F320}, {0x1F32D, 0x1F335},
    {0x1F337, 0x1F37C}, {0x1F37E, 0x1F393}, {0x1F3A0, 0x1F3CA}, {0x1F3CF, 0x1F3D3}, {0x1F3E0, 0x1F3F0},
    {0x1F3F4, 0x1F3F4}, {0x1F3F8, 0x1F43E}, {0x1F440, 0x1F440}, {0x1F442, 0x1F4FC}, {0x1F4FF, 0x1F53D},
    {0x1F54B, 0x1F54E}, {0x1F550, 0x1F567}, {0x1F57A, 0x1F57A}, {0x1F595, 0x1F596}, {0x1F5A4, 0x1F5A4},
    {0x1F5FB, 0x1F64F}, {0x1F680, 0x1F6C5}, {0x1F6CC, 0x1F6CC}, {0x1F6D0, 0x1F6D2}, {0x1F6D5, 0x1F6D7},
    {0x1F6DC, 0x1F6DF}, {0x1F6EB, 0x1F6EC}, {0x1F6F4, 0x1F6FC}, {0x1F7E0, 0x1F7EB}, {0x1F7F0, 0x1F7F0},
    {0x1F90C, 0x1F93A}, {0x1F93C, 0x1F945}, {0x1F947, 0x1F9FF}, {0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD},
};

// Sorted. Marks and format characters that a terminal draws on, or between, their neighbours.
constexpr Range kZero[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x05BF, 0x05BF},   {0x05C1, 0x05C2},
    {0x05C4, 0x05C5}, {0x0610, 0x061A}, {0x064B, 0x065F}, {0x0670, 0x0670},   {0x06D6, 0x06DC},
    {0x06DF, 0x06E4}, {0x06E7, 0x06E8}, {0x06EA, 0x06ED}, {0x0900, 0x0902},   {0x093A, 0x093A},
    {0x093C, 0x093C}, {0x0941, 0x0948}, {0x094D, 0x094D}, {0x0E31, 0x0E31},   {0x0E34, 0x0E3A},
    {0x0E47, 0x0E4E}, {0x1160, 0x11FF}, {0x1AB0, 0x1ACE}, {0x1DC0, 0x1DFF},   {0x200B, 0x200F},
    {0x202A, 0x202E}, {0x2060, 0x206F}, {0x20D0, 0x20F0}, {0x302A, 0x302D},   {0x3099, 0x309A},
    {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0xE0001, 0xE01EF},
};

template <std::size_t n>
bool within(const Range (&ranges)[n], char32_t c) {
  const Range* after =
      std::upper_bound(std::begin(ranges), std::end(ranges), c,
                       [](char32_t value, const Range& range) { return value < range.first; });
  return after != std::begin(ranges) && c <= std::prev(after)->last;
}

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

// Marks that reorder what follows them: they could make a line show something else than it holds.
bool is_direction_override(char32_t c) {
  return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

int width_of(char32_t c) {
  if (is_control(c) || within(kZero, c)) return 0;
  return within(kWide, c) ? 2 : 1;
}

struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
  bool valid = true;
};

// The character at the head of `text` (not empty); an invalid byte is one U+FFFD. Table 3-7 of the Unicode
// standard.
Character decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t head = byte(0);
  if (head < 0x80) return {head, 1, true};
  const std::size_t length = head >= 0xF0 ? 4 : head >= 0xE0 ? 3 : 2;
  if (head < 0xC2 || head > 0xF4 || text.size() < length) return {kReplacement, 1, false};
  const std::uint8_t low = head == 0xE0 ? 0xA0 : head == 0xF0 ? 0x90 : 0x80;
  const std::uint8_t high = head == 0xED ? 0x9F : head == 0xF4 ? 0x8F : 0xBF;
  char32_t code = head & (0xFF >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if (byte(i) < (i == 1 ? low : 0x80) || byte(i) > (i == 1 ? high : 0xBF)) return {kReplacement, 1, false};
    code = (code << 6) | (byte(i) & 0x3F);
  }
  return {code, length, true};
}

// The bytes of the longest prefix that fits, with every zero-width character that follows its last.
std::size_t fitting_prefix(std::string_view text, int columns) {
  std::size_t at = 0;
  while (at < text.size()) {
    const Character character = decode(text.substr(at));
    columns -= width_of(character.code);
    if (columns < 0) break;
    at += character.bytes;
  }
  return at;
}

std::vector<std::string> wrap_paragraph(std::string_view text, int columns) {
  std::vector<std::string> lines;
  while (column_width(text) > columns) {
    std::size_t cut = fitting_prefix(text, columns);
    if (cut == 0) cut = decode(text).bytes;  // wider than the line: still has to go somewhere
    if (cut == text.size()) break;
    const std::size_t space = text[cut] == ' ' ? cut : text.substr(0, cut).rfind(' ');
    const bool at_space = space != std::string_view::npos && text.find_first_not_of(' ') < space;
    lines.emplace_back(text.substr(0, at_space ? space : cut));
    text.remove_prefix(at_space ? space + 1 : cut);
  }
  lines.emplace_back(text);
  return lines;
}

}  // namespace

int column_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const Character character = decode(text);
    width += width_of(character.code);
    text.remove_prefix(character.bytes);
  }
  return width;
}

std::string truncate_columns(std::string_view text, int columns, std::string_view mark) {
  if (columns <= 0) return "";
  if (column_width(text) <= columns) return std::string(text);
  const int room = columns - column_width(mark);
  if (room < 0) return std::string(text.substr(0, fitting_prefix(text, columns)));
  return std::string(text.substr(0, fitting_prefix(text, room))) + std::string(mark);
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character character = decode(text);
    if (character.code == '\n') {
      out += "↵";
    } else if (character.code == '\t') {
      out += ' ';
    } else if (!character.valid || is_control(character.code) || is_direction_override(character.code)) {
      out += kReplacementText;
    } else {
      out += text.substr(0, character.bytes);
    }
    text.remove_prefix(character.bytes);
  }
  return out;
}

std::vector<std::string> wrap_columns(std::string_view text, int columns) {
  std::vector<std::string> lines;
  for (;;) {
    const std::size_t end = text.find('\n');
    const std::string paragraph = printable(text.substr(0, end));
    for (std::string& line : wrap_paragraph(paragraph, columns)) lines.push_back(std::move(line));
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

}  // namespace hone
