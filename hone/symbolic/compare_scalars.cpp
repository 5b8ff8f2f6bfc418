#include "hone/symbolic/ball.h"
#include "hone/symbolic/compare.h"
#include "hone/symbolic/field.h"

namespace hone {
namespace {

// +1 for ∞, -1 for -∞, 0 for anything else.
int infinite(const Expressions& x, NodeId id) {
  if (x.kind(id) == Kind::kInfinity) return 1;
  return x.kind(id) == Kind::kMultiply && x.is_number(x.operand(id, 0)) && x.value(x.operand(id, 0)) < 0 &&
                 x.kind(x.operand(id, 1)) == Kind::kInfinity
             ? -1
             : 0;
}

// A literal division by zero has no value, whatever it is compared with.
bool divides_by_zero(const Expressions& x, NodeId root) {
  const auto used = x.reachable(root);
  for (NodeId id = 0; id <= root; ++id) {
    if (!used[id] || x.kind(id) != Kind::kPower) continue;
    const NodeId base = x.operand(id, 0), exponent = x.operand(id, 1);
    if (x.is_number(base) && x.value(base) == 0 && x.is_number(exponent) && x.value(exponent) < 0)
      return true;
  }
  return false;
}

}  // namespace

const char* to_string(Method method) {
  switch (method) {
    case Method::kIdentity:
      return "the same expression";
    case Method::kNumbers:
      return "exact numbers";
    case Method::kNormalForm:
      return "normal form";
    case Method::kField:
      return "points of a finite field";
    case Method::kBalls:
      return "ball arithmetic";
    case Method::kStructure:
      return "structure";
  }
  return "structure";
}

Comparison compare_scalars(Expressions& x, NodeId a, NodeId b, Budget& budget) {
  if (x.is_number(a) && x.is_number(b)) {
    return {a == b ? Agreement::kEqual : Agreement::kDifferent, Method::kNumbers};
  }
  const int left = infinite(x, a), right = infinite(x, b);
  if (left != 0 || right != 0) {
    return {left == right ? Agreement::kEqual : Agreement::kDifferent, Method::kIdentity};
  }
  if (divides_by_zero(x, a) || divides_by_zero(x, b)) return {Agreement::kUnknown, Method::kStructure};
  if (a == b) return {Agreement::kEqual, Method::kIdentity};
  if (x.kind(a) == Kind::kVariable && x.kind(b) == Kind::kVariable)
    return {Agreement::kDifferent, Method::kIdentity};
  {
    // A part of the budget, so that a large expansion leaves enough for the points.
    Budget part(budget.left() / 4);
    NormalForms forms(x, part);
    const std::int64_t before = part.left();
    const Agreement agreement = forms.compare(a, b);
    budget.spend(before - part.left());
    // What cancels may have had no value: 0·ln 0, sin 0/sin 0.
    const bool hidden = agreement == Agreement::kEqual &&
                        (x.contains(a, Kind::kFunction) || x.contains(b, Kind::kFunction)) &&
                        compare_in_balls(x, a, b, budget) != Agreement::kEqual;
    if (hidden) return {Agreement::kUnknown, Method::kBalls};
    if (agreement != Agreement::kUnknown) return {agreement, Method::kNormalForm};
  }
  {
    Budget part(budget.left() / 4);
    const std::int64_t before = part.left();
    const Agreement agreement = compare_in_field(x, a, b, part);
    budget.spend(before - part.left());
    if (agreement != Agreement::kUnknown) return {agreement, Method::kField};
  }
  return {compare_in_balls(x, a, b, budget), Method::kBalls};
}

}  // namespace hone
