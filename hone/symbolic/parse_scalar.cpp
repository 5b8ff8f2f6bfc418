// Sums, products, signs, powers and what stands behind an operand.
#include <algorithm>
#include <array>

#include "hone/symbolic/parser_impl.h"

namespace hone::symbolic_internal {
namespace {

// Commands that an operand can begin with; all others end a product.
constexpr std::string_view kOperandCommands[] = {
    "frac",     "sqrt",     "cbrt", "pi",     "infty", "binom", "{",     "lfloor",  "lceil",
    "langle",   "begin",    "exp",  "mathbb", "R",     "Z",     "N",     "Q",       "C",
    "emptyset", "overline", "vec",  "hat",    "bar",   "tilde", "angle", "triangle"};

constexpr std::string_view kLetterCommands[] = {
    "alpha", "beta",   "gamma",  "delta", "epsilon", "varepsilon", "zeta",  "eta",   "theta",  "vartheta",
    "iota",  "kappa",  "lambda", "mu",    "nu",      "xi",         "rho",   "sigma", "tau",    "upsilon",
    "phi",   "varphi", "chi",    "psi",   "omega",   "Gamma",      "Delta", "Theta", "Lambda", "Xi",
    "Pi",    "Sigma",  "Phi",    "Psi",   "Omega",   "ell",        "hbar",  "imath"};

struct Scale {
  std::string_view word;
  long value;
};
constexpr Scale kScales[] = {{"hundred", 100},
                             {"thousand", 1000},
                             {"million", 1'000'000},
                             {"billion", 1'000'000'000},
                             {"trillion", 1'000'000'000'000},
                             {"dozen", 12}};

std::string_view trimmed_word(std::string_view word) {
  while (!word.empty() && word.front() == ' ') word.remove_prefix(1);
  while (!word.empty() && (word.back() == ' ' || word.back() == '.')) word.remove_suffix(1);
  return word;
}

}  // namespace

bool Parser::names_letter(std::string_view command) {
  return std::ranges::find(kLetterCommands, command) != std::end(kLetterCommands);
}

// In "]0, 1[" the last bracket closes; in "2[x+1]" it opens.
bool Parser::bracket_opens() const {
  if (brackets_ == 0) return true;
  const std::size_t next = text_.find_first_not_of(' ', token_.end);
  if (next == std::string_view::npos) return false;
  const std::string_view rest = text_.substr(next);
  return rest[0] != ']' && rest[0] != ')' && rest[0] != ',' && rest[0] != 'U' && !rest.starts_with("\\cup") &&
         !rest.starts_with("\\cap");
}

// "3 x 10^8": a sign of multiplication between a number and a power of ten.
bool Parser::letter_times() const {
  if (token_.kind != TokenKind::kLetter || token_.text != "x" || !after_literal_ || !token_.spaced)
    return false;
  const std::size_t next = text_.find_first_not_of(' ', token_.end);
  return next != std::string_view::npos && text_.substr(next).starts_with("10^");
}

bool Parser::starts_operand() const {
  switch (token_.kind) {
    case TokenKind::kNumber:
    case TokenKind::kLetter:
    case TokenKind::kName:
      return true;
    case TokenKind::kSign:
      return is_sign('(') || is_sign('{') || (is_sign('[') && bracket_opens()) || (is_sign('|') && !in_bars_);
    case TokenKind::kCommand:
      return function_named(token_.text).has_value() || names_letter(token_.text) ||
             std::ranges::find(kOperandCommands, token_.text) != std::end(kOperandCommands);
    default:
      return false;
  }
}

// Arithmetic on long numbers while reading costs by their length.
void Parser::pay_for(NodeId a, NodeId b) {
  std::size_t limbs = 0;
  for (const NodeId id : {a, b}) {
    if (x_.is_number(id))
      limbs += mpz_size(x_.value(id).get_num_mpz_t()) + mpz_size(x_.value(id).get_den_mpz_t());
  }
  // Bringing a fraction into lowest terms is quadratic.
  if (limbs > 4 && !budget_.spend(static_cast<std::int64_t>(limbs + limbs * limbs / 16)))
    fail("the step budget is spent");
}

// a + b, also entry by entry of matrices and tuples of one shape.
MaybeNode Parser::combined(NodeId a, NodeId b, bool minus) {
  pay_for(a, b);
  if (scalar(a) && scalar(b)) return minus ? x_.subtract(a, b) : x_.add(a, b);
  const Node left = x_.at(a), right = x_.at(b);
  const bool vectors = (left.kind == Kind::kMatrix || left.kind == Kind::kTuple) && left.kind == right.kind &&
                       left.count == right.count && left.detail == right.detail;
  if (!vectors) return fail("cannot add these");
  std::vector<NodeId> entries;
  for (std::uint32_t i = 0; i < left.count; ++i) {
    const NodeId p = x_.operand(a, i), q = x_.operand(b, i);
    if (!scalar(p) || !scalar(q)) return fail("cannot add these");
    entries.push_back(minus ? x_.subtract(p, q) : x_.add(p, q));
  }
  return x_.make(left.kind, left.detail, entries);
}

// a · b, also a scalar into a matrix or tuple.
MaybeNode Parser::times(NodeId a, NodeId b) {
  pay_for(a, b);
  if (scalar(a) && scalar(b)) return x_.multiply(a, b);
  if (!scalar(a)) std::swap(a, b);
  const Node right = x_.at(b);
  if (!scalar(a) || (right.kind != Kind::kMatrix && right.kind != Kind::kTuple))
    return fail("cannot multiply these");
  std::vector<NodeId> entries;
  for (std::uint32_t i = 0; i < right.count; ++i) {
    const NodeId entry = x_.operand(b, i);
    if (!scalar(entry)) return fail("cannot multiply these");
    entries.push_back(x_.multiply(a, entry));
  }
  return x_.make(right.kind, right.detail, entries);
}

MaybeNode Parser::sum() {
  MaybeNode left = product();
  while (left) {
    const bool plus = is_sign('+'), minus = is_sign('-');
    const bool either = is_command("pm"), other = is_command("mp");
    if (!plus && !minus && !either && !other) return left;
    if (minus &&
        (x_.kind(*left) == Kind::kInterval || x_.kind(*left) == Kind::kSet || x_.name_is_number_set(*left))) {
      return left;  // a set difference
    }
    step();
    const MaybeNode right = product();
    if (!right) return std::nullopt;
    if (either || other) {
      if (!scalar(*right) || !scalar(*left)) return fail("cannot add these");
      left = combined(*left, x_.make(Kind::kPlusMinus, 0, {*right}), other);
    } else {
      left = combined(*left, *right, minus);
    }
  }
  return left;
}

// Words behind a value: a scale ("million"), a percent or degree sign in words, or a unit, which is passed
// over with its exponent. False when nothing of this kind stands here.
bool Parser::skip_unit(NodeId& value) {
  if (token_.kind != TokenKind::kText && token_.kind != TokenKind::kWord) return false;
  const std::string_view word = trimmed_word(token_.text);
  if (word == "percent" || word == "percents") {
    value = x_.make(Kind::kPercent, 0, {value});
  } else if (word == "degrees" || word == "degree") {
    value = x_.make(Kind::kDegrees, 0, {value});
  } else if (word == "to" || word == "and" || word == "or") {
    return false;
  } else {
    const auto scale = std::ranges::find(kScales, word, &Scale::word);
    if (scale != std::end(kScales)) value = x_.multiply(value, x_.integer(scale->value));
  }
  step();
  if (is_sign('^')) {
    step();
    if (is_sign('{')) {
      const std::size_t close = text_.find('}', token_.begin);
      if (close == std::string_view::npos) {
        fail("a brace is not closed");
        return true;
      }
      go_to(close + 1);
    } else {
      step();
    }
  }
  return true;
}

MaybeNode Parser::product() {
  MaybeNode left = unary();
  while (left && !failed()) {
    if (is_sign('*') || is_sign('/') || letter_times()) {
      const bool over = is_sign('/');
      step();
      // "9 cm / s": a unit goes on.
      if (token_.kind == TokenKind::kText) {
        NodeId value = *left;
        skip_unit(value);
        continue;
      }
      const MaybeNode right = unary();
      if (!right) return std::nullopt;
      if (over && !scalar(*right)) return fail("cannot divide by this");
      left = times(*left, over ? x_.power(*right, x_.integer(-1)) : *right);
      continue;
    }
    if (scalar(*left) && (token_.kind == TokenKind::kText || token_.kind == TokenKind::kWord)) {
      // A bare word is a unit behind a number only: "The total" is no product.
      if (token_.kind == TokenKind::kWord && x_.contains(*left, Kind::kVariable)) {
        met_words_ = true;
        return fail("words stand in an expression");
      }
      NodeId value = *left;
      if (!skip_unit(value)) return left;
      left = value;
      continue;
    }
    const Kind kind = x_.kind(*left);
    if (!starts_operand() || !(scalar(*left) || kind == Kind::kMatrix)) return left;
    if (token_.kind == TokenKind::kNumber && after_literal_) return fail("two numbers stand side by side");
    const MaybeNode right = postfix();
    if (!right) return std::nullopt;
    left = times(*left, *right);
  }
  return failed() ? std::nullopt : left;
}

MaybeNode Parser::unary() {
  bool negative = false;
  while (is_sign('-') || is_sign('+')) {
    negative = negative != is_sign('-');
    step();
  }
  MaybeNode value;
  if (is_command("pm") || is_command("mp")) {
    step();
    value = postfix();
    if (!value || !scalar(*value)) return fail("both signs of what is no scalar");
    value = x_.make(Kind::kPlusMinus, 0, {*value});
  } else {
    value = postfix();
  }
  if (!value || !negative) return value;
  return times(x_.integer(-1), *value);
}

// What is behind '^': a group, or one operand with its sign; a^b^c is a^(b^c).
MaybeNode Parser::exponent() {
  const Nested nested(*this, false);
  if (!nested.ok()) return std::nullopt;
  bool negative = false;
  while (is_sign('-') || is_sign('+')) {
    negative = negative != is_sign('-');
    step();
  }
  MaybeNode value = is_sign('{') ? brace_group() : operand();
  if (value && is_sign('!')) value = applied(value);
  if (value && eat_sign('^')) {
    const MaybeNode higher = exponent();
    if (!higher) return std::nullopt;
    if (!scalar(*value) || !scalar(*higher)) return fail("an exponent is a scalar");
    value = x_.power(*value, *higher);
  }
  if (!value) return std::nullopt;
  if (!scalar(*value)) return fail("an exponent is a scalar");
  return negative ? x_.negate(*value) : value;
}

// One postfix sign: factorial, percent, degree.
MaybeNode Parser::applied(MaybeNode base) {
  if (!base) return base;
  if (!scalar(*base)) return fail("a sign behind what is no scalar");
  if (eat_sign('!')) {
    const bool twice = is_sign('!') && !token_.spaced;
    if (twice) step();
    if (!budget_.spend(300)) return fail("the step budget is spent");
    return x_.call(twice ? Function::kDoubleFactorial : Function::kFactorial, {*base});
  }
  if (eat_sign('%')) return x_.make(Kind::kPercent, 0, {*base});
  if (eat_command("degree")) return x_.make(Kind::kDegrees, 0, {*base});
  return fail("an unknown sign");
}

MaybeNode Parser::postfix() {
  MaybeNode base = operand();
  for (int count = 0; base && !failed(); ++count) {
    if (count > 40) return fail("too many signs behind an operand");
    if (is_sign('!') || is_sign('%') || is_command("degree")) {
      base = applied(base);
      after_literal_ = false;
      continue;
    }
    if (!is_sign('^')) break;
    step();
    const std::size_t here = token_.begin;
    if (is_sign('{')) step();
    if (is_command("degree")) {
      base = applied(base);
      eat_sign('}');
      after_literal_ = false;
      continue;
    }
    go_to(here);
    const MaybeNode power = exponent();
    if (!power) return std::nullopt;
    if (!scalar(*base)) return fail("a power of what is no scalar");
    base = x_.power(*base, *power);
    after_literal_ = false;
  }
  return failed() ? std::nullopt : base;
}

}  // namespace hone::symbolic_internal
