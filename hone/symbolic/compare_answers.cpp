// The rules for structures; compare.h lists them.
#include <algorithm>
#include <optional>
#include <vector>

#include "hone/symbolic/compare.h"
#include "hone/symbolic/relation.h"

namespace hone {
namespace {

using Nodes = std::vector<NodeId>;

class Comparer {
 public:
  Comparer(Expressions& expressions, Budget& budget) : x_(expressions), budget_(budget) {}
  Comparison compare(NodeId reference, NodeId answer, int depth);

 private:
  Comparison scalars(NodeId reference, NodeId answer);
  Comparison in_order(const Nodes& reference, const Nodes& answer, int depth);
  Comparison without_order(Nodes reference, Nodes answer, int depth);
  Comparison ratios(NodeId reference, NodeId answer);
  Comparison clocks(NodeId reference, NodeId answer);
  Comparison without_relation(NodeId reference, NodeId answer, int depth);
  std::optional<Comparison> values_of_one_variable(const Nodes& reference, const Nodes& answer, int depth);
  void drop_repeated(Nodes& elements, int depth);

  Nodes operands(NodeId id) const {
    const auto span = x_.operands(id);
    return {span.begin(), span.end()};
  }
  bool scalar(NodeId id) const { return is_scalar(x_.kind(id)); }
  bool is(NodeId id, Kind kind) const { return x_.kind(id) == kind; }
  bool collection(NodeId id) const { return is(id, Kind::kList) || is(id, Kind::kSet); }
  NodeId value_of_mark(NodeId id) const { return x_.operand(id, 0); }
  std::optional<Kind> mark(NodeId& id);
  bool vector_like(NodeId id) const;
  Nodes expanded(const Nodes& elements);
  Nodes pieces(NodeId id, Kind kind) const;
  static Comparison different() { return {Agreement::kDifferent, Method::kStructure}; }

