#include "hone/symbolic/polynomial.h"

#include <algorithm>

#include "hone/symbolic/rational.h"

namespace hone {
namespace {

constexpr std::size_t kMaxCoefficientBits = 20'000;
constexpr std::int32_t kMaxExponent = 1 << 24;

}  // namespace

std::optional<std::size_t> Polynomials::add_generator(Generator generator) {
  if (generators_.size() >= kMaxGenerators) return std::nullopt;
  generators_.push_back(std::move(generator));
  return generators_.size() - 1;
}

Polynomial Polynomials::constant(const mpq_class& value) {
  if (value == 0) return {};
  return {Term{{}, value}};
}

Polynomial Polynomials::power_of_generator(std::size_t i, std::int32_t exponent) {
  Term term{{}, 1};
  term.monomial.exponents[i] = exponent;
  reduce(term);
  return {term};
}

// Brings the exponents of radicals into [0, 1) and those of i into {0, 1}.
bool Polynomials::reduce(Term& term) {
  for (std::size_t i = 0; i < generators_.size(); ++i) {
    std::int32_t& exponent = term.monomial.exponents[i];
    if (exponent > kMaxExponent || exponent < -kMaxExponent) return false;
    if (exponent == 0) continue;
    const Generator& g = generators_[i];
    if (g.rule == Generator::Rule::kImaginary) {
      const std::int32_t quarter = ((exponent / kUnit) % 4 + 4) % 4;
      exponent = (quarter % 2) * kUnit;
      if (quarter >= 2) term.coefficient = -term.coefficient;
    } else if (g.rule == Generator::Rule::kRadical) {
      std::int32_t whole = exponent / kUnit;
      if (exponent % kUnit < 0) --whole;
      if (whole == 0) continue;
      exponent -= whole * kUnit;
      const auto size = static_cast<unsigned long>(whole < 0 ? -whole : whole);
      if (size * mpz_sizeinbase(g.value.get_mpz_t(), 2) > kMaxCoefficientBits) return false;
      mpz_class power;
      mpz_pow_ui(power.get_mpz_t(), g.value.get_mpz_t(), size);
      if (whole > 0) {
        term.coefficient *= power;
      } else {
        term.coefficient /= power;
      }
    }
  }
  return bits(term.coefficient) <= kMaxCoefficientBits;
}

// Sorts, and brings equal monomials together.
bool Polynomials::collect(Polynomial& terms) {
  std::sort(terms.begin(), terms.end(), [](const Term& a, const Term& b) { return a.monomial < b.monomial; });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < terms.size();) {
    std::size_t next = i + 1;
    for (; next < terms.size() && terms[next].monomial == terms[i].monomial; ++next) {
      terms[i].coefficient += terms[next].coefficient;
    }
    if (terms[i].coefficient != 0) {
      if (bits(terms[i].coefficient) > kMaxCoefficientBits) return false;
      if (kept != i) terms[kept] = std::move(terms[i]);
      ++kept;
    }
    i = next;
  }
  terms.resize(kept);
  return kept <= kMaxTerms;
}

std::optional<Polynomial> Polynomials::add(const Polynomial& a, const Polynomial& b) {
  if (!budget_.spend(static_cast<std::int64_t>(2 * (a.size() + b.size()) + 2))) return std::nullopt;
  Polynomial sum = a;
  sum.insert(sum.end(), b.begin(), b.end());
  if (!collect(sum)) return std::nullopt;
  return sum;
}

std::optional<Polynomial> Polynomials::multiply(const Polynomial& a, const Polynomial& b) {
  const std::size_t count = a.size() * b.size();
  if (count > 10 * kMaxTerms) return std::nullopt;
  std::int64_t cost = static_cast<std::int64_t>(6 * count + 4);
  if (!a.empty() && !b.empty())
    cost += static_cast<std::int64_t>(count * (bits(a[0].coefficient) + bits(b[0].coefficient)) / 512);
  if (!budget_.spend(cost)) return std::nullopt;
  Polynomial product;
  product.reserve(count);
  for (const Term& p : a) {
    for (const Term& q : b) {
      Term term{p.monomial, p.coefficient * q.coefficient};
      for (std::size_t i = 0; i < generators_.size(); ++i)
        term.monomial.exponents[i] += q.monomial.exponents[i];
      if (!reduce(term)) return std::nullopt;
      product.push_back(std::move(term));
    }
  }
  if (!collect(product)) return std::nullopt;
  return product;
}

std::optional<Polynomial> Polynomials::inverse(const Polynomial& single) {
  if (single.size() != 1) return std::nullopt;
  Term term = single[0];
  term.coefficient = 1 / term.coefficient;
  for (std::int32_t& exponent : term.monomial.exponents) exponent = -exponent;
  if (!reduce(term)) return std::nullopt;
  return Polynomial{std::move(term)};
}

std::optional<Polynomial> Polynomials::power(const Polynomial& base, long exponent) {
  if (exponent < 0) {
    const auto inverted = inverse(base);
    if (!inverted || exponent < -kMaxExponent) return std::nullopt;
    return power(*inverted, -exponent);
  }
  if (base.size() > 1 && exponent > 64) return std::nullopt;
  if (exponent > 100'000) return std::nullopt;
  std::optional<Polynomial> result = constant(1);
  Polynomial square = base;
  for (long left = exponent; left > 0; left /= 2) {
    if (left % 2 == 1) {
      result = multiply(*result, square);
      if (!result) return std::nullopt;
    }
    if (left == 1) break;
    auto next = multiply(square, square);
    if (!next) return std::nullopt;
    square = std::move(*next);
  }
  return result;
}

Polynomial Polynomials::scaled(Polynomial a, const mpq_class& factor) {
  if (factor == 0) return {};
  for (Term& term : a) term.coefficient *= factor;
  return a;
}

}  // namespace hone
