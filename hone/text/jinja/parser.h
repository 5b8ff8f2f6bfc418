// Tokens to statements and expressions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hone/base/result.h"
#include "hone/text/jinja/ast.h"
#include "hone/text/jinja/lexer.h"

namespace hone::jinja {

// Error: syntax, with line, what was expected and what stands there; nesting deeper than 100 tags or
// brackets.
Result<Body> parse_template(const std::string& source);

// The parser's parts share this view of the tokens.
class TokenStream {
 public:
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& current() const { return tokens_[at_]; }
  const Token& next() const { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }
  int line() const { return current().line; }
  bool at_end() const { return current().kind == Token::Kind::kEnd; }
  void skip() { at_ += at_ + 1 < tokens_.size() ? 1 : 0; }

  bool at(Token::Kind kind) const { return current().kind == kind; }
  bool at_operator(std::string_view text) const {
    return at(Token::Kind::kOperator) && current().text == text;
  }
  bool at_word(std::string_view text) const { return at(Token::Kind::kName) && current().text == text; }
  bool take_operator(std::string_view text);
  bool take_word(std::string_view text);

  std::size_t position() const { return at_; }
  // Whether a name token between `position` and here is `name`.
  bool named_since(std::size_t position, std::string_view name) const;

  Error unexpected(const std::string& expected) const;
  Result<void> expect_operator(std::string_view text);
  Result<void> expect_word(std::string_view text);
  Result<void> expect(Token::Kind kind, const std::string& what);
  Result<std::string> expect_name();

 private:
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

Expr node_of(Expr::Kind kind, int line);
// Measures the tree's height. Error: too high, since evaluation recurses over it.
Result<ExprPtr> finish(Expr node);

class ExpressionParser {
 public:
  explicit ExpressionParser(TokenStream& tokens) : tokens_(tokens) {}

  Result<ExprPtr> expression(bool conditional = true);
  // One expression, or several with commas: a tuple. It also ends before the word `end`.
  Result<ExprPtr> tuple(bool conditional = true, std::string_view end = {});
  // |filter|filter … after `subject` (null where a body's text is filtered).
  Result<ExprPtr> filters(ExprPtr subject, bool pipe_first = true);
  Result<Target> target(std::string_view end = {});

 private:
  Result<ExprPtr> or_expression();
  Result<ExprPtr> and_expression();
  Result<ExprPtr> not_expression();
  Result<ExprPtr> comparison();
  Result<ExprPtr> sum();
  Result<ExprPtr> concatenation();
  Result<ExprPtr> product();
  Result<ExprPtr> power();
  Result<ExprPtr> unary(bool filtered = true);
  Result<ExprPtr> primary();
  Result<ExprPtr> number();
  Result<ExprPtr> list();
  Result<ExprPtr> dict();
  Result<ExprPtr> postfix(ExprPtr node);
  Result<ExprPtr> subscript(ExprPtr node);
  Result<ExprPtr> bracket(ExprPtr node);
  Result<ExprPtr> call(ExprPtr node);
  Result<ExprPtr> test(ExprPtr node);
  Result<ExprPtr> filtered(ExprPtr node);
  Result<std::vector<Argument>> arguments();
  Result<Target> target_part();

  TokenStream& tokens_;
  int nesting_ = 0;
};

}  // namespace hone::jinja
