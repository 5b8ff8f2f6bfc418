// Tokens of cleaned maths (clean.h), read one at a time from any place: the parser decides how much of a
// number or a word it takes ("\frac12" takes one digit, "xy" is two variables).
//
// Requires: text from clean_math that outlives the lexer. Constant work for each token beyond its length.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "hone/symbolic/expression.h"

namespace hone {

enum class TokenKind : std::uint8_t {
  kEnd,
  kNumber,   // digits, or '.' before a digit
  kLetter,   // one variable's letter
  kName,     // a function or constant written without backslash: sin, sqrt, pi
  kWord,     // four letters or more that are no name
  kText,     // \text{…}: `text` is its content
  kCommand,  // \name: `text` is the name, or the one sign of \{
  kSign,     // any other byte
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text;
  std::size_t begin = 0, end = 0;
  bool spaced = false;  // white space stood before it
};

// The token that starts at or after `at`.
Token next_token(std::string_view text, std::size_t at);

// A literal number at `at`, and where it ends.
struct Literal {
  mpq_class mantissa;  // the value is mantissa · 10^exponent
  std::int64_t exponent = 0;
  std::size_t end = 0;
  bool integer = true;       // no point and no exponent was written
  std::size_t decimals = 0;  // digits written after the point
};

struct LiteralRules {
  bool groups = true;          // a comma or space before exactly three digits groups digits
  bool decimal_comma = false;  // a comma is a decimal point
};

// Nothing when there is no digit, or the exponent is absurd. Thousands "58,500" "58 500" "58{,}500"
// "1.234.567", both decimal conventions where they can be told apart ("1,234.5", "1.234,5"), repeating
// decimals 0.\overline{3}, 1.5e-3.
std::optional<Literal> read_literal(std::string_view text, std::size_t at, const LiteralRules& rules);

// The function that a name stands for: "sin", "arcsin", "log".
std::optional<Function> function_named(std::string_view name);

}  // namespace hone
