// Sparse polynomials over the rationals in a few generators, with rational exponents in 60ths, so that
// radicals of index 2, 3, 4, 5, 6 … are monomials. Exponents may be negative.
//
// Every operation is bounded by kMaxTerms and by the budget, and says when it did not fit. Not thread-safe.
#pragma once

#include <gmpxx.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "hone/symbolic/budget.h"

namespace hone {

inline constexpr std::size_t kMaxGenerators = 12;
inline constexpr std::size_t kMaxTerms = 400;
inline constexpr std::int32_t kUnit = 60;  // an exponent of one

struct Monomial {
  std::array<std::int32_t, kMaxGenerators> exponents{};  // in 1/kUnit
  auto operator<=>(const Monomial&) const = default;
};

struct Term {
  Monomial monomial;
  mpq_class coefficient;
};

// Terms by ascending monomial, no zero among them.
using Polynomial = std::vector<Term>;

// What a generator g fulfils beyond being free.
struct Generator {
  enum class Rule : std::uint8_t {
    kFree,
    kRadical,    // g is a rational number > 1: whole powers go into the coefficient
    kImaginary,  // g² = -1; its exponents are counted modulo 4 units
  };
  Rule rule = Rule::kFree;
  mpz_class value;  // of kRadical
};

class Polynomials {
 public:
  explicit Polynomials(Budget& budget) : budget_(budget) {}

  // Nothing when there is no room for another one.
  std::optional<std::size_t> add_generator(Generator generator);
  const Generator& generator(std::size_t i) const { return generators_[i]; }
  std::size_t generators() const { return generators_.size(); }

  static Polynomial constant(const mpq_class& value);
  Polynomial power_of_generator(std::size_t i, std::int32_t exponent);

  std::optional<Polynomial> add(const Polynomial& a, const Polynomial& b);
  std::optional<Polynomial> multiply(const Polynomial& a, const Polynomial& b);
  // Any exponent of a single term; else exponent ≥ 0.
  std::optional<Polynomial> power(const Polynomial& base, long exponent);
  // Of a single term only.
  std::optional<Polynomial> inverse(const Polynomial& term);
  static Polynomial scaled(Polynomial a, const mpq_class& factor);

 private:
  bool reduce(Term& term);
  bool collect(Polynomial& terms);

  Budget& budget_;
  std::vector<Generator> generators_;
};

}  // namespace hone
