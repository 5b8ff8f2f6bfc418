#include "hone/symbolic/expression.h"

#include <algorithm>
#include <array>

#include "hone/base/check.h"
#include "hone/symbolic/rational.h"

namespace hone {
namespace {

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15ull;
  return hash ^ (hash >> 29);
}

std::uint64_t hash_of(const mpz_class& value) {
  return mix(mpz_get_ui(value.get_mpz_t()),
             static_cast<std::uint64_t>(mpz_size(value.get_mpz_t())) * 2 + (value < 0));
}

// base^exponent for an integer exponent; false when it has no value or too many bits.
bool power_of(const mpq_class& base, const mpq_class& exponent, mpq_class& out) {
  if (exponent.get_den() != 1) return false;
  if (base == 0) {
    if (exponent < 0) return false;
    out = exponent == 0 ? 1 : 0;
    return true;
  }
  if (base == 1 || exponent == 0) {
    out = 1;
    return true;
  }
  if (base == -1) {
    out = mpz_even_p(exponent.get_num_mpz_t()) ? 1 : -1;
    return true;
  }
  if (!mpz_fits_slong_p(exponent.get_num_mpz_t())) return false;
  const long n = exponent.get_num().get_si();
  const auto size = static_cast<unsigned long>(n < 0 ? -n : n);
  if (size > Expressions::kMaxBits || size * bits(base) > Expressions::kMaxBits) return false;
  mpz_class above, below;
  mpz_pow_ui(above.get_mpz_t(), base.get_num_mpz_t(), size);
  mpz_pow_ui(below.get_mpz_t(), base.get_den_mpz_t(), size);
  out = n < 0 ? mpq_class(below, above) : mpq_class(above, below);
  out.canonicalize();
  return true;
}

mpz_class floor_of(const mpq_class& x) {
  mpz_class result;
  mpz_fdiv_q(result.get_mpz_t(), x.get_num_mpz_t(), x.get_den_mpz_t());
  return result;
}

bool small(const mpq_class& x, long limit) { return x.get_den() == 1 && x >= 0 && x <= limit; }

// Functions whose value at rational numbers is found exactly.
bool function_of(Function function, const mpq_class& a, const mpq_class& b, mpq_class& out) {
  switch (function) {
    case Function::kAbs:
      out = abs(a);
      return true;
    case Function::kFloor:
      out = floor_of(a);
      return true;
    case Function::kCeiling:
      out = -floor_of(-a);
      return true;
    case Function::kFactorial:
    case Function::kDoubleFactorial: {
      if (!small(a, 1000)) return false;
      mpz_class result;
      (function == Function::kFactorial ? mpz_fac_ui : mpz_2fac_ui)(result.get_mpz_t(), a.get_num().get_ui());
      out = result;
      return true;
    }
    case Function::kBinomial: {
      if (!small(a, 10'000) || !small(b, 10'000)) return false;
      mpz_class result;
      mpz_bin_uiui(result.get_mpz_t(), a.get_num().get_ui(), b.get_num().get_ui());
      out = result;
      return true;
    }
    case Function::kGcd:
    case Function::kLcm: {
      if (a.get_den() != 1 || b.get_den() != 1) return false;
      out = function == Function::kGcd ? mpz_class(gcd(a.get_num(), b.get_num()))
                                       : mpz_class(lcm(a.get_num(), b.get_num()));
      return true;
    }
    case Function::kMin:
      out = std::min(a, b);
      return true;
    case Function::kMax:
      out = std::max(a, b);
      return true;
    case Function::kMod:
      if (b == 0) return false;
      out = a - b * floor_of(a / b);
      return true;
    default:
      return false;
  }
}

}  // namespace

Expressions::Expressions() {
  nodes_.reserve(64);
  operands_.reserve(64);
  table_.assign(128, 0);
  minus_one_ = integer(-1);
}

