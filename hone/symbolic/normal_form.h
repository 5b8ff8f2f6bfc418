// Normal forms: fractions of polynomials in variables, prime radicals, i, π, e and what cannot be taken apart
// (sin x, 2^x), each of which is a generator of its own.
//
// Two scalars whose normal forms agree are equal. When they differ, they are proven different only if the
// difference is made of generators known to be independent: variables, radicals, i, and one of π and e.
// Requires ids of one Expressions. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "hone/symbolic/budget.h"
#include "hone/symbolic/expression.h"

namespace hone {

enum class Agreement : std::uint8_t { kEqual, kDifferent, kUnknown };

class NormalForms {
 public:
  NormalForms(const Expressions& expressions, Budget& budget);
  ~NormalForms();
  NormalForms(const NormalForms&) = delete;
  NormalForms& operator=(const NormalForms&) = delete;

  Agreement compare(NodeId a, NodeId b);
  // Whether a = c·b for a constant c ≠ 0, as for the two sides of one equation. `sign` is then c's sign, 0
  // when c is no rational number.
  Agreement proportional(NodeId a, NodeId b, int& sign);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hone
