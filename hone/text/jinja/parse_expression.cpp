// Expressions, by precedence from the loosest (conditional) to the tightest (primary).
#include <algorithm>
#include <charconv>
#include <optional>

#include "hone/text/jinja/parser.h"

namespace hone::jinja {
namespace {

using Kind = Expr::Kind;

constexpr int kMaxNesting = 100;  // brackets within brackets

Result<ExprPtr> constant(Value value, int line) {
  Expr node = node_of(Kind::kConstant, line);
  node.constant = std::move(value);
  return finish(std::move(node));
}

template <class... Items>
Result<ExprPtr> make(Kind kind, int line, Items... items) {
  Expr node = node_of(kind, line);
  (node.items.push_back(std::move(items)), ...);
  return finish(std::move(node));
}

Result<ExprPtr> binary(Op op, int line, ExprPtr left, ExprPtr right) {
  Expr node = node_of(Kind::kBinary, line);
  node.ops.push_back(op);
  node.items.push_back(std::move(left));
  node.items.push_back(std::move(right));
  return finish(std::move(node));
}

std::optional<Op> comparison_op(const std::string& text) {
  if (text == "==") return Op::kEq;
  if (text == "!=") return Op::kNe;
  if (text == "<") return Op::kLt;
  if (text == "<=") return Op::kLe;
  if (text == ">") return Op::kGt;
  if (text == ">=") return Op::kGe;
  return std::nullopt;
}

class Nested {
 public:
  explicit Nested(int& level) : level_(level) { ++level_; }
  ~Nested() { --level_; }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;

