// Equations and inequalities: up to rearrangement, and as ranges of one variable.
//
// Requires ids of one Expressions; adds nodes to it. Not thread-safe.
#pragma once

#include <optional>

#include "hone/symbolic/budget.h"
#include "hone/symbolic/compare.h"
#include "hone/symbolic/expression.h"

namespace hone {

// The variable v of an equation "v = …" whose right side does not contain v.
std::optional<NodeId> assigned_variable(const Expressions& expressions, NodeId relation);

// The interval that a linear inequality, or a chain of two, leaves one variable: a < x ≤ b is (a, b]. Nothing
// when it is of another form.
std::optional<NodeId> as_range(Expressions& expressions, NodeId relation, Budget& budget);

// ℝ without finitely many real numbers, as a union of open intervals; nothing for any other set difference,
// or when the numbers cannot be ordered.
std::optional<NodeId> real_line_without(Expressions& expressions, NodeId set_minus, Budget& budget);

// Requires kRelation or kAll on both sides.
Comparison compare_relations(Expressions& expressions, NodeId reference, NodeId answer, Budget& budget);

}  // namespace hone
