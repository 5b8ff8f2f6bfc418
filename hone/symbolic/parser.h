// Reads an answer, LaTeX or plain text, into nodes (expression.h).
//
// What is read: the scalars of Kind, lists ("1, 2 and 3"), tuples, sets, intervals, unions, matrices,
// relations and chains of them, ratios, times of day, numerals with a base ("52_8"), words. Of a chain of
// equalities "a = b = c" the first and the last side are kept; of implications the last. Nesting is at most
// kMaxDepth deep, a text at most kMaxBytes long. Linear in the text.
#pragma once

#include <string_view>

#include "hone/base/result.h"
#include "hone/symbolic/budget.h"
#include "hone/symbolic/expression.h"

namespace hone {

inline constexpr std::size_t kMaxAnswerBytes = 8192;
inline constexpr int kMaxAnswerDepth = 120;

struct ParseOptions {
  bool decimal_comma = false;  // "3,14" is one number
};

struct ParsedAnswer {
  NodeId root = 0;
  // The whole answer is one literal with a decimal point, with so many digits after it.
  bool decimal = false;
  std::size_t decimals = 0;
};

// Errors: where the reading stopped and why; too long, too deep; the budget is spent. Thread-safe for
// different Expressions.
Result<ParsedAnswer> parse_answer(std::string_view text, const ParseOptions& options,
                                  Expressions& expressions, Budget& budget);

}  // namespace hone