NodeId Expressions::number(mpq_class value) {
  std::uint64_t hash = mix(hash_of(value.get_num()), hash_of(value.get_den()));
  hash = mix(hash, static_cast<std::uint64_t>(Kind::kNumber));
  const std::size_t mask = table_.size() - 1;
  std::size_t slot = hash & mask;
  for (; table_[slot] != 0; slot = (slot + 1) & mask) {
    const NodeId id = table_[slot] - 1;
    if (nodes_[id].kind == Kind::kNumber && numbers_[nodes_[id].payload] == value) return id;
  }
  Node node;
  node.kind = Kind::kNumber;
  node.payload = static_cast<std::uint32_t>(numbers_.size());
  numbers_.push_back(std::move(value));
  nodes_.push_back(node);
  const auto id = static_cast<NodeId>(nodes_.size() - 1);
  table_[slot] = id + 1;
  grow();
  return id;
}

NodeId Expressions::intern(const Node& wanted, std::span<const NodeId> operands) {
  std::uint64_t hash = mix(static_cast<std::uint64_t>(wanted.kind) + 101, wanted.detail);
  hash = mix(hash, wanted.payload);
  for (const NodeId id : operands) hash = mix(hash, id + 7);
  const std::size_t mask = table_.size() - 1;
  std::size_t slot = hash & mask;
  for (; table_[slot] != 0; slot = (slot + 1) & mask) {
    const NodeId id = table_[slot] - 1;
    const Node& node = nodes_[id];
    if (node.kind == wanted.kind && node.detail == wanted.detail && node.payload == wanted.payload &&
        std::ranges::equal(this->operands(id), operands)) {
      return id;
    }
  }
  Node node = wanted;
  node.first = static_cast<std::uint32_t>(operands_.size());
  node.count = static_cast<std::uint32_t>(operands.size());
  const auto id = static_cast<NodeId>(nodes_.size());
  for (const NodeId operand : operands) HONE_CHECK(operand < id, "operand {} of node {}", operand, id);
  // `operands` may point into operands_ itself.
  const std::vector<NodeId> copy(operands.begin(), operands.end());
  operands_.insert(operands_.end(), copy.begin(), copy.end());
  nodes_.push_back(node);
  table_[slot] = id + 1;
  grow();
  return id;
}

// Half full at most. Hashes are not kept: a rehash is rare enough to look the nodes up again.
void Expressions::grow() {
  if (nodes_.size() * 2 < table_.size()) return;
  std::vector<NodeId> larger(table_.size() * 4, 0);
  const std::size_t mask = larger.size() - 1;
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    const Node& node = nodes_[id];
    std::uint64_t hash;
    if (node.kind == Kind::kNumber) {
      const mpq_class& value = numbers_[node.payload];
      hash = mix(mix(hash_of(value.get_num()), hash_of(value.get_den())),
                 static_cast<std::uint64_t>(Kind::kNumber));
    } else {
      hash = mix(static_cast<std::uint64_t>(node.kind) + 101, node.detail);
      hash = mix(hash, node.payload);
      for (const NodeId operand : operands(id)) hash = mix(hash, operand + 7);
    }
    std::size_t slot = hash & mask;
    while (larger[slot] != 0) slot = (slot + 1) & mask;
    larger[slot] = id + 1;
  }
  table_ = std::move(larger);
}

std::uint32_t Expressions::name_index(std::string_view name) {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found != names_.end()) return static_cast<std::uint32_t>(found - names_.begin());
  names_.emplace_back(name);
  return static_cast<std::uint32_t>(names_.size() - 1);
}

NodeId Expressions::variable(std::string_view name) {
  return intern({.kind = Kind::kVariable, .payload = name_index(name)}, {});
}

NodeId Expressions::text(std::string_view words) {
  return intern({.kind = Kind::kText, .payload = name_index(words)}, {});
}

NodeId Expressions::numeral(std::string_view digits, NodeId base) {
  return intern({.kind = Kind::kNumeral, .payload = name_index(digits)}, std::array{base});
}

NodeId Expressions::make(Kind kind, std::uint32_t detail, std::span<const NodeId> operands) {
  return intern({.kind = kind, .detail = detail}, operands);
}

