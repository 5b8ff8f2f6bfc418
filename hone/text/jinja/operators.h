// Python's operators on values. Errors: types that do not combine, integers past 64 bits, the budget.
#pragma once

#include "hone/text/jinja/ast.h"
#include "hone/text/jinja/budget.h"
#include "hone/text/jinja/value.h"

namespace hone::jinja {

// Requires an arithmetic operator: kAdd … kPow.
Result<Value> arithmetic(Budget& budget, Op op, const Value& a, const Value& b);
Result<Value> negate(const Value& value);
Result<Value> plus(const Value& value);
// Requires a comparison: kEq … kNotIn.
Result<bool> compares(Budget& budget, Op op, const Value& a, const Value& b);
Result<bool> contains(Budget& budget, const Value& container, const Value& item);
// value[start:stop:step]; undefined bounds are those that were left out.
Result<Value> slice(Budget& budget, const Value& value, const Value& start, const Value& stop,
                    const Value& step);

}  // namespace hone::jinja
