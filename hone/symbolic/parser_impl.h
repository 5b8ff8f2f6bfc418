// The parser's inside: one class over several files. For hone/symbolic/parse_*.cpp alone; the contract is
// parser.h's. Every function returns nothing after fail(), and leaves the first complaint.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hone/symbolic/lexer.h"
#include "hone/symbolic/parser.h"

namespace hone::symbolic_internal {

using MaybeNode = std::optional<NodeId>;

class Parser {
 public:
  Parser(std::string_view cleaned, const ParseOptions& options, Expressions& expressions, Budget& budget)
      : text_(cleaned), options_(options), x_(expressions), budget_(budget) {
    step();
  }

  MaybeNode answer();
  const std::string& complaint() const { return complaint_; }
  std::size_t position() const { return token_.begin; }
  bool met_words() const { return met_words_; }
  // Of the last literal that was read.
  const Literal& literal() const { return literal_; }
  int literals() const { return literals_; }

 private:
  // parse_structure.cpp: lists, statements, sets.
  std::optional<std::vector<NodeId>> elements();
  MaybeNode statement();
  MaybeNode side();
  MaybeNode ratio();
  MaybeNode set_expression();
  MaybeNode called_name();
  std::optional<Relation> relation_sign() const;
  bool separator();

  // parse_scalar.cpp: sums, products, powers.
  MaybeNode sum();
  MaybeNode product();
  MaybeNode unary();
  MaybeNode postfix();
  MaybeNode exponent();
  MaybeNode applied(MaybeNode base);
  MaybeNode times(NodeId a, NodeId b);
  void pay_for(NodeId a, NodeId b);
  MaybeNode combined(NodeId a, NodeId b, bool minus);
  bool starts_operand() const;
  bool bracket_opens() const;
  bool letter_times() const;
  static bool names_letter(std::string_view command);
  bool skip_unit(NodeId& value);

  // parse_operand.cpp: literals, names, commands.
  MaybeNode operand();
  MaybeNode number();
  MaybeNode numeral(std::size_t begin, std::size_t end);
  MaybeNode mixed(const Literal& whole);
  MaybeNode letter();
  MaybeNode command();
  MaybeNode variable(std::string name);
  MaybeNode function(std::string_view name);
  MaybeNode call(Function f, const std::vector<NodeId>& arguments, MaybeNode base);
  std::optional<std::vector<NodeId>> arguments();
  MaybeNode square_root(std::string_view name);
  MaybeNode accent(std::string_view name);
  MaybeNode number_set();
  MaybeNode subscript();

  // parse_bracket.cpp: everything between brackets.
  MaybeNode bracket(char open);
  MaybeNode rows(const std::vector<NodeId>& found);
  MaybeNode brace_group();
  MaybeNode set();
  MaybeNode bars();
  MaybeNode between(std::string_view close, Function f);
  MaybeNode angle();
  MaybeNode environment();
  MaybeNode argument(bool whole = false);

  void step() {
    if (!budget_.spend(2)) fail("the step budget is spent");
    token_ = next_token(text_, token_.end);
  }
  bool is_sign(char c) const { return token_.kind == TokenKind::kSign && token_.text[0] == c; }
  bool is_command(std::string_view name) const {
    return token_.kind == TokenKind::kCommand && token_.text == name;
  }
  bool eat_sign(char c) {
    if (!is_sign(c)) return false;
    step();
    return true;
  }
  bool eat_command(std::string_view name) {
    if (!is_command(name)) return false;
    step();
    return true;
  }
  std::nullopt_t fail(std::string why) {
    if (complaint_.empty()) complaint_ = std::move(why);
    return std::nullopt;
  }
  bool failed() const { return !complaint_.empty(); }
  bool scalar(NodeId id) const { return is_scalar(x_.kind(id)); }
  void go_to(std::size_t at) {
    token_.end = at;
    step();
  }

  // One level of nesting; what is open outside is closed inside.
  class Nested {
   public:
    Nested(Parser& parser, bool brackets);
    ~Nested();
    bool ok() const { return ok_; }

   private:
    Parser& parser_;
    bool bars_before_, brackets_, ok_;
  };

  std::string_view text_;
  ParseOptions options_;
  Expressions& x_;
  Budget& budget_;
  Token token_;
  std::string complaint_;
  int depth_ = 0;
  int brackets_ = 0;      // list brackets around: a comma separates
  bool in_bars_ = false;  // the next | closes
  bool met_words_ = false;
  bool after_literal_ = false;  // the last factor was a literal: a second one beside it is no product
  Literal literal_;
  int literals_ = 0;
};

}  // namespace hone::symbolic_internal
