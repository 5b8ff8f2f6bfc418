// What follows an operand: attributes, subscripts, calls, filters and tests; and the targets of assignments.
#include <charconv>
#include <utility>

#include "hone/text/jinja/parser.h"

namespace hone::jinja {
namespace {

using Kind = Expr::Kind;

Expr after(Kind kind, int line, ExprPtr subject) {
  Expr node = node_of(kind, line);
  node.items.push_back(std::move(subject));
  return node;
}

bool starts_operand(const Token& token) {
  switch (token.kind) {
    case Token::Kind::kName:
      return token.text != "else" && token.text != "or" && token.text != "and";
    case Token::Kind::kString:
    case Token::Kind::kInteger:
    case Token::Kind::kFloat:
      return true;
    case Token::Kind::kOperator:
      return token.text == "[" || token.text == "{";
    default:
      return false;
  }
}

}  // namespace

Result<ExprPtr> ExpressionParser::postfix(ExprPtr node) {
  while (true) {
    if (tokens_.at_operator(".") || tokens_.at_operator("[")) {
      HONE_TRY(node, subscript(std::move(node)));
    } else if (tokens_.at_operator("(")) {
      HONE_TRY(node, call(std::move(node)));
    } else {
      return node;
    }
  }
}

Result<ExprPtr> ExpressionParser::filtered(ExprPtr node) {
  while (true) {
    if (tokens_.at_operator("|")) {
      HONE_TRY(node, filters(std::move(node)));
    } else if (tokens_.at_word("is")) {
      HONE_TRY(node, test(std::move(node)));
    } else if (tokens_.at_operator("(")) {
      HONE_TRY(node, call(std::move(node)));
    } else {
      return node;
    }
  }
}

Result<ExprPtr> ExpressionParser::subscript(ExprPtr subject) {
  const int line = tokens_.line();
  if (!tokens_.take_operator(".")) return bracket(std::move(subject));
  const Token part = tokens_.current();
  if (part.kind == Token::Kind::kName) {
    tokens_.skip();
    Expr node = after(Kind::kAttribute, line, std::move(subject));
    node.name = part.text;
    return finish(std::move(node));
  }
  if (part.kind != Token::Kind::kInteger) return tokens_.unexpected("a name or a number after '.'");
  HONE_TRY(ExprPtr index, number());
  Expr node = after(Kind::kSubscript, line, std::move(subject));
  node.items.push_back(std::move(index));
  return finish(std::move(node));
}

Result<ExprPtr> ExpressionParser::bracket(ExprPtr subject) {
  const int line = tokens_.line();
  HONE_TRY_VOID(tokens_.expect_operator("["));
  ExprPtr start, stop, step;
  const auto at_bound = [&] { return !tokens_.at_operator(":") && !tokens_.at_operator("]"); };
  if (at_bound()) {
    HONE_TRY(start, expression());
    if (tokens_.at_operator(",")) {  // x[1, 2]: the subscript is a tuple
      Expr indexes = after(Kind::kTuple, line, std::move(start));
      while (tokens_.take_operator(",") && !tokens_.at_operator("]")) {
        HONE_TRY(ExprPtr item, expression());
        indexes.items.push_back(std::move(item));
      }
      HONE_TRY(start, finish(std::move(indexes)));
    }
  }
  if (tokens_.take_operator("]")) {
    if (!start) return tokens_.unexpected("a subscript before ']'");
    Expr node = after(Kind::kSubscript, line, std::move(subject));
    node.items.push_back(std::move(start));
    return finish(std::move(node));
  }
  HONE_TRY_VOID(tokens_.expect_operator(":"));
  if (at_bound()) {
    HONE_TRY(stop, expression());
  }
  if (tokens_.take_operator(":") && at_bound()) {
    HONE_TRY(step, expression());
  }
  HONE_TRY_VOID(tokens_.expect_operator("]"));
  Expr node = after(Kind::kSlice, line, std::move(subject));
  node.items.push_back(std::move(start));
  node.items.push_back(std::move(stop));
  node.items.push_back(std::move(step));
  return finish(std::move(node));
}

Result<ExprPtr> ExpressionParser::call(ExprPtr callee) {
  Expr node = after(Kind::kCall, tokens_.line(), std::move(callee));
  HONE_TRY(node.arguments, arguments());
  return finish(std::move(node));
}

Result<std::vector<Argument>> ExpressionParser::arguments() {
  HONE_TRY_VOID(tokens_.expect_operator("("));
  std::vector<Argument> found;
  Argument::Form last = Argument::Form::kPositional;
  while (!tokens_.at_operator(")")) {
    Argument argument;
    if (tokens_.take_operator("*")) {
      argument.form = Argument::Form::kSpread;
    } else if (tokens_.take_operator("**")) {
      argument.form = Argument::Form::kSpreadNamed;
    } else if (tokens_.at(Token::Kind::kName) && tokens_.next().kind == Token::Kind::kOperator &&
               tokens_.next().text == "=") {
      argument.form = Argument::Form::kNamed;
      argument.name = tokens_.current().text;
      tokens_.skip();
      tokens_.skip();
    }
    if (argument.form == Argument::Form::kPositional && last != Argument::Form::kPositional) {
      return tokens_.unexpected("a named argument after a named one");
    }
    last = argument.form;
    HONE_TRY(argument.value, expression());
    found.push_back(std::move(argument));
    if (!tokens_.take_operator(",")) break;
  }
  HONE_TRY_VOID(tokens_.expect_operator(")"));
  return found;
}

Result<ExprPtr> ExpressionParser::filters(ExprPtr subject, bool pipe_first) {
  while (!pipe_first || tokens_.at_operator("|")) {
    if (pipe_first) tokens_.skip();
    pipe_first = true;
    Expr node = after(Kind::kFilter, tokens_.line(), std::move(subject));
    HONE_TRY(node.name, tokens_.expect_name());
    if (tokens_.at_operator("(")) {
      HONE_TRY(node.arguments, arguments());
    }
    HONE_TRY(subject, finish(std::move(node)));
  }
  return subject;
}

Result<ExprPtr> ExpressionParser::test(ExprPtr subject) {
  const int line = tokens_.line();
  HONE_TRY_VOID(tokens_.expect_word("is"));
  const bool negated = tokens_.take_word("not");
  Expr node = after(Kind::kTest, line, std::move(subject));
  HONE_TRY(node.name, tokens_.expect_name());
  if (tokens_.at_operator("(")) {
    HONE_TRY(node.arguments, arguments());
  } else if (starts_operand(tokens_.current())) {  // x is divisibleby 3
    if (tokens_.at_word("is")) return tokens_.unexpected("one test: tests with 'is' do not chain");
    Argument argument;
    HONE_TRY(ExprPtr operand, primary());
    HONE_TRY(argument.value, postfix(std::move(operand)));
    node.arguments.push_back(std::move(argument));
  }
  HONE_TRY(ExprPtr made, finish(std::move(node)));
  if (!negated) return made;
  return finish(after(Kind::kNot, line, std::move(made)));
}

Result<Target> ExpressionParser::target(std::string_view end) {
  Target whole;
  whole.line = tokens_.line();
  HONE_TRY(Target first, target_part());
  if (!tokens_.at_operator(",")) return first;
  whole.parts.push_back(std::move(first));
  while (tokens_.take_operator(",")) {
    if (tokens_.at_operator("=") || tokens_.at_operator(")") || (!end.empty() && tokens_.at_word(end))) break;
    HONE_TRY(Target part, target_part());
    whole.parts.push_back(std::move(part));
  }
  return whole;
}

Result<Target> ExpressionParser::target_part() {
  constexpr int kMaxNesting = 20;
  Target part;
  part.line = tokens_.line();
  if (tokens_.at_operator("(") && nesting_ < kMaxNesting) {
    ++nesting_;
    tokens_.skip();
    auto inner = target();
    --nesting_;
    HONE_TRY(part, std::move(inner));
    HONE_TRY_VOID(tokens_.expect_operator(")"));
    return part;
  }
  if (!tokens_.at(Token::Kind::kName)) return tokens_.unexpected("a name to assign to");
  for (const char* constant : {"true", "false", "none", "True", "False", "None"}) {
    if (tokens_.at_word(constant)) return tokens_.unexpected("a name to assign to");
  }
  HONE_TRY(part.name, tokens_.expect_name());
  if (tokens_.take_operator(".")) {
    HONE_TRY(part.attribute, tokens_.expect_name());
  }
  return part;
}

}  // namespace hone::jinja
