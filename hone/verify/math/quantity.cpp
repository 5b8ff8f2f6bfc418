#include "hone/verify/math/quantity.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "hone/base/ascii.h"
#include "hone/verify/answer.h"

namespace hone {
namespace {

struct Unit {
  std::string_view name;
  std::string_view dimension;
  long above, below;  // in the dimension's base unit
};

// Base units: micrometre for metric lengths to stay exact, inch-based ones apart (no one converts them in an
// answer).
constexpr Unit kUnits[] = {
    {"mm", "length", 1, 1000},
    {"millimeter", "length", 1, 1000},
    {"cm", "length", 1, 100},
    {"centimeter", "length", 1, 100},
    {"m", "length", 1, 1},
    {"meter", "length", 1, 1},
    {"metre", "length", 1, 1},
    {"km", "length", 1000, 1},
    {"kilometer", "length", 1000, 1},
    {"kilometre", "length", 1000, 1},
    {"in", "inch", 1, 1},
    {"inch", "inch", 1, 1},
    {"inche", "inch", 1, 1},
    {"ft", "inch", 12, 1},
    {"foot", "inch", 12, 1},
    {"feet", "inch", 12, 1},
    {"yd", "inch", 36, 1},
    {"yard", "inch", 36, 1},
    {"mi", "inch", 63360, 1},
    {"mile", "inch", 63360, 1},
    {"mg", "mass", 1, 1000},
    {"g", "mass", 1, 1},
    {"gram", "mass", 1, 1},
    {"kg", "mass", 1000, 1},
    {"kilogram", "mass", 1000, 1},
    {"lb", "pound", 16, 1},
    {"pound", "pound", 16, 1},
    {"oz", "pound", 1, 1},
    {"ounce", "pound", 1, 1},
    {"s", "time", 1, 1},
    {"sec", "time", 1, 1},
    {"second", "time", 1, 1},
    {"min", "time", 60, 1},
    {"minute", "time", 60, 1},
    {"h", "time", 3600, 1},
    {"hr", "time", 3600, 1},
    {"hour", "time", 3600, 1},
    {"day", "time", 86400, 1},
    {"week", "time", 604800, 1},
    {"month", "month", 1, 1},
    {"year", "month", 12, 1},
    {"dollar", "money", 1, 1},
    {"usd", "money", 1, 1},
    {"buck", "money", 1, 1},
    {"cent", "money", 1, 100},
    {"ml", "volume", 1, 1000},
    {"l", "volume", 1, 1},
    {"liter", "volume", 1, 1},
    {"litre", "volume", 1, 1},
    {"unit", "", 1, 1},
    {"mph", "speed", 1, 1},
    {"km/h", "kmh", 1, 1},
    {"m/s", "mps", 1, 1},
    {"rad", "radian", 1, 1},
    {"radian", "radian", 1, 1},
};

const Unit* find_unit(std::string word) {
  if (word.size() > 1 && word.back() == '.') word.pop_back();
  for (int plural = 0; plural < 2; ++plural) {
    for (const Unit& unit : kUnits) {
      if (unit.name == word) return &unit;
    }
    if (word.size() < 3 || word.back() != 's') break;
    word.pop_back();
  }
  return nullptr;
}

// Words that a number may be followed by without being counted in them.
bool is_no_unit(std::string_view word) {
  constexpr std::array<std::string_view, 37> kWords = {
      "and",      "or",       "to",       "is",       "if",      "mod",      "percent", "degrees",
      "degree",   "hundred",  "thousand", "million",  "billion", "trillion", "dozen",   "january",
      "february", "march",    "april",    "may",      "june",    "july",     "august",  "september",
      "october",  "november", "december", "am",       "pm",      "pi",       "sin",     "cos",
      "sqrt",     "not",      "union",    "infinity", "base"};
  return std::ranges::find(kWords, word) != kWords.end();
}

long power(long base, int exponent) {
  long result = 1;
  for (int i = 0; i < exponent; ++i) result *= base;
  return result;
}

// Reads "square inches", "cm", "apples"; `exponent` stood behind.
void set_unit(Quantity& quantity, std::string_view words, int exponent) {
  std::string folded = lower(trimmed(words));
  for (const auto& [prefix, value] :
       {std::pair{"square ", 2}, {"sq ", 2}, {"sq. ", 2}, {"cubic ", 3}, {"cu ", 3}}) {
    if (folded.starts_with(prefix)) {
      exponent = value;
      folded = folded.substr(std::string_view(prefix).size());
      break;
    }
  }
  const Unit* unit = find_unit(folded);
  if (unit == nullptr || unit->dimension.empty() || exponent < 1 || exponent > 3) return;
  quantity.dimension = std::string(unit->dimension);
  if (exponent > 1) quantity.dimension += '^' + std::to_string(exponent);
  quantity.scale_above = power(unit->above, exponent);
  quantity.scale_below = power(unit->below, exponent);
}

// ^2, ^{2}, ² at the end, taken off.
int take_exponent(std::string_view& text) {
  for (const auto& [mark, value] :
       {std::pair{"^2", 2}, {"^3", 3}, {"^{2}", 2}, {"^{3}", 3}, {"\u00B2", 2}, {"\u00B3", 3}}) {
    if (text.ends_with(mark)) {
      text.remove_suffix(std::string_view(mark).size());
      return value;
    }
  }
  return 1;
}

// Letters behind a backslash, as of \pi, at the end.
bool ends_in_command(std::string_view text) {
  const std::size_t before = text.find_last_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
  return before != std::string_view::npos && before + 1 < text.size() && text[before] == '\\';
}

bool ends_a_value(std::string_view text) {
  text = trimmed(text);
  if (text.empty()) return false;
  return is_digit(text.back()) || text.back() == '}' || text.back() == ')' || text.back() == '$' ||
         ends_in_command(text);
}

// \text{ cm}^2 and the like at the end.
bool take_text_unit(std::string_view& text, Quantity& quantity) {
  std::string_view rest = trimmed(text);
  while (rest.ends_with('$') || rest.ends_with('.')) rest = trimmed(rest.substr(0, rest.size() - 1));
  const int exponent = take_exponent(rest);
  if (!rest.ends_with('}')) return false;
  const std::size_t open = rest.rfind('{');
  if (open == std::string_view::npos) return false;
  const std::string_view words = rest.substr(open + 1, rest.size() - open - 2);
  for (const std::string_view command :
       {"\\text", "\\mbox", "\\textrm", "\\mathrm", "\\hbox", "\\rm", "\\textit", "\\textbf"}) {
    const std::string_view before = trimmed(rest.substr(0, open));
    if (!before.ends_with(command)) continue;
    const std::string_view body = trimmed(before.substr(0, before.size() - command.size()));
    const std::string word = lower(trimmed(words));
    if (body.empty() || word.empty() || is_no_unit(word) || word == "a.m." || word == "p.m.") return false;
    if (!std::ranges::all_of(word, [](char c) { return is_letter(c) || c == ' ' || c == '.' || c == '/'; }))
      return false;
    if (!ends_a_value(body) && !body.ends_with("\\") && !body.ends_with("\\,") && !body.ends_with("\\;") &&
        !body.ends_with("~"))
      return false;
    set_unit(quantity, words, exponent);
    text = body;
    return true;
  }
  return false;
}

// "4\pi cm^3": one known unit of two letters or more after a space, whatever the value.
bool take_last_unit(std::string_view& text, Quantity& quantity) {
  std::string_view rest = trimmed(text);
  const int exponent = take_exponent(rest);
  const std::size_t space = rest.rfind(' ');
  if (space == std::string_view::npos || space == 0) return false;
  const std::string word = lower(rest.substr(space + 1));
  const std::string_view body = trimmed(rest.substr(0, space));
  if (word.size() < 2 || word == "in" || word == "min" || is_no_unit(word) || find_unit(word) == nullptr)
    return false;
  // Another word before it may belong to it: "square cm".
  if (is_letter(body.back()) && !ends_in_command(body)) return false;
  set_unit(quantity, word, exponent);
  text = body;
  return true;
}

// "12 red apples", "5 cm^2", "5cm": the words after a number.
bool take_plain_unit(std::string_view& text, Quantity& quantity) {
  if (take_last_unit(text, quantity)) return true;
  std::string_view rest = trimmed(text);
  while (rest.ends_with('.')) rest.remove_suffix(1);
  std::string_view words = rest;
  const int exponent = take_exponent(words);
  std::size_t begin = words.size();
  while (begin > 0 && (is_letter(words[begin - 1]) || words[begin - 1] == ' ' || words[begin - 1] == '/'))
    --begin;
  if (begin == 0 || begin == words.size() ||
      !(is_digit(words[begin - 1]) || words[begin - 1] == '}' || words[begin - 1] == '$'))
    return false;
  const std::string_view body = words.substr(0, begin), tail = words.substr(begin);
  const std::string_view unit = trimmed(tail);
  if (unit.empty() || unit.front() == '/' || unit.back() == '/') return false;
  const bool spaced = tail.front() == ' ';
  const std::string folded = lower(unit);
  std::size_t count = 0, longest = 0;
  for (std::size_t at = 0; at < folded.size();) {
    const std::size_t end = std::min(folded.find(' ', at), folded.size());
    const std::string word = folded.substr(at, end - at);
    if (is_no_unit(word)) return false;
    longest = std::max(longest, word.size());
    count += word.empty() ? 0 : 1;
    at = end + 1;
  }
  const bool known = find_unit(folded) != nullptr && (folded.size() > 1 || spaced);
  // One letter after a space is a unit only behind a plain number: "5 m".
  if (known && folded.size() == 1 && body.find_first_not_of("0123456789.,- ") != std::string_view::npos)
    return false;
  if (!known && !(spaced && (longest >= 4 || (count > 1 && longest >= 3)))) return false;
  set_unit(quantity, unit, exponent);
  text = body;
  return true;
}

}  // namespace

Quantity take_unit(std::string_view text) {
  Quantity quantity;
  text = trimmed(text);
  if (!take_text_unit(text, quantity)) take_plain_unit(text, quantity);
  // \$5, and $5 where the sign opens no formula.
  std::string body(trimmed(text));
  const std::size_t sign = body.find_first_not_of("- ");
  if (sign != std::string::npos) {
    const bool escaped = body.compare(sign, 2, "\\$") == 0;
    const bool plain = body[sign] == '$' && std::count(body.begin(), body.end(), '$') == 1;
    if (escaped || plain) {
      body.erase(sign, escaped ? 2 : 1);
      if (quantity.dimension.empty()) quantity.dimension = "money";
    }
  }
  quantity.body = std::move(body);
  return quantity;
}

}  // namespace hone
