#include "hone/symbolic/relation.h"

#include <array>
#include <utility>
#include <vector>

#include "hone/symbolic/ball.h"

namespace hone {
namespace {

Relation relation_of(const Expressions& x, NodeId id) { return static_cast<Relation>(x.at(id).detail); }

bool uses(const Expressions& x, NodeId root, NodeId wanted) {
  return wanted <= root && x.reachable(root)[wanted];
}

Relation turned(Relation r) {
  switch (r) {
    case Relation::kLess:
      return Relation::kGreater;
    case Relation::kLessEqual:
      return Relation::kGreaterEqual;
    case Relation::kGreater:
      return Relation::kLess;
    case Relation::kGreaterEqual:
      return Relation::kLessEqual;
    default:
      return r;
  }
}

bool is_order(Relation r) { return r != turned(r); }

// The only variable of an expression; nothing for none or several.
std::optional<NodeId> only_variable(const Expressions& x, NodeId root) {
  const auto used = x.reachable(root);
  std::optional<NodeId> found;
  for (NodeId id = 0; id <= root; ++id) {
    if (!used[id] || x.kind(id) != Kind::kVariable) continue;
    if (found) return std::nullopt;
    found = id;
  }
  return found;
}

// `root` with a number in place of a variable.
NodeId substituted(Expressions& x, NodeId root, NodeId variable, NodeId value) {
  const auto used = x.reachable(root);
  std::vector<NodeId> now(root + 1, 0);
  for (NodeId id = 0; id <= root; ++id) {
    if (!used[id]) continue;
    const Kind kind = x.kind(id);
    if (id == variable) {
      now[id] = value;
    } else if (kind == Kind::kAdd) {
      now[id] = x.add(now[x.operand(id, 0)], now[x.operand(id, 1)]);
    } else if (kind == Kind::kMultiply) {
      now[id] = x.multiply(now[x.operand(id, 0)], now[x.operand(id, 1)]);
    } else {
      std::vector<NodeId> operands;
      for (std::size_t i = 0; i < x.at(id).count; ++i) operands.push_back(now[x.operand(id, i)]);
      now[id] = operands.empty()       ? id
                : kind == Kind::kPower ? x.power(operands[0], operands[1])
                                       : x.make(kind, x.at(id).detail, operands);
    }
  }
  return now[root];
}

struct Bound {
  NodeId variable = 0;
  NodeId value = 0;
  bool above = false;  // variable > value
  bool closed = false;
};

// left (sign) right as a bound on one variable in which both sides are linear.
std::optional<Bound> bound_of(Expressions& x, NodeId left, Relation sign, NodeId right, Budget& budget) {
  if (!is_order(sign)) return std::nullopt;
  Bound bound;
  bool turn = false;
  if (x.kind(left) == Kind::kVariable && !uses(x, right, left) && !only_variable(x, right)) {
    bound.variable = left;
    bound.value = right;
  } else if (x.kind(right) == Kind::kVariable && !uses(x, left, right) && !only_variable(x, left)) {
    bound.variable = right;
    bound.value = left;
    turn = true;
  } else {
    // d(v) = left - right is linear when d(0), d(1), d(2) are in line.
    const NodeId d = x.subtract(left, right);
    const auto variable = only_variable(x, d);
    if (!variable) return std::nullopt;
    const NodeId d0 = substituted(x, d, *variable, x.integer(0));
    const NodeId slope = x.subtract(substituted(x, d, *variable, x.integer(1)), d0);
    const NodeId line = x.add(d0, x.multiply(slope, *variable));
    if (compare_scalars(x, d, line, budget).agreement != Agreement::kEqual) return std::nullopt;
    const int direction = sign_in_balls(x, slope, budget);
    if (direction == 0) return std::nullopt;
    bound.variable = *variable;
    bound.value = x.negate(x.divide(d0, slope));
    turn = direction < 0;
  }
  if (x.contains(bound.value, Kind::kVariable)) return std::nullopt;
  if (turn) sign = turned(sign);
  bound.above = sign == Relation::kGreater || sign == Relation::kGreaterEqual;
  bound.closed = sign == Relation::kLessEqual || sign == Relation::kGreaterEqual;
  return bound;
}

// What is positive (or not negative) in an inequality.
NodeId positive_side(Expressions& x, NodeId relation) {
  const NodeId left = x.operand(relation, 0), right = x.operand(relation, 1);
  const Relation sign = relation_of(x, relation);
  const bool greater = sign == Relation::kGreater || sign == Relation::kGreaterEqual;
  return greater ? x.subtract(left, right) : x.subtract(right, left);
}

Comparison in_proportion(Expressions& x, NodeId a, NodeId b, bool ordered, Budget& budget) {
  int sign = 0;
  Agreement agreement;
  Method method = Method::kNormalForm;
  {
    Budget part(budget.left() / 4);
    NormalForms forms(x, part);
    const std::int64_t before = part.left();
    agreement = forms.proportional(a, b, sign);
    budget.spend(before - part.left());
  }
  if (agreement == Agreement::kUnknown || (agreement == Agreement::kEqual && ordered && sign == 0)) {
    agreement = proportional_in_balls(x, a, b, budget, sign);
    method = Method::kBalls;
  }
  if (agreement == Agreement::kEqual && ordered && sign < 0) agreement = Agreement::kDifferent;
  if (agreement == Agreement::kEqual && ordered && sign == 0) agreement = Agreement::kUnknown;
  return {agreement, method};
}

Comparison single_relations(Expressions& x, NodeId reference, NodeId answer, Budget& budget) {
  const Relation r = relation_of(x, reference), a = relation_of(x, answer);
  const Comparison different{Agreement::kDifferent, Method::kStructure};
  if (r == Relation::kIn || a == Relation::kIn) {
    if (r != a) return different;
    const Comparison left = compare_answers(x, x.operand(reference, 0), x.operand(answer, 0), budget);
    if (left.agreement != Agreement::kEqual) return left;
    return compare_answers(x, x.operand(reference, 1), x.operand(answer, 1), budget);
  }
  const auto strict = [](Relation s) { return s == Relation::kLess || s == Relation::kGreater; };
  if (is_order(r) != is_order(a) || (!is_order(r) && r != a) || strict(r) != strict(a)) return different;
  const auto left_name = assigned_variable(x, reference), right_name = assigned_variable(x, answer);
  if (left_name && right_name && *left_name != *right_name) {
    // "f(x) = x^2" is "y = x^2".
    const std::string &p = x.name(*left_name), &q = x.name(*right_name);
    if ((p == "y" && q.ends_with("(x)")) || (q == "y" && p.ends_with("(x)"))) {
      return compare_answers(x, x.operand(reference, 1), x.operand(answer, 1), budget);
    }
  }
  for (const NodeId side :
       {x.operand(reference, 0), x.operand(reference, 1), x.operand(answer, 0), x.operand(answer, 1)}) {
    if (is_scalar(x.kind(side))) continue;
    // Of vectors and sets: side by side.
    if (is_order(r)) return different;
    const Comparison left = compare_answers(x, x.operand(reference, 0), x.operand(answer, 0), budget);
    if (left.agreement != Agreement::kEqual) return left;
    return compare_answers(x, x.operand(reference, 1), x.operand(answer, 1), budget);
  }
  return in_proportion(x, positive_side(x, reference), positive_side(x, answer), is_order(r), budget);
}

}  // namespace

std::optional<NodeId> assigned_variable(const Expressions& x, NodeId relation) {
  if (x.kind(relation) != Kind::kRelation || relation_of(x, relation) != Relation::kEqual)
    return std::nullopt;
  const NodeId left = x.operand(relation, 0);
  if (x.kind(left) != Kind::kVariable || uses(x, x.operand(relation, 1), left)) return std::nullopt;
  return left;
}

std::optional<NodeId> real_line_without(Expressions& x, NodeId set_minus, Budget& budget) {
  const NodeId line = x.operand(set_minus, 0), gaps = x.operand(set_minus, 1);
  if (x.kind(set_minus) != Kind::kSetMinus || x.kind(line) != Kind::kVariable || x.name(line) != "\\R" ||
      x.kind(gaps) != Kind::kSet || x.at(gaps).count == 0 || x.at(gaps).count > 16) {
    return std::nullopt;
  }
  // Insertion sort: the sign of a difference is either proven or there is no order.
  std::vector<NodeId> sorted;
  for (std::size_t i = 0; i < x.at(gaps).count; ++i) {
    const NodeId gap = x.operand(gaps, i);
    if (!is_scalar(x.kind(gap)) || x.contains(gap, Kind::kVariable) || x.contains(gap, Kind::kInfinity))
      return std::nullopt;
    auto place = sorted.begin();
    for (; place != sorted.end(); ++place) {
      const int sign = sign_in_balls(x, x.subtract(gap, *place), budget);
      if (sign == 0) return std::nullopt;
      if (sign < 0) break;
    }
    sorted.insert(place, gap);
  }
  const NodeId infinity = x.constant(Kind::kInfinity);
  NodeId from = x.negate(infinity);
  std::optional<NodeId> all;
  sorted.push_back(infinity);
  for (const NodeId gap : sorted) {
    const NodeId piece = x.make(Kind::kTuple, 0, {from, gap});
    all = all ? x.make(Kind::kUnion, 0, {*all, piece}) : piece;
    from = gap;
  }
  return all;
}

std::optional<NodeId> as_range(Expressions& x, NodeId relation, Budget& budget) {
  if (x.kind(relation) == Kind::kRelation && relation_of(x, relation) == Relation::kNotEqual) {
    const NodeId left = x.operand(relation, 0), right = x.operand(relation, 1);
    if (x.kind(left) != Kind::kVariable || !is_scalar(x.kind(right))) return std::nullopt;
    const NodeId gap = x.make(Kind::kSet, 0, {right});
    return real_line_without(x, x.make(Kind::kSetMinus, 0, {x.variable("\\R"), gap}), budget);
  }
  std::optional<Bound> low, high;
  const auto take = [&](NodeId single) {
    const auto bound =
        bound_of(x, x.operand(single, 0), relation_of(x, single), x.operand(single, 1), budget);
    if (!bound) return false;
    auto& place = bound->above ? low : high;
    if (place) return false;
    place = bound;
    return !low || !high || low->variable == high->variable;
  };
  if (x.kind(relation) == Kind::kAll) {
    if (x.at(relation).count != 2 || !take(x.operand(relation, 0)) || !take(x.operand(relation, 1)))
      return std::nullopt;
  } else if (x.kind(relation) != Kind::kRelation || !take(relation)) {
    return std::nullopt;
  }
  const NodeId infinity = x.constant(Kind::kInfinity);
  const NodeId from = low ? low->value : x.negate(infinity), to = high ? high->value : infinity;
  const std::uint32_t ends =
      (low && low->closed ? kClosedLeft : 0) | (high && high->closed ? kClosedRight : 0);
  if (ends == 0) return x.make(Kind::kTuple, 0, {from, to});
  return x.make(Kind::kInterval, ends, {from, to});
}

Comparison compare_relations(Expressions& x, NodeId reference, NodeId answer, Budget& budget) {
  const bool chain_r = x.kind(reference) == Kind::kAll, chain_a = x.kind(answer) == Kind::kAll;
  if (!chain_r && !chain_a) return single_relations(x, reference, answer, budget);
  const Comparison different{Agreement::kDifferent, Method::kStructure};
  if (!chain_r || !chain_a || x.at(reference).count != x.at(answer).count) return different;
  // a < b < c, and its mirror image c > b > a.
  const std::size_t count = x.at(reference).count;
  for (const bool mirrored : {false, true}) {
    Comparison all{Agreement::kEqual, Method::kStructure};
    for (std::size_t i = 0; i < count && all.agreement == Agreement::kEqual; ++i) {
      all = single_relations(x, x.operand(reference, i), x.operand(answer, mirrored ? count - 1 - i : i),
                             budget);
    }
    if (all.agreement != Agreement::kDifferent) return all;
  }
  return different;
}

}  // namespace hone
