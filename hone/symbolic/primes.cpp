#include "hone/symbolic/primes.h"

namespace hone {
namespace {

constexpr unsigned long kLimit = 3000;

// The same loop for machine words, which nearly all radicands are.
unsigned long take_words(unsigned long n, Factors& found) {
  for (unsigned long d = 2; d < kLimit && d * d <= n; d += d == 2 ? 1 : 2) {
    long count = 0;
    while (n % d == 0) {
      n /= d;
      ++count;
    }
    if (count > 0) found.small.emplace_back(d, count);
  }
  return n;
}

}  // namespace

Factors small_factors(mpz_class n) {
  Factors found;
  for (unsigned long d = 2; d < kLimit && !mpz_fits_ulong_p(n.get_mpz_t()); d += d == 2 ? 1 : 2) {
    long count = 0;
    while (mpz_divisible_ui_p(n.get_mpz_t(), d)) {
      mpz_divexact_ui(n.get_mpz_t(), n.get_mpz_t(), d);
      ++count;
    }
    if (count > 0) found.small.emplace_back(d, count);
  }
  if (mpz_fits_ulong_p(n.get_mpz_t())) {
    unsigned long rest = take_words(n.get_ui(), found);
    if (rest > 1 && rest < kSurelyPrime) {
      found.small.emplace_back(rest, 1);
      rest = 1;
    }
    n = rest;
  }
  found.rest = std::move(n);
  return found;
}

}  // namespace hone
