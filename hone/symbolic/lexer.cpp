#include "hone/symbolic/lexer.h"

#include <algorithm>

#include "hone/base/ascii.h"
#include "hone/symbolic/clean.h"

namespace hone {
namespace {

constexpr std::size_t kMaxLiteralDigits = 5000;

struct Named {
  std::string_view name;
  Function function;
};

constexpr Named kFunctions[] = {
    {"arcsin", Function::kArcsin},
    {"arccos", Function::kArccos},
    {"arctan", Function::kArctan},
    {"arccot", Function::kArccot},
    {"arcsec", Function::kArcsec},
    {"arccsc", Function::kArccsc},
    {"asin", Function::kArcsin},
    {"acos", Function::kArccos},
    {"atan", Function::kArctan},
    {"arsinh", Function::kArsinh},
    {"arcosh", Function::kArcosh},
    {"artanh", Function::kArtanh},
    {"arcsinh", Function::kArsinh},
    {"arccosh", Function::kArcosh},
    {"arctanh", Function::kArtanh},
    {"asinh", Function::kArsinh},
    {"acosh", Function::kArcosh},
    {"atanh", Function::kArtanh},
    {"sinh", Function::kSinh},
    {"cosh", Function::kCosh},
    {"tanh", Function::kTanh},
    {"coth", Function::kCoth},
    {"sin", Function::kSin},
    {"cos", Function::kCos},
    {"tan", Function::kTan},
    {"cot", Function::kCot},
    {"sec", Function::kSec},
    {"csc", Function::kCsc},
    {"ln", Function::kLn},
    {"log", Function::kLog},
    {"lg", Function::kLog},
    {"abs", Function::kAbs},
    {"floor", Function::kFloor},
    {"ceil", Function::kCeiling},
    {"ceiling", Function::kCeiling},
    {"gcd", Function::kGcd},
    {"lcm", Function::kLcm},
    {"min", Function::kMin},
    {"max", Function::kMax},
    {"binom", Function::kBinomial},
    {"binomial", Function::kBinomial},
    {"factorial", Function::kFactorial},
};

constexpr std::string_view kOtherNames[] = {"sqrt", "cbrt", "exp", "pi", "infinity", "infty", "inf", "oo"};

bool is_name(std::string_view run) {
  return function_named(run).has_value() ||
         std::find(std::begin(kOtherNames), std::end(kOtherNames), run) != std::end(kOtherNames);
}

// The longest name that `run` starts with, when at most two letters follow it: "sinx", "lnxy", "sqrtx".
std::size_t leading_name(std::string_view run) {
  for (std::size_t length = run.size() - 1; length >= 2 && length + 2 >= run.size(); --length) {
    if (is_name(run.substr(0, length))) return length;
  }
  return 0;
}

Token word(std::string_view text, Token token) {
  std::size_t end = token.begin;
  while (end < text.size() && is_letter(text[end])) ++end;
  const std::string_view run = text.substr(token.begin, end - token.begin);
  token.kind = TokenKind::kLetter;
  token.end = token.begin + 1;
  const bool after_digit = token.begin > 0 && is_digit(text[token.begin - 1]);
  if (is_name(run)) {
    token.kind = TokenKind::kName;
    token.end = end;
  } else if (const std::size_t length = run.size() > 2 ? leading_name(run) : 0; length > 0) {
    token.kind = TokenKind::kName;
    token.end = token.begin + length;
  } else if ((run == "or" || run == "and" || run == "to") && token.spaced) {
    token.kind = TokenKind::kCommand;
    token.end = end;
    token.text = run == "to" ? "to" : "sep";
    return token;
  } else if (run.size() >= 4 && !after_digit && (token.begin == 0 || !is_letter(text[token.begin - 1]))) {
    token.kind = TokenKind::kWord;
    token.end = end;
  }
  token.text = text.substr(token.begin, token.end - token.begin);
  return token;
}

Token command(std::string_view text, Token token) {
  token.kind = TokenKind::kCommand;
  std::size_t end = token.begin + 1;
  while (end < text.size() && is_letter(text[end])) ++end;
  if (end == token.begin + 1 && end < text.size()) ++end;
  token.text = text.substr(token.begin + 1, end - token.begin - 1);
  token.end = end;
  if ((token.text == "text" || token.text == "word") && end < text.size() && text[end] == '{') {
    const std::size_t close = text.find('}', end);
    if (close != std::string_view::npos) {
      const std::string_view content = text.substr(end + 1, close - end - 1);
      token.end = close + 1;
      token.kind = token.text == "word" && is_name(content) ? TokenKind::kName : TokenKind::kText;
      token.text = content;
    }
  }
  return token;
}

}  // namespace

std::optional<Function> function_named(std::string_view name) {
  for (const Named& entry : kFunctions) {
    if (entry.name == name) return entry.function;
  }
  return std::nullopt;
}

Token next_token(std::string_view text, std::size_t at) {
  Token token;
  token.begin = at;
  while (token.begin < text.size() && text[token.begin] == ' ') ++token.begin;
  token.spaced = token.begin > at || (at > 0 && at <= text.size() && text[at - 1] == ' ');
  token.end = token.begin;
  if (token.begin >= text.size()) return token;
  const char c = text[token.begin];
  if (is_letter(c)) return word(text, token);
  if (c == '\\') return command(text, token);
  const bool point = c == '.' && token.begin + 1 < text.size() && is_digit(text[token.begin + 1]);
  token.kind = is_digit(c) || point ? TokenKind::kNumber : TokenKind::kSign;
  token.end = token.begin + 1;
  token.text = text.substr(token.begin, 1);
  return token;
}

namespace {

class LiteralReader {
 public:
  LiteralReader(std::string_view text, std::size_t at, const LiteralRules& rules)
      : text_(text), at_(at), rules_(rules) {}
  std::optional<Literal> read();

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  std::size_t digits_at(std::size_t at) const {
    std::size_t end = at;
    while (end < text_.size() && is_digit(text_[end])) ++end;
    return end - at;
  }
  void take(std::size_t count) {
    digits_.append(text_.substr(at_, count));
    at_ += count;
  }
  char groups();
  void repeating(Literal& literal);
  bool scientific(Literal& literal);

