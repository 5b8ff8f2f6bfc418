// Everything between brackets: groups, tuples, intervals, sets, bars, floors, matrices.
#include "hone/symbolic/parser_impl.h"

namespace hone::symbolic_internal {

// One argument of \frac, \sqrt, \log_: a group, or one token; of a number its first digit, as TeX has it, or
// the whole, as is meant by "sqrt 12".
MaybeNode Parser::argument(bool whole) {
  const Nested nested(*this, false);
  if (!nested.ok()) return std::nullopt;
  if (is_sign('{')) return brace_group();
  if (token_.kind == TokenKind::kNumber) {
    const char digit = token_.text[0];
    if (digit == '.') return number();
    if (whole) {
      // Digits that a space groups belong to the product behind the root.
      ++brackets_;
      const MaybeNode value = number();
      --brackets_;
      return value;
    }
    const long value = digit - '0';
    go_to(token_.begin + 1);
    return x_.integer(value);
  }
  if (is_sign('-')) return unary();
  return operand();
}

// { … }: a group; several elements are a set written without backslashes.
MaybeNode Parser::brace_group() {
  const Nested nested(*this, false);
  if (!nested.ok()) return std::nullopt;
  step();
  auto found = elements();
  if (!found) return std::nullopt;
  if (found->size() == 1 && eat_command("choose")) {
    const MaybeNode k = sum();
    if (!k || !scalar(*k) || !scalar(found->front())) return fail("a binomial of what is no scalar");
    found->front() = x_.call(Function::kBinomial, {found->front(), *k});
  }
  if (!eat_sign('}')) return fail("a brace is not closed");
  after_literal_ = false;
  if (found->size() == 1) return found->front();
  return x_.make(Kind::kSet, 0, *found);
}

// [[1, 2], [3, 4]]: a matrix by its rows.
MaybeNode Parser::rows(const std::vector<NodeId>& found) {
  std::vector<NodeId> entries;
  std::size_t columns = 0;
  for (const NodeId row : found) {
    const Node& node = x_.at(row);
    const bool closed = node.kind == Kind::kInterval && node.detail == (kClosedLeft | kClosedRight);
    if (!closed && node.kind != Kind::kSquare) return std::nullopt;
    if (columns == 0) columns = node.count;
    if (node.count != columns) return std::nullopt;
    for (const NodeId entry : x_.operands(row)) {
      if (!scalar(entry)) return std::nullopt;
      entries.push_back(entry);
    }
  }
  if (found.size() < 2 || columns < 2) return std::nullopt;
  return x_.make(Kind::kMatrix, static_cast<std::uint32_t>(columns), entries);
}

MaybeNode Parser::bracket(char open) {
  const Nested nested(*this, true);
  if (!nested.ok()) return std::nullopt;
  step();
  const auto found = elements();
  if (!found) return std::nullopt;
  const bool round = is_sign(')'), square = is_sign(']'), turned = is_sign('[');
  if (!(round || square || turned)) return fail("a bracket is not closed");
  if (turned && found->size() != 2) return fail("a bracket is not closed");
  step();
  after_literal_ = false;
  const bool pair = found->size() == 2;
  if (open == '(' && round) {
    if (found->size() == 1) return found->front();
    return x_.make(Kind::kTuple, 0, *found);
  }
  if (open == '[' && square) {
    if (const MaybeNode matrix = rows(*found)) return matrix;
  }
  if (pair && open != ')') {
    const std::uint32_t ends = (open == '[' ? kClosedLeft : 0) | (square ? kClosedRight : 0);
    // ]a, b[ is open at both ends, as (a, b) is.
    if (ends == 0) return x_.make(Kind::kTuple, 0, *found);
    return x_.make(Kind::kInterval, ends, *found);
  }
  if (open != '[' || !square) return fail("brackets that do not match");
  if (found->size() == 1) return found->front();
  return x_.make(Kind::kSquare, 0, *found);
}

MaybeNode Parser::set() {
  const Nested nested(*this, true);
  if (!nested.ok()) return std::nullopt;
  if (eat_command("}")) return x_.make(Kind::kSet, 0, {});
  // {x | x > 2}, {x : x > 2}: the condition says it all.
  const Token after = next_token(text_, token_.end);
  const bool bar = after.kind == TokenKind::kSign && (after.text == "|" || after.text == ":");
  if (token_.kind == TokenKind::kLetter &&
      (bar || (after.kind == TokenKind::kCommand && after.text == "mid"))) {
    go_to(after.end);
    const MaybeNode condition = statement();
    if (!condition) return std::nullopt;
    const Kind kind = x_.kind(*condition);
    if (kind != Kind::kRelation && kind != Kind::kAll) return fail("a set's condition is a relation");
    if (!eat_command("}")) return fail("a set is not closed");
    return condition;
  }
  const auto found = elements();
  if (!found) return std::nullopt;
  if (!eat_command("}")) return fail("a set is not closed");
  return x_.make(Kind::kSet, 0, *found);
}

MaybeNode Parser::bars() {
  const Nested nested(*this, false);
  if (!nested.ok()) return std::nullopt;
  while (is_sign('|')) step();  // ‖x‖ as well
  in_bars_ = true;
  const MaybeNode inside = sum();
  if (!inside) return std::nullopt;
  if (!is_sign('|')) return fail("bars are not closed");
  step();
  if (!scalar(*inside)) return fail("bars around what is no scalar");
  after_literal_ = false;
  return x_.call(Function::kAbs, {*inside});
}

MaybeNode Parser::between(std::string_view close, Function f) {
  const Nested nested(*this, false);
  if (!nested.ok()) return std::nullopt;
  const MaybeNode inside = sum();
  if (!inside) return std::nullopt;
  if (!eat_command(close)) return fail("a floor or ceiling is not closed");
  if (!scalar(*inside)) return fail("a floor of what is no scalar");
  after_literal_ = false;
  return x_.call(f, {*inside});
}

MaybeNode Parser::angle() {
  const Nested nested(*this, true);
  if (!nested.ok()) return std::nullopt;
  const auto found = elements();
  if (!found) return std::nullopt;
  if (!eat_command("rangle")) return fail("an angle bracket is not closed");
  return x_.make(Kind::kTuple, 0, *found);
}

// \begin{pmatrix} a & b \\ c & d \end{pmatrix}, and the other matrix environments.
MaybeNode Parser::environment() {
  const Nested nested(*this, true);
  if (!nested.ok()) return std::nullopt;
  const auto name = [&]() -> std::string_view {
    if (!is_sign('{')) return {};
    const std::size_t close = text_.find('}', token_.begin);
    if (close == std::string_view::npos || close > token_.begin + 20) return {};
    const std::string_view found = text_.substr(token_.begin + 1, close - token_.begin - 1);
    go_to(close + 1);
    return found;
  };
  const std::string_view opened = name();
  if (opened == "array") {
    name();  // the columns' alignment
  } else if (opened != "pmatrix" && opened != "bmatrix" && opened != "matrix" && opened != "Bmatrix" &&
             opened != "smallmatrix") {
    return fail("an unknown environment");
  }
  std::vector<NodeId> entries;
  std::size_t columns = 0, in_row = 0;
  while (true) {
    const MaybeNode entry = sum();
    if (!entry) return std::nullopt;
    if (!scalar(*entry)) return fail("a matrix has scalar entries");
    entries.push_back(*entry);
    ++in_row;
    if (eat_sign('&')) continue;
    const bool row = eat_command("\\");
    if (columns == 0) columns = in_row;
    if (in_row != columns) return fail("a matrix has rows of one length");
    in_row = 0;
    if (row && !is_command("end")) continue;
    if (!eat_command("end")) return fail("a matrix is not closed");
    if (name() != opened) return fail("a matrix is not closed");
    break;
  }
  return x_.make(Kind::kMatrix, static_cast<std::uint32_t>(columns), entries);
}

}  // namespace hone::symbolic_internal
