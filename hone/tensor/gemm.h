// Matrix products in fp32, row-major.
//
// Every element is one chain of fused multiply-adds, s ← fma(a_p, b_p, s), p ascending, that starts from 0,
// or from what stood there when the product is added to it. Nothing else about a product is left to choose
// that could change a bit: what was sampled in a batch of 3 is recomputed to the bit in a batch of 300, by
// any number of threads and with vectors of any width; and a sum over rows gives the same bits whether the
// rows come at once or in parts. (Machines without a fused multiply-add round twice: there the bits are their
// own, and just as steady.)
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
