// Small prime factors of integers, for radicals.
//
// Thread-safe; at most 1,500 divisions.
#pragma once

#include <gmpxx.h>

#include <utility>
#include <vector>

namespace hone {

// What trial division leaves is a prime when it is below this, as no factor below 3,000 is left in it.
inline constexpr unsigned long kSurelyPrime = 9'000'000;

struct Factors {
  std::vector<std::pair<unsigned long, long>> small;  // prime, how often
  mpz_class rest;                                     // 1 when everything was found
};

// Requires n ≥ 1.
Factors small_factors(mpz_class n);

}  // namespace hone
