// Answers that are no single scalar: lists, relations, unions, ratios, times of day, words.
#include <algorithm>
#include <array>
#include <cctype>

#include "hone/symbolic/clean.h"
#include "hone/symbolic/parser_impl.h"

namespace hone {
namespace symbolic_internal {

Parser::Nested::Nested(Parser& parser, bool brackets)
    : parser_(parser),
      bars_before_(parser.in_bars_),
      brackets_(brackets),
      ok_(parser.depth_ < kMaxAnswerDepth) {
  ++parser_.depth_;
  parser_.brackets_ += brackets_ ? 1 : 0;
  parser_.in_bars_ = false;
  if (!ok_) parser_.fail("nests too deep");
}

Parser::Nested::~Nested() {
  --parser_.depth_;
  parser_.brackets_ -= brackets_ ? 1 : 0;
  parser_.in_bars_ = bars_before_;
}

// One or several of: comma, semicolon, "and", "or". Commas alone do not repeat.
bool Parser::separator() {
  bool found = false;
  if (is_sign(',') || is_sign(';')) {
    step();
    found = true;
  }
  while (is_command("sep")) {
    step();
    found = true;
  }
  return found;
}

std::optional<std::vector<NodeId>> Parser::elements() {
  std::vector<NodeId> found;
  do {
    const MaybeNode element = statement();
    if (!element) return std::nullopt;
    found.push_back(*element);
  } while (separator());
  return found;
}

std::optional<Relation> Parser::relation_sign() const {
  if (is_sign('=')) return Relation::kEqual;
  if (is_sign('<')) return Relation::kLess;
  if (is_sign('>')) return Relation::kGreater;
  if (token_.kind != TokenKind::kCommand) return std::nullopt;
  if (token_.text == "le") return Relation::kLessEqual;
  if (token_.text == "ge") return Relation::kGreaterEqual;
  if (token_.text == "ne") return Relation::kNotEqual;
  if (token_.text == "in") return Relation::kIn;
  if (token_.text == "approx") return Relation::kApprox;
  return std::nullopt;
}

// "f(x) =", "f^{-1}(x) =": a name that is defined, and no product.
MaybeNode Parser::called_name() {
  std::size_t at = token_.begin;
  const std::size_t begin = at;
  const auto is_letter = [&] {
    return at < text_.size() && std::isalpha(static_cast<unsigned char>(text_[at]));
  };
  const auto spaces = [&] {
    while (at < text_.size() && text_[at] == ' ') ++at;
  };
  if (!is_letter()) return std::nullopt;
  ++at;
  for (const std::string_view mark : {"^{-1}", "^-1", "'"}) {
    if (text_.substr(at).starts_with(mark)) at += mark.size();
  }
  spaces();
  if (at >= text_.size() || text_[at] != '(') return std::nullopt;
  ++at;
  spaces();
  if (!is_letter()) return std::nullopt;
  while (is_letter() || (at < text_.size() && (text_[at] == ',' || text_[at] == ' '))) ++at;
  if (at >= text_.size() || text_[at] != ')' || at - begin > 24) return std::nullopt;
  const std::size_t end = ++at;
  spaces();
  if (at >= text_.size() || text_[at] != '=') return std::nullopt;
  std::string name;
  for (std::size_t i = begin; i < end; ++i) {
    if (text_[i] != ' ') name += text_[i];
  }
  go_to(end);
  return variable(std::move(name));
}

MaybeNode Parser::statement() {
  std::vector<NodeId> sides;
  std::vector<Relation> signs;
  // "= 5", "≈ 3.14": the left side was said before.
  if (is_sign('=') || is_command("approx")) step();
  while (true) {
    MaybeNode next = sides.empty() ? called_name() : std::nullopt;
    if (!next) next = side();
    if (!next) return std::nullopt;
    sides.push_back(*next);
    if (eat_command("implies")) {
      sides.clear();
      signs.clear();
      continue;
    }
    const auto sign = relation_sign();
    if (!sign) break;
    signs.push_back(*sign);
    step();
    if (sides.size() > 64) return fail("too many sides");
  }
  if (sides.size() == 1) return sides[0];
  const auto made = [&](Relation r, NodeId a, NodeId b) {
    return x_.make(Kind::kRelation, static_cast<std::uint32_t>(r), {a, b});
  };
  const auto is_equality = [](Relation r) { return r == Relation::kEqual || r == Relation::kApprox; };
  if (std::ranges::all_of(signs, is_equality)) return made(Relation::kEqual, sides.front(), sides.back());
  if (sides.size() == 2) return made(signs[0], sides[0], sides[1]);
  std::vector<NodeId> parts;
  for (std::size_t i = 0; i < signs.size(); ++i) parts.push_back(made(signs[i], sides[i], sides[i + 1]));
  return x_.make(Kind::kAll, 0, parts);
}

MaybeNode Parser::side() { return ratio(); }

MaybeNode Parser::ratio() {
  MaybeNode first = set_expression();
  if (!first || !(is_sign(':') || is_command("to"))) return first;
  std::vector<NodeId> terms = {*first};
  while (is_sign(':') || is_command("to")) {
    step();
    const MaybeNode next = set_expression();
    if (!next) return std::nullopt;
    if (!scalar(*next) || !scalar(terms[0])) return fail("a ratio is of numbers");
    terms.push_back(*next);
  }
  return x_.make(Kind::kRatio, 0, terms);
}

MaybeNode Parser::set_expression() {
  MaybeNode left = sum();
  while (left) {
    Kind kind;
    const bool is_set = !scalar(*left) || x_.kind(*left) == Kind::kVariable;
    if (is_command("cup") || (is_set && !scalar(*left) && token_.text == "U") || token_.text == "union") {
      kind = Kind::kUnion;
    } else if (is_command("cap")) {
      kind = Kind::kIntersection;
    } else if (is_command("setminus") || (is_set && !scalar(*left) && is_sign('-'))) {
      kind = Kind::kSetMinus;
    } else {
      break;
    }
    step();
    const MaybeNode right = sum();
    if (!right) return std::nullopt;
    left = x_.make(kind, 0, {*left, *right});
  }
  return left;
}

MaybeNode Parser::answer() {
  const auto found = elements();
  if (!found || failed()) return std::nullopt;
  if (token_.kind != TokenKind::kEnd) {
    if (token_.kind == TokenKind::kWord || token_.kind == TokenKind::kText) met_words_ = true;
    return fail("cannot go on with '" + std::string(token_.text.substr(0, 20)) + "'");
  }
  if (found->size() == 1) return found->front();
  return x_.make(Kind::kList, 0, *found);
}

}  // namespace symbolic_internal

namespace {

// "2:30 p.m.", "14:05": hours, minutes; the half of the day when it is said.
std::optional<NodeId> read_clock(std::string_view cleaned, Expressions& expressions) {
  if (cleaned.size() > 40 || cleaned.find_first_of(":mM") == std::string_view::npos) return std::nullopt;
  std::string compact;
  for (std::size_t i = 0; i < cleaned.size(); ++i) {
    const char c = cleaned[i];
    if (cleaned.substr(i).starts_with("\\text{")) {
      i += 5;
    } else if (c != ' ' && c != '.' && c != '{' && c != '}') {
      compact += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  std::size_t colon = compact.find(':');
  // "6 p.m." is 6:00 p.m.
  if (colon == std::string::npos && (compact.ends_with("am") || compact.ends_with("pm"))) {
    colon = compact.size() - 2;
    compact.insert(colon, ":00");
  }
  const auto digit = [&](std::size_t i) {
    return i < compact.size() && compact[i] >= '0' && compact[i] <= '9';
  };
  if (colon == std::string::npos || colon == 0 || colon > 2 || !digit(0) || (colon == 2 && !digit(1)))
    return std::nullopt;
  if (!digit(colon + 1) || !digit(colon + 2)) return std::nullopt;
  const long hours = std::stol(compact.substr(0, colon)), minutes = std::stol(compact.substr(colon + 1, 2));
  const std::string rest = compact.substr(colon + 3);
  if (hours > 24 || minutes > 59 || !(rest.empty() || rest == "am" || rest == "pm")) return std::nullopt;
  const std::uint32_t half = rest.empty() ? 0 : rest == "am" ? 1 : 2;
  return expressions.make(Kind::kClock, half, {expressions.integer(hours), expressions.integer(minutes)});
}

// "2BC_{16}", "\\text{A3}_{12}": digits beyond 9. One letter alone is a variable.
std::optional<NodeId> read_numeral(std::string_view cleaned, Expressions& expressions) {
  const std::size_t bar = cleaned.rfind('_');
  if (bar == std::string_view::npos || cleaned.size() > 80) return std::nullopt;
  std::string digits, base;
  for (std::size_t i = 0; i < bar; ++i) {
    const char c = cleaned[i];
    if (cleaned.substr(i).starts_with("\\text{") || cleaned.substr(i).starts_with("\\word{")) {
      i += 5;
    } else if (std::isdigit(static_cast<unsigned char>(c)) || (c >= 'A' && c <= 'Z')) {
      digits += c;
    } else if (c != ' ' && c != '{' && c != '}') {
      return std::nullopt;
    }
  }
  for (const char c : cleaned.substr(bar + 1)) {
    if (std::isdigit(static_cast<unsigned char>(c))) {
      base += c;
    } else if (c != ' ' && c != '{' && c != '}') {
      return std::nullopt;
    }
  }
  if (digits.size() < 2 || digits.find_first_not_of("0123456789") == std::string::npos) return std::nullopt;
  if (base.empty() || base.size() > 2 || std::stol(base) < 11 || std::stol(base) > 36) return std::nullopt;
  return expressions.numeral(digits, expressions.integer(std::stol(base)));
}

// Dates stay words: "March 5" is not five.
bool names_month(std::string_view words) {
  constexpr std::array<std::string_view, 12> kMonths = {"january",   "february", "march",    "april",
                                                        "may",       "june",     "july",     "august",
                                                        "september", "october",  "november", "december"};
  std::size_t at = 0;
  while (at < words.size()) {
    const std::size_t end = std::min(words.find(' ', at), words.size());
    const std::string_view word = words.substr(at, end - at);
    if (std::ranges::find(kMonths, word) != kMonths.end()) return true;
    at = end + 1;
  }
  return false;
}

}  // namespace

Result<ParsedAnswer> parse_answer(std::string_view text, const ParseOptions& options,
                                  Expressions& expressions, Budget& budget) {
  if (text.size() > kMaxAnswerBytes) {
    return Error{"answer", "must have at most " + std::to_string(kMaxAnswerBytes) + " bytes",
                 std::to_string(text.size())};
  }
  if (!budget.spend(static_cast<std::int64_t>(text.size()) + 10))
    return Error{"answer", "the step budget is spent", ""};
  std::string cleaned = clean_math(text);
  while (!cleaned.empty() &&
         (cleaned.back() == ' ' || cleaned.back() == '.' || cleaned.back() == ',' || cleaned.back() == ';')) {
    cleaned.pop_back();
  }
  if (cleaned.find_first_not_of(' ') == std::string::npos) return Error{"answer", "must not be empty", ""};
  ParsedAnswer parsed;
  if (const auto clock = read_clock(cleaned, expressions)) {
    parsed.root = *clock;
    return parsed;
  }
  if (const auto numeral = read_numeral(cleaned, expressions)) {
    parsed.root = *numeral;
    return parsed;
  }
  symbolic_internal::Parser parser(cleaned, options, expressions, budget);
  const auto root = parser.answer();
  const bool dated = cleaned.size() <= 60 && names_month(fold_words(text));
  if (root && !dated) {
    parsed.root = *root;
    const Literal& literal = parser.literal();
    // One literal and nothing else but a sign: the root is a number with that point.
    parsed.decimal = parser.literals() == 1 && literal.decimals > 0 && expressions.is_number(*root);
    parsed.decimals = literal.decimals;
    return parsed;
  }
  if (parser.met_words() || dated) {
    std::string words = fold_words(text);
    if (!words.empty() && words.size() <= 400) {
      parsed.root = expressions.text(words);
      return parsed;
    }
  }
  return Error{"answer: byte " + std::to_string(parser.position()), parser.complaint(),
               "'" + cleaned.substr(0, 60) + "'"};
}

}  // namespace hone