NodeId Expressions::add(NodeId a, NodeId b) {
  if (is_number(a) && is_number(b)) {
    if (bits(value(a)) + bits(value(b)) <= kMaxBits) return number(value(a) + value(b));
  } else if (is_number(a) && value(a) == 0) {
    return b;
  } else if (is_number(b) && value(b) == 0) {
    return a;
  }
  return make(Kind::kAdd, 0, {std::min(a, b), std::max(a, b)});
}

NodeId Expressions::multiply(NodeId a, NodeId b) {
  if (is_number(b)) std::swap(a, b);
  if (is_number(a) && is_number(b)) {
    if (bits(value(a)) + bits(value(b)) <= kMaxBits) return number(value(a) * value(b));
  } else if (is_number(a)) {
    if (value(a) == 1) return b;
    const Node& right = nodes_[b];
    if (right.kind == Kind::kInfinity && value(a) != 0 && value(a) != -1) {
      return value(a) > 0 ? b : negate(b);
    }
    // -(2x) is (-2)x: signs and factors come together.
    if (right.kind == Kind::kMultiply && is_number(operand(b, 0)) &&
        bits(value(a)) + bits(value(operand(b, 0))) <= kMaxBits) {
      const NodeId rest = operand(b, 1);
      return multiply(number(value(a) * value(operand(b, 0))), rest);
    }
    return make(Kind::kMultiply, 0, {a, b});
  }
  return make(Kind::kMultiply, 0, {std::min(a, b), std::max(a, b)});
}

NodeId Expressions::power(NodeId base, NodeId exponent) {
  if (is_number(exponent)) {
    if (value(exponent) == 1) return base;
    mpq_class result;
    if (is_number(base) && power_of(value(base), value(exponent), result)) return number(std::move(result));
  }
  return make(Kind::kPower, 0, {base, exponent});
}

NodeId Expressions::root(NodeId radicand, NodeId index) { return make(Kind::kRoot, 0, {radicand, index}); }

NodeId Expressions::call(Function function, std::initializer_list<NodeId> arguments) {
  const NodeId* a = arguments.begin();
  const NodeId* b = a + (arguments.size() > 1 ? 1 : 0);
  mpq_class result;
  if (arguments.size() <= 2 && is_number(*a) && is_number(*b) &&
      function_of(function, value(*a), value(*b), result)) {
    return number(std::move(result));
  }
  return make(Kind::kFunction, static_cast<std::uint32_t>(function), arguments);
}

std::vector<bool> Expressions::reachable(NodeId root) const {
  std::vector<bool> used(root + 1, false);
  used[root] = true;
  for (NodeId id = root + 1; id-- > 0;) {
    if (!used[id]) continue;
    for (const NodeId operand : operands(id)) used[operand] = true;
  }
  return used;
}

bool Expressions::contains(NodeId root, Kind wanted) const {
  const std::vector<bool> used = reachable(root);
  for (NodeId id = 0; id <= root; ++id) {
    if (used[id] && nodes_[id].kind == wanted) return true;
  }
  return false;
}

NodeId Expressions::rebuilt(NodeId id, std::span<const NodeId> operands) {
  const Node node = nodes_[id];
  switch (node.kind) {
    case Kind::kAdd:
      return add(operands[0], operands[1]);
    case Kind::kMultiply:
      return multiply(operands[0], operands[1]);
    case Kind::kPower:
      return power(operands[0], operands[1]);
    default:
      return intern(node, operands);
  }
}

NodeId Expressions::with_sign(NodeId root, bool plus) {
  const std::vector<bool> used = reachable(root);
  std::vector<NodeId> now(root + 1, 0);
  std::vector<NodeId> changed;
  for (NodeId id = 0; id <= root; ++id) {
    if (!used[id]) continue;
    changed.clear();
    bool same = true;
    for (const NodeId operand : operands(id)) {
      changed.push_back(now[operand]);
      same = same && now[operand] == operand;
    }
    if (nodes_[id].kind == Kind::kPlusMinus) {
      now[id] = plus ? changed[0] : negate(changed[0]);
    } else {
      now[id] = same ? id : rebuilt(id, changed);
    }
  }
  return now[root];
}

}  // namespace hone