 private:
  int& level_;
};

Error too_deep(int line) {
  return {place(line), "brackets must not nest deeper than " + std::to_string(kMaxNesting), ""};
}

}  // namespace

Expr node_of(Expr::Kind kind, int line) {
  Expr node{};
  node.kind = kind;
  node.line = line;
  return node;
}

Result<ExprPtr> finish(Expr node) {
  constexpr int kMaxHeight = 400;
  int height = 0;
  for (const ExprPtr& item : node.items) height = std::max(height, item ? item->height : 0);
  for (const Argument& argument : node.arguments) height = std::max(height, argument.value->height);
  node.height = height + 1;
  if (node.height > kMaxHeight) {
    return Error{place(node.line), "an expression must not nest deeper than " + std::to_string(kMaxHeight),
                 ""};
  }
  return ExprPtr(std::make_unique<const Expr>(std::move(node)));
}

Result<ExprPtr> ExpressionParser::expression(bool conditional) {
  const Nested guard(nesting_);
  if (nesting_ > kMaxNesting) return too_deep(tokens_.line());
  if (!conditional) return or_expression();
  HONE_TRY(ExprPtr value, or_expression());
  while (tokens_.at_word("if")) {
    const int line = tokens_.line();
    tokens_.skip();
    HONE_TRY(ExprPtr condition, or_expression());
    ExprPtr otherwise;
    if (tokens_.take_word("else")) {
      HONE_TRY(otherwise, expression());
    }
    HONE_TRY(value,
             make(Kind::kConditional, line, std::move(value), std::move(condition), std::move(otherwise)));
  }
  return value;
}

Result<ExprPtr> ExpressionParser::tuple(bool conditional, std::string_view end) {
  const int line = tokens_.line();
  Expr node = node_of(Kind::kTuple, line);
  const auto ended = [&] {
    return tokens_.at(Token::Kind::kPrintEnd) || tokens_.at(Token::Kind::kBlockEnd) ||
           tokens_.at_operator(")") || (!end.empty() && tokens_.at_word(end));
  };
  bool comma = false;
  while (!ended()) {
    HONE_TRY(ExprPtr item, expression(conditional));
    node.items.push_back(std::move(item));
    if (!tokens_.take_operator(",")) break;
    comma = true;
  }
  if (node.items.empty()) return tokens_.unexpected("an expression");
  if (!comma) return std::move(node.items[0]);
  return finish(std::move(node));
}

Result<ExprPtr> ExpressionParser::or_expression() {
  HONE_TRY(ExprPtr left, and_expression());
  while (tokens_.at_word("or")) {
    const int line = tokens_.line();
    tokens_.skip();
    HONE_TRY(ExprPtr right, and_expression());
    HONE_TRY(left, make(Kind::kOr, line, std::move(left), std::move(right)));
  }
  return left;
}

Result<ExprPtr> ExpressionParser::and_expression() {
  HONE_TRY(ExprPtr left, not_expression());
  while (tokens_.at_word("and")) {
    const int line = tokens_.line();
    tokens_.skip();
    HONE_TRY(ExprPtr right, not_expression());
    HONE_TRY(left, make(Kind::kAnd, line, std::move(left), std::move(right)));
  }
  return left;
}

Result<ExprPtr> ExpressionParser::not_expression() {
  const int line = tokens_.line();
  if (!tokens_.take_word("not")) return comparison();
  const Nested guard(nesting_);
  if (nesting_ > kMaxNesting) return too_deep(line);
  HONE_TRY(ExprPtr operand, not_expression());
  return make(Kind::kNot, line, std::move(operand));
}

Result<ExprPtr> ExpressionParser::comparison() {
  Expr node = node_of(Kind::kCompare, tokens_.line());
  HONE_TRY(ExprPtr first, sum());
  node.items.push_back(std::move(first));
  while (true) {
    std::optional<Op> op;
    if (tokens_.at(Token::Kind::kOperator)) op = comparison_op(tokens_.current().text);
    if (op) {
      tokens_.skip();
    } else if (tokens_.take_word("in")) {
      op = Op::kIn;
    } else if (tokens_.at_word("not") && tokens_.next().kind == Token::Kind::kName &&
               tokens_.next().text == "in") {
      tokens_.skip();
      tokens_.skip();
      op = Op::kNotIn;
    } else {
      break;
    }
    HONE_TRY(ExprPtr operand, sum());
    node.ops.push_back(*op);
    node.items.push_back(std::move(operand));
  }
  if (node.ops.empty()) return std::move(node.items[0]);
  return finish(std::move(node));
}

Result<ExprPtr> ExpressionParser::sum() {
  HONE_TRY(ExprPtr left, concatenation());
  while (tokens_.at_operator("+") || tokens_.at_operator("-")) {
    const int line = tokens_.line();
    const Op op = tokens_.current().text == "+" ? Op::kAdd : Op::kSub;
    tokens_.skip();
    HONE_TRY(ExprPtr right, concatenation());
    HONE_TRY(left, binary(op, line, std::move(left), std::move(right)));
  }
  return left;
}

Result<ExprPtr> ExpressionParser::concatenation() {
  Expr node = node_of(Kind::kConcat, tokens_.line());
  do {
    HONE_TRY(ExprPtr item, product());
    node.items.push_back(std::move(item));
  } while (tokens_.take_operator("~"));
  if (node.items.size() == 1) return std::move(node.items[0]);
  return finish(std::move(node));
}

Result<ExprPtr> ExpressionParser::product() {
  HONE_TRY(ExprPtr left, power());
  while (tokens_.at(Token::Kind::kOperator)) {
    const std::string& text = tokens_.current().text;
    const int line = tokens_.line();
    Op op;
    if (text == "*") {
      op = Op::kMul;
    } else if (text == "/") {
      op = Op::kDiv;
    } else if (text == "//") {
      op = Op::kFloorDiv;
    } else if (text == "%") {
      op = Op::kMod;
    } else {
      break;
    }
    tokens_.skip();
    HONE_TRY(ExprPtr right, power());
    HONE_TRY(left, binary(op, line, std::move(left), std::move(right)));
  }
  return left;
}

Result<ExprPtr> ExpressionParser::power() {
  HONE_TRY(ExprPtr left, unary());
  while (tokens_.at_operator("**")) {
    const int line = tokens_.line();
    tokens_.skip();
    HONE_TRY(ExprPtr right, unary());
    HONE_TRY(left, binary(Op::kPow, line, std::move(left), std::move(right)));
  }
  return left;
}

Result<ExprPtr> ExpressionParser::unary(bool with_filters) {
  const int line = tokens_.line();
  ExprPtr node;
  if (tokens_.at_operator("-") || tokens_.at_operator("+")) {
    const Nested guard(nesting_);
    if (nesting_ > kMaxNesting) return too_deep(line);
    const Kind kind = tokens_.current().text == "-" ? Kind::kNegate : Kind::kPlus;
    tokens_.skip();
    HONE_TRY(ExprPtr operand, unary(false));
    HONE_TRY(node, make(kind, line, std::move(operand)));
  } else {
    HONE_TRY(node, primary());
  }
  HONE_TRY(node, postfix(std::move(node)));
  return with_filters ? filtered(std::move(node)) : std::move(node);
}

Result<ExprPtr> ExpressionParser::primary() {
  const Token token = tokens_.current();
  switch (token.kind) {
    case Token::Kind::kName: {
      tokens_.skip();
      if (token.text == "true" || token.text == "True") return constant(true, token.line);
      if (token.text == "false" || token.text == "False") return constant(false, token.line);
      if (token.text == "none" || token.text == "None") return constant(None{}, token.line);
      Expr node = node_of(Kind::kName, token.line);
      node.name = token.text;
      return finish(std::move(node));
    }
    case Token::Kind::kString: {
      std::string text;
      for (; tokens_.at(Token::Kind::kString); tokens_.skip()) text += tokens_.current().text;
      return constant(Value(std::move(text)), token.line);
    }
    case Token::Kind::kInteger:
    case Token::Kind::kFloat:
      return number();
    case Token::Kind::kOperator:
      if (token.text == "[") return list();
      if (token.text == "{") return dict();
      if (token.text == "(") {
        tokens_.skip();
        if (tokens_.take_operator(")")) return make(Kind::kTuple, token.line);
        HONE_TRY(ExprPtr inner, tuple());
        HONE_TRY_VOID(tokens_.expect_operator(")"));
        return inner;
      }
      return tokens_.unexpected("an expression");
    default:
      return tokens_.unexpected("an expression");
  }
}

Result<ExprPtr> ExpressionParser::number() {
  const Token token = tokens_.current();
  tokens_.skip();
  std::string digits = token.text;
  std::erase(digits, '_');
  const char* begin = digits.data();
  const char* const end = begin + digits.size();
  if (token.kind == Token::Kind::kFloat) {
    double value = 0;
    const auto read = std::from_chars(begin, end, value);
    if (read.ec != std::errc() || read.ptr != end)
      return Error{place(token.line), "a float must fit a double", token.text};
    return constant(value, token.line);
  }
  int base = 10;
  if (digits.size() > 2 && digits[0] == '0') {
    const char mark = static_cast<char>(digits[1] | 0x20);
    base = mark == 'x' ? 16 : (mark == 'o' ? 8 : (mark == 'b' ? 2 : 10));
    if (base != 10) begin += 2;
  }
  std::int64_t value = 0;
  const auto read = std::from_chars(begin, end, value, base);
  if (read.ec != std::errc() || read.ptr != end)
    return Error{place(token.line), "an integer must fit 64 bits", token.text};
  return constant(value, token.line);
}

Result<ExprPtr> ExpressionParser::list() {
  Expr node = node_of(Kind::kList, tokens_.line());
  tokens_.skip();
  while (!tokens_.at_operator("]")) {
    HONE_TRY(ExprPtr item, expression());
    node.items.push_back(std::move(item));
    if (!tokens_.take_operator(",")) break;
  }
  HONE_TRY_VOID(tokens_.expect_operator("]"));
  return finish(std::move(node));
}

Result<ExprPtr> ExpressionParser::dict() {
  Expr node = node_of(Kind::kDict, tokens_.line());
  tokens_.skip();
  while (!tokens_.at_operator("}")) {
    HONE_TRY(ExprPtr key, expression());
    HONE_TRY_VOID(tokens_.expect_operator(":"));
    HONE_TRY(ExprPtr value, expression());
    node.items.push_back(std::move(key));
    node.items.push_back(std::move(value));
    if (!tokens_.take_operator(",")) break;
  }
  HONE_TRY_VOID(tokens_.expect_operator("}"));
  return finish(std::move(node));
}

}  // namespace hone::jinja
