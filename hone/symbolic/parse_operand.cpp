// Operands: literals, mixed numbers, numerals with a base, variables, constants, functions, fractions, roots.
#include <algorithm>
#include <array>

#include "hone/symbolic/clean.h"
#include "hone/symbolic/parser_impl.h"

namespace hone::symbolic_internal {
namespace {

constexpr std::size_t kMaxNames = 64;
constexpr std::int64_t kExactExponent = 4000;  // powers of ten beyond stay powers

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

MaybeNode Parser::operand() {
  if (!budget_.spend(4)) return fail("the step budget is spent");
  after_literal_ = false;
  switch (token_.kind) {
    case TokenKind::kNumber:
      return number();
    case TokenKind::kLetter:
      return letter();
    case TokenKind::kName: {
      const std::string_view name = token_.text;
      step();
      return function(name);
    }
    case TokenKind::kCommand:
      return command();
    case TokenKind::kSign:
      if (is_sign('{')) return brace_group();
      if (is_sign('(') || is_sign('[') || is_sign(']')) return bracket(token_.text[0]);
      if (is_sign('|')) return bars();
      return fail("an operand is missing before '" + std::string(token_.text) + "'");
    case TokenKind::kWord:
    case TokenKind::kText:
      met_words_ = true;
      return fail("words stand where a value is due");
    case TokenKind::kEnd:
      break;
  }
  return fail("ends where a value is due");
}

// "1 1/2": the fraction of integers that follows white space.
MaybeNode Parser::mixed(const Literal& whole) {
  const auto fraction = [&](std::string_view above, std::string_view below, std::size_t end) -> MaybeNode {
    if (!is_digits(above) || !is_digits(below) || above.size() > 400 || below.size() > 400)
      return std::nullopt;
    const mpz_class n(std::string(above), 10), d(std::string(below), 10);
    if (d == 0 || n >= d || n == 0) return std::nullopt;
    mpq_class value(n, d);
    value.canonicalize();
    go_to(end);
    return x_.number(value + whole.mantissa);
  };
  const auto digits = [&](std::size_t at) {
    const std::size_t end = text_.find_first_not_of("0123456789", at);
    return text_.substr(std::min(at, text_.size()),
                        (end == std::string_view::npos ? text_.size() : end) - std::min(at, text_.size()));
  };
  const auto spaces = [&](std::size_t at) {
    return std::min(text_.find_first_not_of(' ', at), text_.size());
  };
  if (token_.kind == TokenKind::kNumber && token_.spaced) {
    const std::string_view above = digits(token_.begin);
    const std::size_t slash = spaces(token_.begin + above.size());
    if (slash >= text_.size() || text_[slash] != '/') return std::nullopt;
    const std::size_t under = spaces(slash + 1);
    const std::string_view below = digits(under);
    return fraction(above, below, under + below.size());
  }
  if (!is_command("frac")) return std::nullopt;
  // \frac{1}{2}, \frac12 and what is between.
  std::size_t at = token_.end;
  std::array<std::string_view, 2> parts;
  for (std::string_view& part : parts) {
    at = spaces(at);
    if (at < text_.size() && text_[at] == '{') {
      const std::size_t begin = spaces(at + 1);
      part = digits(begin);
      at = spaces(begin + part.size());
      if (at >= text_.size() || text_[at] != '}') return std::nullopt;
      ++at;
    } else {
      part = text_.substr(std::min(at, text_.size()), 1);
      ++at;
    }
  }
  return fraction(parts[0], parts[1], std::min(at, text_.size()));
}

// "101_2", "4210_{5}": digits below the base.
MaybeNode Parser::numeral(std::size_t begin, std::size_t end) {
  const std::string_view digits = text_.substr(begin, end - begin);
  step();
  const MaybeNode base = is_sign('{') ? brace_group() : operand();
  if (!base) return std::nullopt;
  if (!x_.is_number(*base) || !is_digits(digits)) return fail("a base is an integer");
  std::size_t zeros = digits.find_first_not_of('0');
  if (zeros == std::string_view::npos) zeros = digits.size() - 1;
  return x_.numeral(digits.substr(zeros), *base);
}

MaybeNode Parser::number() {
  const std::size_t begin = token_.begin;
  const auto literal = read_literal(text_, begin, {brackets_ == 0, options_.decimal_comma});
  if (!literal) return fail("a number that cannot be read");
  literal_ = *literal;
  ++literals_;
  const std::size_t end = literal->end;
  go_to(end);
  if (literal->integer && is_sign('_')) return numeral(begin, end);
  if (literal->integer) {
    if (const MaybeNode both = mixed(*literal)) return both;
  }
  if (failed()) return std::nullopt;
  after_literal_ = true;
  if (literal->exponent == 0) return x_.number(literal->mantissa);
  if (literal->exponent > kExactExponent || literal->exponent < -kExactExponent) {
    if (literal->mantissa == 0) return x_.integer(0);
    return x_.multiply(x_.number(literal->mantissa), x_.power(x_.integer(10), x_.integer(literal->exponent)));
  }
  mpz_class power;
  mpz_ui_pow_ui(power.get_mpz_t(), 10, static_cast<unsigned long>(std::abs(literal->exponent)));
  mpq_class value = literal->mantissa;
  value = literal->exponent < 0 ? mpq_class(value / power) : mpq_class(value * power);
  return x_.number(std::move(value));
}

// A name with its primes and its subscript: x', x_1, a_{n}.
MaybeNode Parser::variable(std::string name) {
  while (eat_sign('\'')) name += '\'';
  if (eat_sign('_')) {
    std::string_view subscript;
    if (is_sign('{')) {
      const std::size_t close = text_.find('}', token_.begin);
      if (close == std::string_view::npos || close > token_.begin + 24)
        return fail("a subscript is not closed");
      subscript = text_.substr(token_.begin + 1, close - token_.begin - 1);
      go_to(close + 1);
    } else if (token_.kind == TokenKind::kNumber || token_.kind == TokenKind::kLetter) {
      subscript = text_.substr(token_.begin, 1);
      go_to(token_.begin + 1);
    } else {
      return fail("an unknown subscript");
    }
    name += '_';
    for (const char c : subscript) {
      if (c != ' ') name += c;
    }
  }
  if (x_.names() >= kMaxNames) return fail("too many variables");
  return x_.variable(name);
}

MaybeNode Parser::letter() {
  const std::string name(token_.text);
  step();
  const bool plain = !is_sign('_') && !is_sign('\'');
  if (name == "e" && plain) return x_.constant(Kind::kEuler);
  if (name == "i" && plain) return x_.constant(Kind::kImaginary);
  return variable(name);
}

MaybeNode Parser::number_set() {
  std::string_view name = token_.text;
  if (is_sign('{')) {
    const std::size_t close = text_.find('}', token_.begin);
    if (close == std::string_view::npos || close > token_.begin + 8) return fail("an unknown set");
    name = text_.substr(token_.begin + 1, close - token_.begin - 1);
    go_to(close + 1);
  } else {
    step();
  }
  if (name.empty()) return fail("an unknown set");
  return x_.variable("\\" + std::string(name));
}

// \overline{AB}, \vec{v}: a name of its own.
MaybeNode Parser::accent(std::string_view name) {
  std::string whole = "\\" + std::string(name) + " ";
  std::size_t end = token_.end;
  if (name == "angle" || name == "triangle") {
    end = std::min(text_.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ", token_.begin), text_.size());
    if (end == token_.begin) return fail("an angle without a name");
  } else if (is_sign('{')) {
    const std::size_t close = text_.find('}', token_.begin);
    if (close == std::string_view::npos || close > token_.begin + 24) return fail("an accent is not closed");
    end = close + 1;
  } else if (token_.kind != TokenKind::kLetter) {
    return fail("an accent over nothing");
  }
  for (const char c : text_.substr(token_.begin, end - token_.begin)) {
    if (c != ' ' && c != '{' && c != '}') whole += c;
  }
  go_to(end);
  return variable(std::move(whole));
}

MaybeNode Parser::square_root(std::string_view name) {
  MaybeNode index = x_.integer(name == "cbrt" ? 3 : 2);
  const Nested nested(*this, false);
  if (!nested.ok()) return std::nullopt;
  if (name == "sqrt" && is_sign('[')) {
    step();
    index = sum();
    if (!index || !eat_sign(']')) return fail("a root's index is not closed");
  }
  const MaybeNode radicand = is_sign('(') ? bracket('(') : argument(true);
  if (!radicand || !index) return std::nullopt;
  if (!scalar(*radicand) || !scalar(*index)) return fail("a root of what is no scalar");
  return x_.root(*radicand, *index);
}

std::optional<std::vector<NodeId>> Parser::arguments() {
  const Nested nested(*this, true);
  if (!nested.ok()) return std::nullopt;
  step();
  auto found = elements();
  if (!found) return std::nullopt;
  if (!eat_sign(')')) return fail("a bracket is not closed");
  for (const NodeId argument : *found) {
    if (!scalar(argument)) return fail("an argument is no scalar");
  }
  return found;
}

MaybeNode Parser::call(Function f, const std::vector<NodeId>& given, MaybeNode base) {
  if (!budget_.spend(50)) return fail("the step budget is spent");
  const bool many = f == Function::kGcd || f == Function::kLcm || f == Function::kMin || f == Function::kMax;
  if (f == Function::kLog) {
    if (given.size() != 1) return fail("a logarithm has one argument");
    return x_.call(f, {base ? *base : x_.integer(10), given[0]});
  }
  if (base) return fail("a subscript at a function");
  if (f == Function::kBinomial) {
    if (given.size() != 2) return fail("a binomial has two arguments");
    return x_.call(f, {given[0], given[1]});
  }
  if (!many) {
    if (given.size() != 1) return fail("a function of one argument");
    return x_.call(f, {given[0]});
  }
  NodeId value = given[0];
  for (std::size_t i = 1; i < given.size(); ++i) value = x_.call(f, {value, given[i]});
  return value;
}

// A logarithm's base: of "\log_28" the 2, of "log_10 100" and "log_{10}" the 10.
MaybeNode Parser::subscript() {
  if (token_.kind != TokenKind::kNumber || token_.text[0] == '.') return argument();
  const std::size_t begin = token_.begin;
  const std::size_t end = std::min(text_.find_first_not_of("0123456789", begin), text_.size());
  go_to(end);
  if (end - begin == 1 || end - begin > 18 || !starts_operand()) {
    const long digit = text_[begin] - '0';
    go_to(begin + 1);
    return x_.integer(digit);
  }
  return x_.number(mpq_class(mpz_class(std::string(text_.substr(begin, end - begin)), 10)));
}

// A function's name was read; `name` is it without backslash.
MaybeNode Parser::function(std::string_view name) {
  if (name == "pi") return x_.constant(Kind::kPi);
  if (name == "infinity" || name == "infty" || name == "inf" || name == "oo")
    return x_.constant(Kind::kInfinity);
  if (name == "sqrt" || name == "cbrt") return square_root(name);
  const Nested nested(*this, false);
  if (!nested.ok()) return std::nullopt;
  const bool is_exp = name == "exp";
  const auto named = function_named(name);
  if (!is_exp && !named) return fail("an unknown function");
  Function f = named.value_or(Function::kLn);
  MaybeNode base;
  NodeId raised = 0;
  bool is_raised = false;
  for (int i = 0; i < 2; ++i) {
    if (is_sign('^') && !is_raised) {
      step();
      const MaybeNode power = exponent();
      if (!power) return std::nullopt;
      raised = *power;
      is_raised = true;
    } else if (is_sign('_') && !base) {
      step();
      base = subscript();
      if (!base) return std::nullopt;
      if (!scalar(*base)) return fail("a base is a scalar");
    }
  }
  if (is_raised && x_.is_number(raised) && x_.value(raised) == -1 && f <= Function::kCsc && !is_exp) {
    f = static_cast<Function>(static_cast<int>(f) + static_cast<int>(Function::kArcsin));
    is_raised = false;
  }
  std::vector<NodeId> given;
  if (is_sign('(')) {
    auto found = arguments();
    if (!found) return std::nullopt;
    given = std::move(*found);
  } else {
    // Without brackets: the factors up to the next function or operator.
    MaybeNode product = is_sign('-') ? unary() : postfix();
    if (!product) return std::nullopt;
    while (starts_operand() && !is_sign('(') && token_.kind != TokenKind::kName &&
           !function_named(token_.text) && !(token_.kind == TokenKind::kNumber && after_literal_)) {
      const MaybeNode next = postfix();
      if (!next || !scalar(*next) || !scalar(*product)) return fail("an argument is no scalar");
      product = x_.multiply(*product, *next);
    }
    if (!scalar(*product)) return fail("an argument is no scalar");
    given = {*product};
  }
  after_literal_ = false;
  MaybeNode value = is_exp ? MaybeNode(x_.power(x_.constant(Kind::kEuler), given[0])) : call(f, given, base);
  if (value && is_raised) value = x_.power(*value, raised);
  return value;
}

MaybeNode Parser::command() {
  const std::string_view name = token_.text;
  step();
  if (name == "frac") {
    const MaybeNode above = argument();
    const MaybeNode below = above ? argument() : std::nullopt;
    if (!above || !below) return std::nullopt;
    if (!scalar(*above) || !scalar(*below)) return fail("a fraction of what is no scalar");
    after_literal_ = false;
    return x_.divide(*above, *below);
  }
  if (name == "binom") {
    const MaybeNode n = argument();
    const MaybeNode k = n ? argument() : std::nullopt;
    if (!n || !k) return std::nullopt;
    if (!scalar(*n) || !scalar(*k)) return fail("a binomial of what is no scalar");
    if (!budget_.spend(300)) return fail("the step budget is spent");
    return x_.call(Function::kBinomial, {*n, *k});
  }
  if (name == "{") return set();
  if (name == "emptyset") return x_.make(Kind::kSet, 0, {});
  if (name == "lfloor") return between("rfloor", Function::kFloor);
  if (name == "lceil") return between("rceil", Function::kCeiling);
  if (name == "langle") return angle();
  if (name == "begin") return environment();
  if (name == "mathbb") return number_set();
  if (name == "R" || name == "Z" || name == "N" || name == "Q" || name == "C")
    return x_.variable("\\" + std::string(name));
  if (name == "overline" || name == "vec" || name == "hat" || name == "bar" || name == "tilde" ||
      name == "angle" || name == "triangle")
    return accent(name);
  if (name == "pi" || name == "infty" || name == "sqrt" || name == "cbrt" || name == "exp" ||
      function_named(name)) {
    return function(name);
  }
  const bool letter = names_letter(name);
  if (!letter) return fail("an unknown command \\" + std::string(name.substr(0, 20)));
  return variable("\\" + std::string(name));
}

}  // namespace hone::symbolic_internal
