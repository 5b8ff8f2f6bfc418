#include "hone/symbolic/normal_form.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "hone/symbolic/polynomial.h"
#include "hone/symbolic/primes.h"

namespace hone {
namespace {

struct Fraction {
  Polynomial above, below;
};
using MaybeFraction = std::optional<Fraction>;

bool is_one(const Polynomial& p) {
  return p.size() == 1 && p[0].coefficient == 1 && p[0].monomial == Monomial{};
}

std::optional<mpq_class> as_rational(const Fraction& f) {
  if (!is_one(f.below)) return std::nullopt;
  if (f.above.empty()) return mpq_class(0);
  if (f.above.size() != 1 || f.above[0].monomial != Monomial{}) return std::nullopt;
  return f.above[0].coefficient;
}

}  // namespace

class NormalForms::Impl {
 public:
  Impl(const Expressions& expressions, Budget& budget) : x_(expressions), budget_(budget), p_(budget) {}

  // The numerator of a - b; nothing when it does not fit.
  std::optional<Polynomial> difference(NodeId a, NodeId b);
  Agreement proportional(NodeId a, NodeId b, int& sign);
  bool independent(const Polynomial& p) const;

 private:
  struct Atom {
    enum class Role : std::uint8_t { kVariable, kPrime, kImaginary, kTranscendental, kOpaque };
    Role role = Role::kOpaque;
    bool proven = true;  // independent of the others
    NodeId node = 0;     // of a variable, π, e
    Kind kind = Kind::kNumber;
    std::uint32_t detail = 0;
    std::vector<Fraction> operands;  // of an opaque one
  };

  MaybeFraction of(NodeId id);
  MaybeFraction compute(NodeId id);
  MaybeFraction sum(const Fraction& a, const Fraction& b);
  MaybeFraction product(const Fraction& a, const Fraction& b);
  MaybeFraction inverse(const Fraction& a);
  MaybeFraction power(const Fraction& base, const mpq_class& exponent, bool real_root);
  MaybeFraction radical(const Fraction& base, const mpq_class& exponent, bool real_root);
  bool root_of_integer(mpz_class n, const mpq_class& exponent, Polynomial& out);
  MaybeFraction generator(Atom atom, Generator rule);
  MaybeFraction opaque(NodeId id, Kind kind, std::uint32_t detail, std::vector<Fraction> operands);
  std::optional<std::size_t> find(Atom::Role role, NodeId node) const;
  bool same(const Fraction& a, const Fraction& b);
  Polynomial without_negative_powers(Polynomial p, bool& shifted) const;
  bool is_constant_part(std::size_t generator) const {
    return atoms_[generator].role != Atom::Role::kVariable;
  }

