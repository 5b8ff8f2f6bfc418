// Evaluation in ball arithmetic (Arb): every value with a proven bound of its error.
//
// Two constants, or two expressions at a point, whose balls do not meet are proven different. Balls that meet
// with a radius below 2^-200 of the values count as agreement: at one point of 256 bits and again of 640 for
// constants, at three points or more for expressions with variables. Points are rational, of both signs, and
// integers; one at which a side has no real value (unless i is written) is left out. Requires scalars of one
// Expressions, without kPlusMinus and kInfinity. Thread-safe for different budgets.
#pragma once

#include "hone/symbolic/budget.h"
#include "hone/symbolic/expression.h"
#include "hone/symbolic/normal_form.h"

namespace hone {

// kUnknown: no value (1/0), no point at which both sides have one, not decided at the highest precision, the
// budget.
Agreement compare_in_balls(const Expressions& expressions, NodeId a, NodeId b, Budget& budget);

// Whether a = c·b at all points for a constant c ≠ 0, and c's sign (0 when c is not real).
Agreement proportional_in_balls(const Expressions& expressions, NodeId a, NodeId b, Budget& budget,
                                int& sign);

// The sign of a real constant: -1, 1; 0 when it is zero or not proven to be either.
int sign_in_balls(const Expressions& expressions, NodeId constant, Budget& budget);

}  // namespace hone
