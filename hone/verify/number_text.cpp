// Numbers within text: the whole of an answer, or the first and last number of prose.
#include <algorithm>
#include <array>

#include "hone/base/ascii.h"
#include "hone/verify/answer.h"
#include "hone/verify/exact_number.h"

namespace hone {
namespace {

template <std::size_t N>
bool among(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Words that change the value of the number before them.
constexpr std::array<std::string_view, 14> kMultipliers = {
    "hundred",  "thousand", "million",   "billion", "trillion", "hundreds", "thousands",
    "millions", "billions", "trillions", "dozen",   "dozens",   "bn",       "mn"};
// Words after which the text is more than one number and its unit.
constexpr std::array<std::string_view, 37> kNotUnits = {
    "or",    "and",     "to",      "not",     "than",  "minus", "plus",   "over",   "half",      "times",
    "sqrt",  "pi",      "point",   "squared", "cubed", "cdot",  "div",    "pm",     "frac",      "mod",
    "log",   "sin",     "cos",     "tan",     "if",    "but",   "except", "choose", "factorial", "infinity",
    "infty", "through", "between", "more",    "less",  "cup",   "power"};
// Units of one letter, and units that may touch their number.
constexpr std::array<std::string_view, 13> kLetterUnits = {"m", "g", "s", "h", "l", "A", "C",
                                                           "F", "J", "K", "L", "N", "W"};
constexpr std::array<std::string_view, 36> kTouchingUnits = {
    "km",  "cm", "mm",  "dm",  "nm",  "kg",  "mg",  "lb",  "lbs", "oz", "ml", "mL",
    "cl",  "ft", "in",  "yd",  "mi",  "min", "hr",  "hrs", "sec", "ms", "am", "kW",
    "kWh", "Hz", "mph", "kph", "usd", "USD", "EUR", "px",  "st",  "nd", "rd", "th"};

bool all_digits_free(std::string_view text) { return std::none_of(text.begin(), text.end(), is_digit); }

// One character of a unit that is not an ASCII letter: its length in bytes, 0 where it may not stand in one.
std::size_t unit_mark(std::string_view rest) {
  for (const std::string_view mark : {"^\\circ",  "^{\\circ}", "\\circ",
                                      "\\text{",  "\\mathrm{", "\\textrm{",
                                      "\\mbox{",  "\\%",       "\\$",
                                      "\\ ",      "\\,",       "\\;",
                                      "%",        "}",         " ",
                                      "\t",       "\n",        "\r",
                                      ".",        "'",         "-",
                                      "/",        "$",         "~",
                                      "\xC2\xA0", "\xC2\xB0",  "\xE2\x82\xAC",
                                      "\xC2\xA3", "\xC2\xA5"}) {
    if (rest.starts_with(mark)) return mark.size();
  }
  // Letters of Latin-1 (× and ÷ lie among them) and Cyrillic.
  if (rest.size() < 2) return 0;
  const auto lead = static_cast<unsigned char>(rest[0]), next = static_cast<unsigned char>(rest[1]);
  if (lead == 0xC3 && next != 0x97 && next != 0xB7) return 2;
  return lead >= 0xD0 && lead <= 0xD3 ? 2 : 0;
}

std::size_t unit_power(std::string_view rest) {
  for (const std::string_view mark : {"^2", "^3", "^{2}", "^{3}", "\xC2\xB2", "\xC2\xB3"}) {
    if (rest.starts_with(mark)) return mark.size();
  }
  return 0;
}

// Whether what follows a number is a unit, or nothing.
bool harmless_tail(std::string_view tail) {
  bool named = false;  // cm^2 is a unit, 5^2 none
  for (std::size_t i = 0; i < tail.size();) {
    if (!is_letter(tail[i])) {
      std::size_t length = unit_mark(tail.substr(i));
      if (length == 0 && named) length = unit_power(tail.substr(i));
      if (length == 0) return false;
      i += length;
      continue;
    }
    const std::size_t begin = i;
    while (i < tail.size() && is_letter(tail[i])) ++i;
    const std::string_view word = tail.substr(begin, i - begin);
    const std::string folded = lower(word);
    if (among(kMultipliers, folded) || among(kNotUnits, folded)) return false;
    if (begin == 0 && !among(kTouchingUnits, word)) return false;
    if (word.size() == 1 && !among(kLetterUnits, word)) return false;
    named = true;
  }
  return true;
}

bool strip_pair(std::string_view& text, std::string_view open, std::string_view close) {
  if (text.size() < open.size() + close.size() || !text.starts_with(open) || !text.ends_with(close))
    return false;
  const std::string_view inner = text.substr(open.size(), text.size() - open.size() - close.size());
  // Only where the two belong together: "(1)/(2)" keeps its brackets.
  if (inner.find(open) != std::string_view::npos || inner.find(close) < inner.find('{')) return false;
  text = inner;
  return true;
}

std::string_view undecorated(std::string_view text) {
  for (bool changed = true; changed;) {
    text = trimmed(text);
    changed = false;
    for (const char c : {'.', ',', ';'}) {
      while (text.ends_with(c)) {
        text.remove_suffix(1);
        changed = true;
      }
    }
    for (const auto& [open, close] :
         std::initializer_list<std::pair<std::string_view, std::string_view>>{{"**", "**"},
                                                                              {"`", "`"},
                                                                              {"$", "$"},
                                                                              {"\\(", "\\)"},
                                                                              {"\\[", "\\]"},
                                                                              {"\"", "\""},
                                                                              {"'", "'"},
                                                                              {"(", ")"},
                                                                              {"\\boxed{", "}"},
                                                                              {"\\text{", "}"},
                                                                              {"{", "}"}}) {
      changed = strip_pair(text, open, close) || changed;
    }
  }
  return text;
}

// Takes off "x =", "3 + 4 =" and "Answer:". False for "!=", "<=" and ">=", which state no value, and for
// "x = 1 or x = 2", which states several.
bool strip_label(std::string_view& text) {
  if (const std::size_t equals = text.rfind('='); equals != std::string_view::npos) {
    const std::string_view before = text.substr(0, equals);
    if (!before.empty() && std::string_view("!<>~").find(before.back()) != std::string_view::npos)
      return false;
    for (const std::string_view several : {", ", ";", " or ", " and "}) {
      if (before.find(several) != std::string_view::npos) return false;
    }
    text.remove_prefix(equals + 1);
  } else if (const std::size_t colon = text.find(':');
             colon != std::string_view::npos && all_digits_free(text.substr(0, colon))) {
    text.remove_prefix(colon + 1);
  } else if (const std::size_t phrase = lower(text).find("answer is"); phrase != std::string::npos) {
    if (!all_digits_free(text.substr(0, phrase))) return false;
    text.remove_prefix(phrase + std::string_view("answer is").size());
  }
  return true;
}

bool multiplied(std::string_view tail) {
  std::size_t i = 0;
  while (i < tail.size() && tail[i] == ' ') ++i;
  const std::size_t begin = i;
  while (i < tail.size() && is_letter(tail[i])) ++i;
  return i - begin <= 9 && among(kMultipliers, lower(tail.substr(begin, i - begin)));
}

// Calls visit(token) for each number of a text, until it returns false.
template <class Visit>
void each_number(std::string_view text, const Visit& visit) {
  bool operand = false;  // a sign after an operand is an operator: the -3 of 10-3 is 3
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    const bool command = c == '\\' && i + 1 < text.size() && is_letter(text[i + 1]);
    const bool sign = c == '+' || c == '-' || text.substr(i).starts_with("\xE2\x88\x92");
    if (!is_letter(c) && c != '_' && !(sign && operand)) {
      if (auto token = scan_number(text, i)) {
        if (multiplied(text.substr(token->end))) token->value.reset();
        if (!visit(*token)) return;
        i = token->end;
        operand = true;
        continue;
      }
    }
    operand = is_letter(c) || c == ')' || c == '}' || c == ']';
    ++i;
    if (command) {
      while (i < text.size() && is_letter(text[i])) ++i;  // "\cdot5" holds a 5
    } else if (is_letter(c) || c == '_') {
      while (i < text.size() && (is_letter(text[i]) || is_digit(text[i]) || text[i] == '_'))
        ++i;  // "x2" holds none
    }
  }
}

}  // namespace

std::optional<ExactNumber> read_number(std::string_view text) {
  text = undecorated(text);
  if (!strip_label(text)) return std::nullopt;
  text = undecorated(text);
  const auto token = scan_number(text, 0);
  if (!token || !token->value || !harmless_tail(text.substr(token->end))) return std::nullopt;
  return token->value;
}

std::optional<NumberToken> first_number(std::string_view text) {
  std::optional<NumberToken> first;
  each_number(text, [&](const NumberToken& token) {
    first = token;
    return false;
  });
  return first;
}

std::optional<NumberToken> last_number(std::string_view text) {
  std::optional<NumberToken> last;
  each_number(text, [&](const NumberToken& token) {
    last = token;
    return true;
  });
  return last;
}

}  // namespace hone
