// Data parallelism over one shared pool (OpenMP's, which BLIS and ATen use as well, so that cores are
// never claimed twice).
#pragma once

#include <omp.h>

#include <cstdint>

namespace hone {

// Sets the number of threads of the pool; 0 means every core. Call once, before any work.
void set_thread_count(int threads);
int thread_count();

// Calls body(begin, end) on disjoint ranges that cover [0, n). The cut depends on the number of threads:
// a body must give the same result for an index whatever range it comes in. Small n runs in place.
template <class Body>
void parallel_for(std::int64_t n, std::int64_t grain, const Body& body) {
  if (n <= 0) return;
  if (n <= grain || omp_in_parallel() || omp_get_max_threads() == 1) {
    body(std::int64_t{0}, n);
    return;
  }
#pragma omp parallel
  {
    const std::int64_t count = omp_get_num_threads(), id = omp_get_thread_num();
    const std::int64_t begin = n * id / count, end = n * (id + 1) / count;
    if (begin < end) body(begin, end);
  }
}

}  // namespace hone