  Expressions& x_;
  Budget& budget_;
};

// A percent or degree sign over the whole scalar, taken off `id` with its sign kept.
std::optional<Kind> Comparer::mark(NodeId& id) {
  bool negative = false;
  NodeId inner = id;
  if (is(inner, Kind::kMultiply) && x_.is_number(x_.operand(inner, 0)) &&
      x_.value(x_.operand(inner, 0)) == -1) {
    negative = true;
    inner = x_.operand(inner, 1);
  }
  const Kind kind = x_.kind(inner);
  if (kind != Kind::kPercent && kind != Kind::kDegrees) return std::nullopt;
  id = negative ? x_.negate(x_.operand(inner, 0)) : x_.operand(inner, 0);
  return kind;
}

Comparison Comparer::scalars(NodeId reference, NodeId answer) {
  const Comparison whole = compare_scalars(x_, reference, answer, budget_);
  if (whole.agreement == Agreement::kEqual) return whole;
  NodeId r = reference, a = answer;
  const auto left = mark(r), right = mark(a);
  if ((left || right) && (!left || !right || *left == *right)) {
    const Comparison bare = compare_scalars(x_, r, a, budget_);
    if (bare.agreement == Agreement::kEqual) return bare;
  }
  return whole;
}

Comparison Comparer::in_order(const Nodes& reference, const Nodes& answer, int depth) {
  if (reference.size() != answer.size()) return different();
  Comparison worst{Agreement::kEqual, Method::kStructure};
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const Comparison part = compare(reference[i], answer[i], depth);
    if (part.agreement == Agreement::kDifferent) return part;
    if (part.agreement == Agreement::kUnknown) worst = part;
    if (worst.agreement == Agreement::kEqual) worst = part;
  }
  return worst;
}

void Comparer::drop_repeated(Nodes& elements, int depth) {
  Nodes kept;
  for (const NodeId element : elements) {
    const bool seen = std::ranges::any_of(kept, [&](NodeId k) {
      return k == element || compare(k, element, depth).agreement == Agreement::kEqual;
    });
    if (!seen) kept.push_back(element);
  }
  elements = std::move(kept);
}

// Equality is transitive: the first partner that fits is as good as any.
Comparison Comparer::without_order(Nodes reference, Nodes answer, int depth) {
  if (reference.size() != answer.size()) return different();
  Comparison last{Agreement::kEqual, Method::kStructure};
  bool unknown = false;
  for (const NodeId element : reference) {
    bool found = false;
    for (std::size_t i = 0; i < answer.size() && !found; ++i) {
      const Comparison part = compare(element, answer[i], depth);
      if (part.agreement == Agreement::kEqual) {
        answer.erase(answer.begin() + static_cast<std::ptrdiff_t>(i));
        last = part;
        found = true;
      } else if (part.agreement == Agreement::kUnknown) {
        unknown = true;
      }
      if (budget_.spent()) return {Agreement::kUnknown, Method::kStructure};
    }
    if (!found) return {unknown ? Agreement::kUnknown : Agreement::kDifferent, Method::kStructure};
  }
  return last;
}

// Elements with ± become two.
Nodes Comparer::expanded(const Nodes& elements) {
  Nodes all;
  for (const NodeId element : elements) {
    if (!x_.contains(element, Kind::kPlusMinus)) {
      all.push_back(element);
      continue;
    }
    const NodeId plus = x_.with_sign(element, true), minus = x_.with_sign(element, false);
    all.push_back(plus);
    if (minus != plus) all.push_back(minus);
  }
  return all;
}

Comparison Comparer::ratios(NodeId reference, NodeId answer) {
  const auto terms = [&](NodeId id) -> Nodes {
    if (is(id, Kind::kRatio) || is(id, Kind::kClock)) return operands(id);
    // 3/4 is 3:4.
    return {id, x_.integer(1)};
  };
  const Nodes r = terms(reference), a = terms(answer);
  if (r.size() != a.size()) return different();
  Comparison last{Agreement::kEqual, Method::kStructure};
  for (std::size_t i = 1; i < r.size(); ++i) {
    last = compare_scalars(x_, x_.multiply(r[0], a[i]), x_.multiply(a[0], r[i]), budget_);
    if (last.agreement != Agreement::kEqual) return last;
  }
  return last;
}

Comparison Comparer::clocks(NodeId reference, NodeId answer) {
  const std::uint32_t p = x_.at(reference).detail, q = x_.at(answer).detail;
  const auto minutes = [&](NodeId id) {
    const long hours = x_.value(x_.operand(id, 0)).get_num().get_si(),
               rest = x_.value(x_.operand(id, 1)).get_num().get_si();
    const std::uint32_t half = x_.at(id).detail;
    const long of_day = half == 0 ? hours % 24 : hours % 12 + (half == 2 ? 12 : 0);
    return of_day * 60 + rest;
  };
  const long r = minutes(reference), a = minutes(answer);
  const bool same = r == a || ((p == 0) != (q == 0) && r % 720 == a % 720);
  return {same ? Agreement::kEqual : Agreement::kDifferent, Method::kStructure};
}

bool Comparer::vector_like(NodeId id) const {
  if (is(id, Kind::kTuple)) return true;
  return is(id, Kind::kMatrix) && (x_.at(id).detail == 1 || x_.at(id).detail == x_.at(id).count) &&
         x_.at(id).count > 1;
}

Nodes Comparer::pieces(NodeId root, Kind kind) const {
  Nodes found, open = {root};
  while (!open.empty()) {
    const NodeId id = open.back();
    open.pop_back();
    if (is(id, kind)) {
      for (const NodeId operand : x_.operands(id)) open.push_back(operand);
    } else {
      found.push_back(id);
    }
  }
  return found;
}

// "x = 1 or x = 2" beside "1, 2": all of one variable.
std::optional<Comparison> Comparer::values_of_one_variable(const Nodes& reference, const Nodes& answer,
                                                           int depth) {
  const auto stripped = [&](const Nodes& elements, Nodes& out) {
    std::optional<NodeId> name;
    for (const NodeId element : elements) {
      const auto target = assigned_variable(x_, element);
      // "x = 1, 2": the name holds for what follows.
      if (!target && name && scalar(element)) {
        out.push_back(element);
        continue;
      }
      if (!target || (name && *name != *target)) return false;
      name = target;
      out.push_back(x_.operand(element, 1));
    }
    return true;
  };
  Nodes left, right;
  const bool l = stripped(reference, left), r = stripped(answer, right);
  if (l == r) return std::nullopt;
  // ± behind a stripped "x =" becomes two only now.
  return without_order(expanded(l ? left : reference), expanded(r ? right : answer), depth);
}

// One side is a relation, the other a value or a set.
Comparison Comparer::without_relation(NodeId reference, NodeId answer, int depth) {
  const bool at_reference = is(reference, Kind::kRelation) || is(reference, Kind::kAll);
  const NodeId relation = at_reference ? reference : answer;
  const NodeId other = at_reference ? answer : reference;
  const auto against = [&](NodeId value) {
    return at_reference ? compare(value, other, depth) : compare(other, value, depth);
  };
  if (is(relation, Kind::kRelation)) {
    const auto sign = static_cast<Relation>(x_.at(relation).detail);
    const NodeId left = x_.operand(relation, 0), right = x_.operand(relation, 1);
    if (sign == Relation::kIn) return against(right);
    // "(x, y) = (2, 4)"
    if (sign == Relation::kEqual && is(left, Kind::kTuple) && !scalar(right) &&
        std::ranges::all_of(x_.operands(left), [&](NodeId id) { return is(id, Kind::kVariable); })) {
      return against(right);
    }
    if (sign == Relation::kEqual) {
      if (assigned_variable(x_, relation)) return against(right);
      // "5 = x", and in answers any chain of equalities: its last side.
      if (is(right, Kind::kVariable) && !x_.contains(left, Kind::kVariable)) return against(left);
      if (!at_reference || !x_.contains(left, Kind::kVariable)) return against(right);
      return different();
    }
  }
  const auto range = as_range(x_, relation, budget_);
  if (!range) return different();
  return against(*range);
}

Comparison Comparer::compare(NodeId reference, NodeId answer, int depth) {
  // Looking through an expression for a kind of node costs by its size.
  const auto size = static_cast<std::int64_t>(std::max(reference, answer));
  if (!budget_.spend(4 + size / 4) || depth > 16) return {Agreement::kUnknown, Method::kStructure};
  ++depth;
  if (reference == answer && !scalar(reference)) return {Agreement::kEqual, Method::kIdentity};
  // Outside of collections ± makes a list.
  if ((x_.contains(reference, Kind::kPlusMinus) || x_.contains(answer, Kind::kPlusMinus)) &&
      !collection(reference) && !collection(answer)) {
    const Nodes r = expanded({reference}), a = expanded({answer});
    if (r.size() > 1 && a.size() > 1) return without_order(r, a, depth);
    if (const auto values = values_of_one_variable(r, a, depth)) return *values;
    return without_order(r, a, depth);
  }
  if (scalar(reference) && scalar(answer)) return scalars(reference, answer);
  const auto relation = [&](NodeId id) { return is(id, Kind::kRelation) || is(id, Kind::kAll); };
  if (collection(reference) || collection(answer)) {
    if (relation(reference) || relation(answer)) {
      if (!(collection(reference) && collection(answer))) {
        const NodeId single = collection(reference) ? answer : reference;
        if (x_.contains(single, Kind::kPlusMinus)) {
          const Nodes r = expanded(collection(reference) ? operands(reference) : Nodes{reference});
          const Nodes a = expanded(collection(answer) ? operands(answer) : Nodes{answer});
          if (const auto values = values_of_one_variable(r, a, depth)) return *values;
          return without_order(r, a, depth);
        }
        // "x < 1 or x > 2" beside a union.
        return without_relation(reference, answer, depth);
      }
    }
    const auto union_of_list = [&](NodeId list, NodeId other) -> std::optional<NodeId> {
      if (!is(list, Kind::kList) || !(is(other, Kind::kUnion))) return std::nullopt;
      std::optional<NodeId> joined;
      for (const NodeId element : operands(list)) {
        const auto range = relation(element) ? as_range(x_, element, budget_) : std::nullopt;
        if (!range) return std::nullopt;
        joined = joined ? x_.make(Kind::kUnion, 0, {*joined, *range}) : *range;
      }
      return joined;
    };
    if (const auto joined = union_of_list(answer, reference)) return compare(reference, *joined, depth);
    if (const auto joined = union_of_list(reference, answer)) return compare(*joined, answer, depth);
    const bool plain_r = collection(reference) || x_.contains(reference, Kind::kPlusMinus);
    const bool plain_a = collection(answer) || x_.contains(answer, Kind::kPlusMinus);
    if (!plain_r || !plain_a) return different();
    const bool signs = x_.contains(reference, Kind::kPlusMinus) || x_.contains(answer, Kind::kPlusMinus);
    Nodes r = expanded(collection(reference) ? operands(reference) : Nodes{reference});
    Nodes a = expanded(collection(answer) ? operands(answer) : Nodes{answer});
    if (is(reference, Kind::kSet) || is(answer, Kind::kSet) || signs) {
      // Every pair is compared: too many are given up at once.
      const auto pairs = static_cast<std::int64_t>(r.size() * r.size() + a.size() * a.size());
      if (pairs > 20'000) budget_.spend(budget_.left() + 1);
      if (budget_.spent()) return {Agreement::kUnknown, Method::kStructure};
      drop_repeated(r, depth);
      drop_repeated(a, depth);
    }
    if (const auto values = values_of_one_variable(r, a, depth)) return *values;
    return without_order(std::move(r), std::move(a), depth);
  }
  if (relation(reference) && relation(answer)) {
    // "k ∈ (0, 1)" beside "0 < k < 1".
    const auto is_in = [&](NodeId id) {
      return is(id, Kind::kRelation) && static_cast<Relation>(x_.at(id).detail) == Relation::kIn;
    };
    const NodeId in = is_in(reference) ? reference : answer, other = in == reference ? answer : reference;
    if (is_in(in) && !is_in(other)) {
      const NodeId name = x_.operand(in, 0);
      if (name > other || !x_.reachable(other)[name]) return different();
      const NodeId set = x_.operand(in, 1);
      return in == reference ? compare(set, answer, depth) : compare(reference, set, depth);
    }
  }
  if (relation(reference) && relation(answer)) return compare_relations(x_, reference, answer, budget_);
  if (relation(reference) || relation(answer)) return without_relation(reference, answer, depth);
  const Kind r = x_.kind(reference), a = x_.kind(answer);
  if (r == Kind::kRatio || a == Kind::kRatio) {
    const auto fits = [&](NodeId id) { return scalar(id) || is(id, Kind::kRatio) || is(id, Kind::kClock); };
    return fits(reference) && fits(answer) ? ratios(reference, answer) : different();
  }
  if (r == Kind::kClock && a == Kind::kClock) return clocks(reference, answer);
  if (r == Kind::kNumeral || a == Kind::kNumeral) {
    // The digits without their base are enough for a reference that has one.
    if (r == Kind::kNumeral && x_.is_number(answer)) {
      const bool same =
          x_.value(answer).get_den() == 1 && x_.value(answer).get_num().get_str() == x_.name(reference);
      return {same ? Agreement::kEqual : Agreement::kDifferent, Method::kStructure};
    }
    return different();
  }
  if ((r == Kind::kSetMinus) != (a == Kind::kSetMinus)) {
    const auto line = real_line_without(x_, r == Kind::kSetMinus ? reference : answer, budget_);
    if (!line) return different();
    return r == Kind::kSetMinus ? compare(*line, answer, depth) : compare(reference, *line, depth);
  }
  if (r == Kind::kUnion && a == Kind::kUnion) {
    return without_order(pieces(reference, Kind::kUnion), pieces(answer, Kind::kUnion), depth);
  }
  if (r == Kind::kIntersection && a == Kind::kIntersection) {
    return without_order(pieces(reference, Kind::kIntersection), pieces(answer, Kind::kIntersection), depth);
  }
  if (r != a) {
    return vector_like(reference) && vector_like(answer)
               ? in_order(operands(reference), operands(answer), depth)
               : different();
  }
  if (r == Kind::kText) return different();  // equal words are one node
  if (x_.at(reference).detail != x_.at(answer).detail) return different();
  return in_order(operands(reference), operands(answer), depth);
}

}  // namespace

Comparison compare_answers(Expressions& expressions, NodeId reference, NodeId answer, Budget& budget) {
  return Comparer(expressions, budget).compare(reference, answer, 0);
}

}  // namespace hone
