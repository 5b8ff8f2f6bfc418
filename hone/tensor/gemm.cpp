#include "hone/tensor/gemm.h"

#include <blis.h>

#include <algorithm>

#include "hone/base/threads.h"

namespace hone {
namespace {

// Rows per call on the small-matrix path.
constexpr std::int64_t kRowBlock = 256;

// BLIS's small-matrix ("sup") path does not pack its operands and is much faster for the few rows of a
// decoding step; it is taken when m is below a threshold of the machine, and its bits differ from those of
// the packed path. Calls are therefore cut into row blocks that always stay below the threshold. Its kernels
// for the last columns sum in another order when n is not a multiple of their width, and which columns those
// are depends on the threads: such n take the packed path throughout.
bool use_small_path(std::int64_t n) {
  static const bool available =
      bli_cntx_get_l3_sup_thresh_dt(BLIS_FLOAT, BLIS_MT, bli_gks_query_cntx()) > kRowBlock;
  return available && n % 16 == 0;
}

rntm_t make_runtime(bool small_path) {
  rntm_t runtime;
  bli_rntm_init_from_global(&runtime);
  if (small_path) {
    bli_rntm_enable_l3_sup(&runtime);
  } else {
    bli_rntm_disable_l3_sup(&runtime);
  }
  bli_rntm_set_num_threads(thread_count(), &runtime);
  return runtime;
}

float* mutable_pointer(const float* p) { return const_cast<float*>(p); }  // BLIS's signatures lack const

}  // namespace

void gemm_nt(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, const float* w, float* y) {
  const bool small_path = use_small_path(n);
  rntm_t runtime = make_runtime(small_path);
  float one = 1.0f, zero = 0.0f;
  const std::int64_t block = small_path ? kRowBlock : std::max<std::int64_t>(m, 1);
  for (std::int64_t i = 0; i < m; i += block) {
    bli_sgemm_ex(BLIS_NO_TRANSPOSE, BLIS_TRANSPOSE, std::min(block, m - i), n, k, &one,
                 mutable_pointer(x + i * k), k, 1, mutable_pointer(w), k, 1, &zero, y + i * n, n, 1, nullptr,
                 &runtime);
  }
}

void gemm_nn(std::int64_t m, std::int64_t k, std::int64_t n, const float* dy, const float* w, float* dx,
             bool accumulate) {
  rntm_t runtime = make_runtime(true);
  float one = 1.0f, beta = accumulate ? 1.0f : 0.0f;
  bli_sgemm_ex(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, m, k, n, &one, mutable_pointer(dy), n, 1,
               mutable_pointer(w), k, 1, &beta, dx, k, 1, nullptr, &runtime);
}

void gemm_tn(std::int64_t n, std::int64_t k, std::int64_t m, const float* dy, const float* x, float* dw) {
  rntm_t runtime = make_runtime(true);
  float one = 1.0f;
  bli_sgemm_ex(BLIS_TRANSPOSE, BLIS_NO_TRANSPOSE, n, k, m, &one, mutable_pointer(dy), n, 1,
               mutable_pointer(x), k, 1, &one, dw, k, 1, nullptr, &runtime);
}

}  // namespace hone
