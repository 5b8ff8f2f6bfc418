// The lexer of exact_number.h: one number at one place of a text, read left to right without going back
// further than the number itself.
#include <algorithm>
#include <initializer_list>
#include <utility>

#include "hone/base/ascii.h"
#include "hone/verify/exact_number.h"

namespace hone {
namespace {

constexpr std::size_t kMaxExponentDigits = 18;

class Scanner {
 public:
  Scanner(std::string_view text, std::size_t at) : text_(text), at_(at) {}

  std::optional<NumberToken> number();

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool eat(std::string_view literal) {
    if (text_.substr(std::min(at_, text_.size()), literal.size()) != literal) return false;
    at_ += literal.size();
    return true;
  }
  bool eat_one_of(std::initializer_list<std::string_view> literals) {
    return std::any_of(literals.begin(), literals.end(), [this](std::string_view l) { return eat(l); });
  }
  void spaces() {
    while (eat_one_of({" ", "\t", "\xC2\xA0"})) {
    }
  }
  std::string_view digits() {
    const std::size_t begin = at_;
    while (is_digit(peek())) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  bool minus() { return eat_one_of({"-", "\xE2\x88\x92"}); }
  bool currency() { return eat_one_of({"\\$", "$", "\xE2\x82\xAC", "\xC2\xA3", "\xC2\xA5"}); }

  bool decimal(Decimal& out);
  void thousands(std::string& mantissa);
  bool exponent(std::int64_t& out);
  bool power_of_ten(std::int64_t& out);
  bool signed_digits(std::int64_t& out);
  bool fraction_command(bool& negative, Decimal& above, Decimal& below);
  bool fraction_argument(bool& negative, Decimal& out);
  std::optional<NumberToken> token(bool negative, Decimal above, Decimal below) const;

  std::string_view text_;
  std::size_t at_;
  bool absurd_ = false;  // an exponent beyond what a Decimal holds
};

// ",ddd" groups after one to three digits; LaTeX's {,} and \, and the thin spaces group as well.
void Scanner::thousands(std::string& mantissa) {
  if (mantissa.size() > 3 || mantissa[0] == '0') return;
  while (true) {
    const std::size_t before = at_;
    const bool separated = eat_one_of({",\\!", "{,}", "\\,", ",", "\xE2\x80\xAF", "\xE2\x80\x89"});
    std::size_t count = 0;
    while (count < 4 && is_digit(peek(count))) ++count;
    if (!separated || count != 3) {
      at_ = before;
      return;
    }
    mantissa += digits();
  }
}

// [+-]digits into an exponent. False, with nothing read, when there is no digit.
bool Scanner::signed_digits(std::int64_t& out) {
  const std::size_t before = at_;
  const bool negative = minus();
  if (!negative) eat("+");
  std::string_view run = digits();
  if (run.empty()) {
    at_ = before;
    return false;
  }
  run.remove_prefix(std::min(run.find_first_not_of('0'), run.size()));
  if (run.size() > kMaxExponentDigits) {
    absurd_ = true;
    return true;
  }
  out = 0;
  for (const char c : run) out = out * 10 + (c - '0');
  if (negative) out = -out;
  return true;
}

// ^n or ^{n}, after a 10.
bool Scanner::power_of_ten(std::int64_t& out) {
  const std::size_t before = at_;
  if (eat("^")) {
    const bool braced = eat("{");
    if (signed_digits(out) && (!braced || eat("}"))) return true;
  }
  at_ = before;
  return false;
}

// e5, E-5, × 10^5, \times 10^{5}.
bool Scanner::exponent(std::int64_t& out) {
  const std::size_t before = at_;
  if (eat_one_of({"e", "E"}) && signed_digits(out)) return true;
  at_ = before;
  spaces();
  if (eat_one_of({"\\times", "\\cdot", "\xC3\x97", "\xC2\xB7", "*", "x"})) {
    spaces();
    if (eat("10") && power_of_ten(out)) return true;
  }
  at_ = before;
  return false;
}

bool Scanner::decimal(Decimal& out) {
  std::string mantissa(digits());
  const bool whole = !mantissa.empty();
  if (whole) thousands(mantissa);
  std::int64_t places = 0;
  if (peek() == '.' && is_digit(peek(1))) {
    ++at_;
    const std::string_view fraction = digits();
    places = static_cast<std::int64_t>(fraction.size());
    mantissa += fraction;
  } else if (!whole) {
    return false;
  }
  std::int64_t power = 0;
  if (mantissa == "10" && places == 0 && power_of_ten(power)) {
    mantissa = "1";
  } else {
    exponent(power);
  }
  const std::size_t last = mantissa.find_last_not_of('0');
  if (last == std::string::npos) {
    out = {};
    return true;
  }
  out.exponent = power - places + static_cast<std::int64_t>(mantissa.size() - 1 - last);
  const std::size_t first = mantissa.find_first_not_of('0');
  out.digits = mantissa.substr(first, last - first + 1);
  return true;
}

// {-12.5} or one bare digit.
bool Scanner::fraction_argument(bool& negative, Decimal& out) {
  spaces();
  if (!eat("{")) {
    if (!is_digit(peek())) return false;
    out = peek() == '0' ? Decimal{} : Decimal{std::string(1, peek()), 0};
    ++at_;
    return true;
  }
  spaces();
  if (minus()) negative = !negative;
  if (!decimal(out)) return false;
  spaces();
  return eat("}");
}

// \frac{a}{b}, \dfrac, \tfrac, \cfrac.
bool Scanner::fraction_command(bool& negative, Decimal& above, Decimal& below) {
  const std::size_t before = at_;
  if (eat_one_of({"\\frac", "\\dfrac", "\\tfrac", "\\cfrac"}) && fraction_argument(negative, above) &&
      fraction_argument(negative, below)) {
    return true;
  }
  at_ = before;
  return false;
}

std::optional<NumberToken> Scanner::token(bool negative, Decimal above, Decimal below) const {
  NumberToken read{at_, std::nullopt};
  const bool plain = below.digits == "1" && below.exponent == 0;
  const bool too_long =
      !plain && (above.digits.size() > kMaxFractionDigits || below.digits.size() > kMaxFractionDigits);
  if (absurd_ || below.digits.empty() || too_long) return read;
  negative = negative && !above.digits.empty();
  read.value = ExactNumber{negative, std::move(above), std::move(below)};
  return read;
}

std::optional<NumberToken> Scanner::number() {
  bool negative = minus();
  const bool has_sign = negative || eat("+");
  if (currency() && !has_sign) {
    negative = minus();
    if (!negative) eat("+");
  }
  Decimal above, below{"1", 0};
  if (fraction_command(negative, above, below)) return token(negative, std::move(above), std::move(below));
  if (!decimal(above)) return std::nullopt;
  const bool integral = above.exponent >= 0;

  // a/b
  std::size_t before = at_;
  spaces();
  if (eat("/")) {
    spaces();
    if (decimal(below)) return token(negative, std::move(above), std::move(below));
  }
  at_ = before;

  // 2 1/2 and 2\frac{1}{2}; where it is no mixed number, the integer stands alone
  before = at_;
  spaces();
  const bool spaced = at_ != before;
  Decimal n, d;
  bool part_negative = false;
  bool mixed = integral && fraction_command(part_negative, n, d);
  if (!mixed && integral && spaced && is_digit(peek()) && decimal(n) && eat("/")) mixed = decimal(d);
  if (mixed && !part_negative && !absurd_) {
    if (auto value = mixed_number(above, n, d)) {
      value->negative = negative && !value->numerator.digits.empty();
      return NumberToken{at_, std::move(value)};
    }
  }
  at_ = before;
  return token(negative, std::move(above), {"1", 0});
}

}  // namespace

std::optional<NumberToken> scan_number(std::string_view text, std::size_t at) {
  return Scanner(text, at).number();
}

}  // namespace hone
