// Matrix products in fp32 through BLIS's own interface, row-major.
//
// gemm_nt gives each row of y the same bits whatever the number of rows and threads (m ≥ 1): what was sampled
// in a batch of 3 is recomputed to the bit in a batch of 300. BLIS keeps one summation order over k within
// each of its two code paths; the path is chosen here, by n alone (see gemm.cpp).
#pragma once

#include <cstdint>

namespace hone {

// y[m, n] = x[m, k] · w[n, k]ᵀ
void gemm_nt(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, const float* w, float* y);

// dx[m, k] (+)= dy[m, n] · w[n, k]
void gemm_nn(std::int64_t m, std::int64_t k, std::int64_t n, const float* dy, const float* w, float* dx,
             bool accumulate);

// dw[n, k] += dy[m, n]ᵀ · x[m, k]
void gemm_tn(std::int64_t n, std::int64_t k, std::int64_t m, const float* dy, const float* x, float* dw);

}  // namespace hone
