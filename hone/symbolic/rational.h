// Sizes of exact rationals.
#pragma once

#include <gmpxx.h>

#include <cstddef>

namespace hone {

// Of numerator and denominator together.
inline std::size_t bits(const mpq_class& value) {
  return mpz_sizeinbase(value.get_num_mpz_t(), 2) + mpz_sizeinbase(value.get_den_mpz_t(), 2);
}

}  // namespace hone
