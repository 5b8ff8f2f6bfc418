// Exact numbers of any size, kept as decimal digits and an exponent, so that 1e999999999 costs nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hone {

// digits · 10^exponent, without leading and trailing zeros; zero has no digits and exponent 0.
struct Decimal {
  std::string digits;
  std::int64_t exponent = 0;  // |exponent| < 2·10^18
};

// ± numerator / denominator, not reduced; zero is not negative, the denominator never zero.
struct ExactNumber {
  bool negative = false;
  Decimal numerator;
  Decimal denominator{"1", 0};
};

// Fractions have at most so many digits above and below the line; plain numbers have no limit.
inline constexpr std::size_t kMaxFractionDigits = 10'000;

// Exact equality of values. Linear for plain numbers; for fractions a product of two bounded integers.
bool equal(const ExactNumber& a, const ExactNumber& b);

// whole + numerator / denominator, for mixed numbers such as 2 1/2. Requires integers; nothing when the
// fraction is not a proper one, or over the limit.
std::optional<ExactNumber> mixed_number(const Decimal& whole, const Decimal& numerator,
                                        const Decimal& denominator);

// One spelling for each value, so that equal numbers have equal texts: 2/4, .5 and 0.50 are "0.5"; 2/6 is
// "1/3".
std::string canonical(const ExactNumber& number);

// For messages: "-3/4", "12e30", cut to 40 characters.
std::string brief(const ExactNumber& number);

// A number at `at`: [sign][currency] then decimal | decimal/decimal | integer and fraction | \frac{a}{b}. A
// decimal has digits, thousands separators (well-formed groups of three), a fraction, an exponent (e5, ×
// 10^5).
struct NumberToken {
  std::size_t end = 0;  // one past its last byte
  std::optional<ExactNumber>
      value;  // absent: formed as a number, but without a value (1/0, an absurd exponent)
};
std::optional<NumberToken> scan_number(std::string_view text, std::size_t at);

// Reads a whole text as one number. Taken off where harmless: $…$ and \(…\), \boxed{}, \text{}, **, a label
// ("x =", "Answer:"), a closing full stop, a percent or degree sign, a unit ("5 km", "$3", "12 apples"). The
// % is dropped on both sides of a comparison and never divides. Nothing else may stand beside the number: a
// second number, "5 or six", "5 million", "5x" and "2\pi" are not read.
std::optional<ExactNumber> read_number(std::string_view text);

// The first and the last number of free text.
std::optional<NumberToken> first_number(std::string_view text);
std::optional<NumberToken> last_number(std::string_view text);

}  // namespace hone