  const Expressions& x_;
  Budget& budget_;
  Polynomials p_;
  std::vector<Atom> atoms_;
  std::vector<MaybeFraction> memo_;
  std::vector<bool> known_;
};

std::optional<std::size_t> NormalForms::Impl::find(Atom::Role role, NodeId node) const {
  for (std::size_t i = 0; i < atoms_.size(); ++i) {
    if (atoms_[i].role == role && atoms_[i].node == node) return i;
  }
  return std::nullopt;
}

MaybeFraction NormalForms::Impl::generator(Atom atom, Generator rule) {
  const auto index = p_.add_generator(std::move(rule));
  if (!index) return std::nullopt;
  atoms_.push_back(std::move(atom));
  return Fraction{p_.power_of_generator(*index, kUnit), Polynomials::constant(1)};
}

bool NormalForms::Impl::same(const Fraction& a, const Fraction& b) {
  const auto left = p_.multiply(a.above, b.below), right = p_.multiply(b.above, a.below);
  if (!left || !right) return false;
  const auto minus = p_.add(*left, Polynomials::scaled(*right, -1));
  return minus && minus->empty();
}

MaybeFraction NormalForms::Impl::opaque(NodeId id, Kind kind, std::uint32_t detail,
                                        std::vector<Fraction> operands) {
  for (std::size_t i = 0; i < atoms_.size(); ++i) {
    const Atom& atom = atoms_[i];
    if (atom.role != Atom::Role::kOpaque || atom.kind != kind || atom.detail != detail ||
        atom.operands.size() != operands.size()) {
      continue;
    }
    bool all = true;
    for (std::size_t k = 0; all && k < operands.size(); ++k) all = same(atom.operands[k], operands[k]);
    if (all) return Fraction{p_.power_of_generator(i, kUnit), Polynomials::constant(1)};
  }
  Atom atom;
  atom.proven = false;
  atom.node = id;
  atom.kind = kind;
  atom.detail = detail;
  atom.operands = std::move(operands);
  return generator(std::move(atom), {});
}

MaybeFraction NormalForms::Impl::sum(const Fraction& a, const Fraction& b) {
  if (is_one(a.below) && is_one(b.below)) {
    auto above = p_.add(a.above, b.above);
    if (!above) return std::nullopt;
    return Fraction{std::move(*above), a.below};
  }
  const auto left = p_.multiply(a.above, b.below), right = p_.multiply(b.above, a.below);
  if (!left || !right) return std::nullopt;
  auto above = p_.add(*left, *right), below = p_.multiply(a.below, b.below);
  if (!above || !below) return std::nullopt;
  return Fraction{std::move(*above), std::move(*below)};
}

MaybeFraction NormalForms::Impl::product(const Fraction& a, const Fraction& b) {
  auto above = p_.multiply(a.above, b.above);
  auto below = is_one(a.below) ? std::optional(b.below) : p_.multiply(a.below, b.below);
  if (!above || !below) return std::nullopt;
  return Fraction{std::move(*above), std::move(*below)};
}

// A single term goes up, so that denominators are 1 or sums.
MaybeFraction NormalForms::Impl::inverse(const Fraction& a) {
  if (a.above.empty()) return std::nullopt;
  if (a.above.size() == 1) {
    const auto up = p_.inverse(a.above);
    if (!up) return std::nullopt;
    auto above = p_.multiply(a.below, *up);
    if (!above) return std::nullopt;
    return Fraction{std::move(*above), Polynomials::constant(1)};
  }
  return Fraction{a.below, a.above};
}

// n^exponent for n ≥ 1 as a product of prime radicals; false when n cannot be taken apart.
bool NormalForms::Impl::root_of_integer(mpz_class n, const mpq_class& exponent, Polynomial& out) {
  const mpq_class units = exponent * kUnit;
  if (units.get_den() != 1 || abs(units) > 100'000) return false;
  const auto step = static_cast<std::int32_t>(units.get_num().get_si());
  const auto take = [&](const mpz_class& prime, long count, bool proven) {
    std::size_t index = 0;
    while (index < atoms_.size() &&
           !(atoms_[index].role == Atom::Role::kPrime && p_.generator(index).value == prime))
      ++index;
    if (index == atoms_.size()) {
      Atom atom;
      atom.role = Atom::Role::kPrime;
      atom.proven = proven;
      if (!generator(std::move(atom), {Generator::Rule::kRadical, prime})) return false;
    }
    const auto next = p_.multiply(out, p_.power_of_generator(index, step));
    if (!next) return false;
    auto times = p_.power(p_.power_of_generator(index, step), count - 1);
    if (!times) return false;
    auto all = p_.multiply(*next, *times);
    if (!all) return false;
    out = std::move(*all);
    return true;
  };
  if (!budget_.spend(mpz_fits_ulong_p(n.get_mpz_t()) ? 200 : 1500)) return false;
  Factors factors = small_factors(std::move(n));
  for (const auto& [prime, count] : factors.small) {
    if (!take(mpz_class(prime), count, true)) return false;
  }
  n = std::move(factors.rest);
  if (n == 1) return true;
  // What is left may be the square of a large prime.
  mpz_class root;
  if (mpz_perfect_square_p(n.get_mpz_t())) {
    mpz_sqrt(root.get_mpz_t(), n.get_mpz_t());
    return take(root, 2, false);
  }
  return mpz_sizeinbase(n.get_mpz_t(), 2) < 2000 && take(n, 1, false);
}

// base^exponent for a fractional exponent: of numbers by their primes, of one variable by its exponent.
MaybeFraction NormalForms::Impl::radical(const Fraction& base, const mpq_class& exponent, bool real_root) {
  if (const auto value = as_rational(base)) {
    if (*value == 0) return exponent > 0 ? MaybeFraction(base) : std::nullopt;
    Polynomial out = Polynomials::constant(1);
    if (!root_of_integer(abs(value->get_num()), exponent, out)) return std::nullopt;
    Polynomial under = Polynomials::constant(1);
    if (!root_of_integer(value->get_den(), -exponent, under)) return std::nullopt;
    auto all = p_.multiply(out, under);
    if (!all) return std::nullopt;
    if (*value < 0) {
      const bool odd = mpz_odd_p(exponent.get_den_mpz_t());
      if (odd && real_root) {
        if (mpz_odd_p(exponent.get_num_mpz_t())) all = Polynomials::scaled(*all, -1);
      } else if (exponent.get_den() == 2) {
        auto i = find(Atom::Role::kImaginary, 0);
        if (!i) {
          Atom atom;
          atom.role = Atom::Role::kImaginary;
          if (!generator(std::move(atom), {Generator::Rule::kImaginary, {}})) return std::nullopt;
          i = atoms_.size() - 1;
        }
        const long quarter = mpz_fdiv_ui(exponent.get_num_mpz_t(), 4);
        all = p_.multiply(*all, p_.power_of_generator(*i, static_cast<std::int32_t>(quarter) * kUnit));
        if (!all) return std::nullopt;
      } else {
        return std::nullopt;
      }
    }
    return Fraction{std::move(*all), Polynomials::constant(1)};
  }
  if (!is_one(base.below) || base.above.size() != 1 || base.above[0].coefficient != 1) return std::nullopt;
  const Monomial& m = base.above[0].monomial;
  std::size_t used = 0, which = 0;
  for (std::size_t i = 0; i < p_.generators(); ++i) {
    if (m.exponents[i] != 0) which = i, ++used;
  }
  const Atom::Role role = used == 1 ? atoms_[which].role : Atom::Role::kOpaque;
  const bool free =
      role == Atom::Role::kVariable || role == Atom::Role::kTranscendental || role == Atom::Role::kPrime;
  if (!free || (role == Atom::Role::kVariable && m.exponents[which] != kUnit)) return std::nullopt;
  const mpq_class units = exponent * m.exponents[which];
  if (units.get_den() != 1 || abs(units) > 100'000) return std::nullopt;
  return Fraction{p_.power_of_generator(which, static_cast<std::int32_t>(units.get_num().get_si())),
                  Polynomials::constant(1)};
}

MaybeFraction NormalForms::Impl::power(const Fraction& base, const mpq_class& exponent, bool real_root) {
  if (exponent.get_den() != 1) return radical(base, exponent, real_root);
  if (!mpz_fits_slong_p(exponent.get_num_mpz_t())) return std::nullopt;
  const long n = exponent.get_num().get_si();
  MaybeFraction positive = n < 0 ? inverse(base) : MaybeFraction(base);
  if (!positive || n < -100'000) return std::nullopt;
  auto above = p_.power(positive->above, n < 0 ? -n : n);
  auto below = p_.power(positive->below, n < 0 ? -n : n);
  if (!above || !below) return std::nullopt;
  return Fraction{std::move(*above), std::move(*below)};
}

MaybeFraction NormalForms::Impl::compute(NodeId id) {
  if (!budget_.spend(6)) return std::nullopt;
  const Node& node = x_.at(id);
  std::vector<Fraction> operands;
  for (const NodeId operand : x_.operands(id)) {
    if (!memo_[operand]) return std::nullopt;
    operands.push_back(*memo_[operand]);
  }
  switch (node.kind) {
    case Kind::kNumber:
      return Fraction{Polynomials::constant(x_.value(id)), Polynomials::constant(1)};
    case Kind::kVariable:
    case Kind::kPi:
    case Kind::kEuler:
    case Kind::kImaginary: {
      const bool imaginary = node.kind == Kind::kImaginary;
      Atom atom;
      atom.role = imaginary                      ? Atom::Role::kImaginary
                  : node.kind == Kind::kVariable ? Atom::Role::kVariable
                                                 : Atom::Role::kTranscendental;
      atom.node = imaginary ? 0 : id;
      if (const auto found = find(atom.role, atom.node)) {
        return Fraction{p_.power_of_generator(*found, kUnit), Polynomials::constant(1)};
      }
      // π and e together are not known to be independent.
      if (atom.role == Atom::Role::kTranscendental) {
        for (const Atom& other : atoms_)
          atom.proven = atom.proven && other.role != Atom::Role::kTranscendental;
      }
      return generator(std::move(atom),
                       {imaginary ? Generator::Rule::kImaginary : Generator::Rule::kFree, {}});
    }
    case Kind::kAdd:
      return sum(operands[0], operands[1]);
    case Kind::kMultiply:
      return product(operands[0], operands[1]);
    case Kind::kPercent:
      return product(operands[0], {Polynomials::constant(mpq_class(1, 100)), Polynomials::constant(1)});
    case Kind::kPower:
    case Kind::kRoot: {
      auto exponent = as_rational(operands[1]);
      if (exponent && node.kind == Kind::kRoot) {
        if (*exponent == 0) return std::nullopt;
        exponent = 1 / *exponent;
      }
      if (exponent) {
        // A base that is zero has no negative power: no opaque generator may hide that.
        if (*exponent < 0 && operands[0].above.empty()) return std::nullopt;
        if (auto result = power(operands[0], *exponent, true)) return result;
        if (exponent->get_den() == 1 && operands[0].above.size() > 1) return std::nullopt;
      }
      return opaque(id, node.kind, 0, std::move(operands));
    }
    case Kind::kFunction:
      return opaque(id, node.kind, node.detail, std::move(operands));
    default:
      return std::nullopt;
  }
}

MaybeFraction NormalForms::Impl::of(NodeId root) {
  if (memo_.size() < x_.size()) {
    memo_.resize(x_.size());
    known_.resize(x_.size(), false);
  }
  if (!budget_.spend(root / 8)) return std::nullopt;
  const std::vector<bool> used = x_.reachable(root);
  for (NodeId id = 0; id <= root; ++id) {
    if (!used[id] || known_[id]) continue;
    memo_[id] = compute(id);
    known_[id] = true;
  }
  return memo_[root];
}

std::optional<Polynomial> NormalForms::Impl::difference(NodeId a, NodeId b) {
  const MaybeFraction left = of(a);
  if (!left) return std::nullopt;
  const MaybeFraction right = of(b);
  if (!right || left->below.empty() || right->below.empty()) return std::nullopt;
  const auto p = p_.multiply(left->above, right->below), q = p_.multiply(right->above, left->below);
  if (!p || !q) return std::nullopt;
  return p_.add(*p, Polynomials::scaled(*q, -1));
}

bool NormalForms::Impl::independent(const Polynomial& p) const {
  for (const Term& term : p) {
    for (std::size_t i = 0; i < p_.generators(); ++i) {
      if (term.monomial.exponents[i] != 0 && !atoms_[i].proven) return false;
    }
  }
  return true;
}

// y - 1/x is x·y - 1 over x: an equation is about the numerator.
Polynomial NormalForms::Impl::without_negative_powers(Polynomial p, bool& shifted) const {
  for (std::size_t i = 0; i < p_.generators(); ++i) {
    std::int32_t lowest = 0;
    for (const Term& term : p) lowest = std::min(lowest, term.monomial.exponents[i]);
    if (lowest == 0) continue;
    shifted = true;
    for (Term& term : p) term.monomial.exponents[i] -= lowest;
  }
  return p;
}

// n1·c2 = n2·c1 for the coefficients c, of the same monomial of variables, in the numerators n.
Agreement NormalForms::Impl::proportional(NodeId a, NodeId b, int& sign) {
  const MaybeFraction left = of(a);
  const MaybeFraction right = left ? of(b) : std::nullopt;
  if (!left || !right) return Agreement::kUnknown;
  bool shifted = false;
  const Polynomial p = without_negative_powers(left->above, shifted);
  const Polynomial q = without_negative_powers(right->above, shifted);
  if (p.empty() || q.empty()) return p.empty() && q.empty() ? Agreement::kEqual : Agreement::kDifferent;
  const auto variables = [&](const Term& term) {
    Monomial m = term.monomial;
    for (std::size_t i = 0; i < p_.generators(); ++i) {
      if (is_constant_part(i)) m.exponents[i] = 0;
    }
    return m;
  };
  const auto leading = [&](const Polynomial& of_all, Monomial& which) {
    which = variables(of_all[0]);
    for (const Term& term : of_all) which = std::max(which, variables(term));
    Polynomial c;
    for (const Term& term : of_all) {
      if (variables(term) != which) continue;
      c.push_back(term);
      for (std::size_t i = 0; i < p_.generators(); ++i) c.back().monomial.exponents[i] -= which.exponents[i];
    }
    return c;
  };
  Monomial top, other;
  const Polynomial c = leading(p, top), d = leading(q, other);
  const auto x = p_.multiply(p, d), y = p_.multiply(q, c);
  if (!x || !y) return Agreement::kUnknown;
  const auto minus = p_.add(*x, Polynomials::scaled(*y, -1));
  if (!minus) return Agreement::kUnknown;
  if (!minus->empty()) return independent(*minus) ? Agreement::kDifferent : Agreement::kUnknown;
  sign = 0;
  if (c.size() == 1 && d.size() == 1 && !shifted && c[0].monomial == d[0].monomial && is_one(left->below) &&
      is_one(right->below)) {
    sign = sgn(c[0].coefficient) * sgn(d[0].coefficient);
  }
  return Agreement::kEqual;
}

NormalForms::NormalForms(const Expressions& expressions, Budget& budget)
    : impl_(std::make_unique<Impl>(expressions, budget)) {}
NormalForms::~NormalForms() = default;

Agreement NormalForms::compare(NodeId a, NodeId b) {
  const auto minus = impl_->difference(a, b);
  if (!minus) return Agreement::kUnknown;
  if (minus->empty()) return Agreement::kEqual;
  return impl_->independent(*minus) ? Agreement::kDifferent : Agreement::kUnknown;
}

Agreement NormalForms::proportional(NodeId a, NodeId b, int& sign) { return impl_->proportional(a, b, sign); }

}  // namespace hone