  std::string_view text_;
  std::size_t at_;
  LiteralRules rules_;
  std::string digits_;
};

// After one to three leading digits: groups of three, all with the same separator, which is returned.
char LiteralReader::groups() {
  if (digits_.empty() || digits_.size() > 3 || digits_[0] == '0') return '\0';
  char separator = '\0';
  while (true) {
    const char c = peek();
    const bool marks = c == kGroupMark;
    // A point groups only when at least two groups follow, or a decimal comma does.
    const bool point = c == '.' && digits_at(at_ + 1) == 3 && at_ + 4 < text_.size() &&
                       ((text_[at_ + 4] == '.' && digits_at(at_ + 5) == 3) || separator == '.' ||
                        (text_[at_ + 4] == ',' && digits_at(at_ + 5) > 0 && digits_at(at_ + 5) != 3));
    const bool last_point = c == '.' && separator == '.' && digits_at(at_ + 1) == 3;
    const bool comma = c == ',' && !rules_.decimal_comma && (rules_.groups || peek(1) == '0');
    const bool space = c == ' ' && rules_.groups;
    if (!(marks || point || last_point || comma || space) || digits_at(at_ + 1) != 3) return separator;
    if (separator != '\0' && separator != c) return separator;
    separator = c;
    ++at_;
    take(3);
  }
}

// \overline{…} after the point.
void LiteralReader::repeating(Literal& literal) {
  constexpr std::string_view kLine = "\\overline{";
  if (!text_.substr(std::min(at_, text_.size())).starts_with(kLine)) return;
  const std::size_t begin = at_ + kLine.size(), count = digits_at(begin);
  if (count == 0 || count > 100 || begin + count >= text_.size() || text_[begin + count] != '}') return;
  mpz_class nines;
  mpz_ui_pow_ui(nines.get_mpz_t(), 10, count);
  nines -= 1;
  mpq_class part(mpz_class(std::string(text_.substr(begin, count)), 10), nines);
  part.canonicalize();
  literal.mantissa += part;
  literal.integer = false;
  at_ = begin + count + 1;
}

// e5, E-5: only where a digit follows, and not "2e" for 2·e.
bool LiteralReader::scientific(Literal& literal) {
  if (peek() != 'e' && peek() != 'E') return true;
  std::size_t at = at_ + 1;
  const bool negative = at < text_.size() && text_[at] == '-';
  if (negative || (at < text_.size() && text_[at] == '+')) ++at;
  const std::size_t count = digits_at(at);
  // "2e-3" is scientific; "2e+3" too; "2e3" as well. A sign after a space is a sum.
  if (count == 0) return true;
  if (count > 15) return false;
  std::int64_t exponent = 0;
  for (std::size_t i = 0; i < count; ++i) exponent = exponent * 10 + (text_[at + i] - '0');
  literal.exponent += negative ? -exponent : exponent;
  literal.integer = false;
  at_ = at + count;
  return true;
}

std::optional<Literal> LiteralReader::read() {
  Literal literal;
  take(digits_at(at_));
  const char separator = groups();
  const std::size_t whole = digits_.size();
  const bool point = peek() == '.' && (is_digit(peek(1)) ||
                                       text_.substr(std::min(at_, text_.size())).starts_with(".\\overline{"));
  // After points as group marks a comma is the decimal sign; {,} that groups nothing is one as well.
  const bool comma = whole > 0 && is_digit(peek(1)) &&
                     (peek() == kGroupMark || (peek() == ',' && (rules_.decimal_comma || separator == '.')));
  if (point || comma) {
    ++at_;
    take(digits_at(at_));
    literal.integer = false;
    literal.decimals = digits_.size() - whole;
  }
  if (digits_.empty() && peek() != '\\') return std::nullopt;
  if (digits_.size() > kMaxLiteralDigits) return std::nullopt;
  literal.mantissa = mpz_class(digits_.empty() ? "0" : digits_, 10);
  if (!literal.integer) {
    repeating(literal);
    literal.exponent = -static_cast<std::int64_t>(literal.decimals);
    if (!scientific(literal)) return std::nullopt;
  } else if (!scientific(literal)) {
    return std::nullopt;
  }
  literal.end = at_;
  return literal;
}

}  // namespace

std::optional<Literal> read_literal(std::string_view text, std::size_t at, const LiteralRules& rules) {
  return LiteralReader(text, at, rules).read();
}

}  // namespace hone
