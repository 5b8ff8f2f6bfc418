// Evaluation at random points of a finite field of about 2^61 elements: for expressions of + - * / and
// integer powers in variables, rational numbers, i and square roots of rational numbers.
//
// The map into the field keeps sums and products, so different values prove a difference. Equal values at
// three points, keyed by the expressions' size and not by time, leave a chance below 10^-40 for expressions
// of degree 10,000. Thread-safe for different budgets.
#pragma once

#include "hone/symbolic/budget.h"
#include "hone/symbolic/expression.h"
#include "hone/symbolic/normal_form.h"

namespace hone {

// kUnknown: another kind of node, a division by zero at every point tried, the budget.
Agreement compare_in_field(const Expressions& expressions, NodeId a, NodeId b, Budget& budget);

}  // namespace hone
