// Whether two answers mean the same: scalars by normal form, finite field and balls; structures part by part.
//
// Rules for structures (reference on the left):
// - lists and sets are compared without order; a list and a set may be equal; sets forget repetitions;
// - tuples, intervals, matrices keep order; (a, b) is a pair and an open interval at once; a column or a row
// matrix
//   equals the tuple of its entries; square brackets are not round ones;
// - equations are equal up to a constant factor ≠ 0, inequalities up to a positive one;
// - an answer "x = v" stands for v when the reference is no relation, and a reference "x = v" accepts v;
// - linear bounds on one variable equal the interval they describe; x ∈ S is S;
// - ratios are equal up to a common factor, times of day as such, numerals digit by digit in the same base;
// - a ± b is the list of both; a percent or degree sign on one side alone may be dropped.
// Requires ids of one Expressions; adds nodes to it. Not thread-safe.
#pragma once

#include <string_view>

#include "hone/symbolic/budget.h"
#include "hone/symbolic/expression.h"
#include "hone/symbolic/normal_form.h"

namespace hone {

enum class Method : std::uint8_t { kIdentity, kNumbers, kNormalForm, kField, kBalls, kStructure };
const char* to_string(Method method);

struct Comparison {
  Agreement agreement = Agreement::kUnknown;
  Method method = Method::kStructure;  // of the part that decided
};

// Scalars only, without kPlusMinus. kUnknown: no value, or not decided within the budget.
Comparison compare_scalars(Expressions& expressions, NodeId a, NodeId b, Budget& budget);

Comparison compare_answers(Expressions& expressions, NodeId reference, NodeId answer, Budget& budget);

}  // namespace hone
