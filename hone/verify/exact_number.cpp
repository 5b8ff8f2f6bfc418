#include "hone/verify/exact_number.h"

#include <gmpxx.h>

namespace hone {
namespace {

mpz_class integer(const std::string& digits) { return digits.empty() ? mpz_class(0) : mpz_class(digits, 10); }

mpz_class integer(const Decimal& d) {
  return integer(d.digits + std::string(static_cast<std::size_t>(d.exponent), '0'));
}

bool is_one(const Decimal& d) { return d.digits == "1" && d.exponent == 0; }

bool small_integer(const Decimal& d) {
  return d.exponent >= 0 && d.exponent <= static_cast<std::int64_t>(kMaxFractionDigits) &&
         d.digits.size() + static_cast<std::size_t>(d.exponent) <= kMaxFractionDigits;
}

Decimal decimal(const mpz_class& value) {
  Decimal d{value.get_str(), 0};
  while (!d.digits.empty() && d.digits.back() == '0') {
    d.digits.pop_back();
    ++d.exponent;
  }
  if (d.digits.empty()) d.exponent = 0;
  return d;
}

std::string spelt(const Decimal& d) {
  std::string text = d.digits.empty() ? "0" : d.digits;
  if (d.exponent > 0 && d.exponent <= 20) return text.append(static_cast<std::size_t>(d.exponent), '0');
  const auto places = static_cast<std::uint64_t>(-d.exponent);
  if (d.exponent < 0 && places < text.size()) return text.insert(text.size() - places, ".");
  if (d.exponent < 0 && places <= 20) return "0." + std::string(places - text.size(), '0') + text;
  if (d.exponent != 0) text += "e" + std::to_string(d.exponent);
  return text;
}

}  // namespace

bool equal(const ExactNumber& a, const ExactNumber& b) {
  if (a.numerator.digits.empty() || b.numerator.digits.empty()) {
    return a.numerator.digits.empty() && b.numerator.digits.empty();
  }
  if (a.negative != b.negative) return false;
  if (is_one(a.denominator) && is_one(b.denominator)) {
    return a.numerator.digits == b.numerator.digits && a.numerator.exponent == b.numerator.exponent;
  }
  // a.n · b.d = b.n · a.d, the powers of ten apart. A power of ten longer than both products decides by
  // itself, and so does a plain number with more digits than a fraction's limits can make.
  constexpr std::size_t kLongest = 4 * kMaxFractionDigits;
  if (a.numerator.digits.size() > kLongest || b.numerator.digits.size() > kLongest) return false;
  mpz_class left = integer(a.numerator.digits) * integer(b.denominator.digits);
  mpz_class right = integer(b.numerator.digits) * integer(a.denominator.digits);
  std::int64_t tens =
      a.numerator.exponent + b.denominator.exponent - b.numerator.exponent - a.denominator.exponent;
  mpz_class& shorter = tens >= 0 ? left : right;
  if (tens < 0) tens = -tens;
  if (tens > static_cast<std::int64_t>(2 * kLongest)) return false;
  mpz_class power;
  mpz_ui_pow_ui(power.get_mpz_t(), 10, static_cast<unsigned long>(tens));
  shorter *= power;
  return left == right;
}

std::optional<ExactNumber> mixed_number(const Decimal& whole, const Decimal& numerator,
                                        const Decimal& denominator) {
  if (!small_integer(whole) || !small_integer(numerator) || !small_integer(denominator)) return std::nullopt;
  const mpz_class n = integer(numerator), d = integer(denominator);
  if (d == 0 || n >= d) return std::nullopt;
  ExactNumber number;
  number.numerator = decimal(integer(whole) * d + n);
  number.denominator = denominator;
  return number;
}

std::string canonical(const ExactNumber& number) {
  const std::string sign = number.negative ? "-" : "";
  if (number.numerator.digits.empty()) return "0";
  if (is_one(number.denominator)) return sign + spelt(number.numerator);
  // n · 10^tens / d in lowest terms, with no factor of ten left in d.
  mpz_class n = integer(number.numerator.digits), d = integer(number.denominator.digits);
  std::int64_t tens = number.numerator.exponent - number.denominator.exponent;
  const mpz_class common = gcd(n, d);
  n /= common;
  d /= common;
  for (const unsigned long factor : {2ul, 5ul}) {
    for (; mpz_divisible_ui_p(d.get_mpz_t(), factor) != 0; --tens) {
      d /= factor;
      n *= 10 / factor;
    }
  }
  Decimal above = decimal(n);
  above.exponent += tens;
  if (d == 1) return sign + spelt(above);
  return sign + spelt(above) + "/" + d.get_str();
}

std::string brief(const ExactNumber& number) {
  std::string text = (number.negative ? "-" : "") + spelt(number.numerator);
  if (!is_one(number.denominator)) text += "/" + spelt(number.denominator);
  if (text.size() > 40) text = text.substr(0, 37) + "...";
  return text;
}

}  // namespace hone
