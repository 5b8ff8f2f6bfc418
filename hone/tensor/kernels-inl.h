// Helpers shared by the kernel files, compiled once per instruction set (Highway's per-target include guard).
#if defined(HONE_KERNELS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HONE_KERNELS_INL_H_
#undef HONE_KERNELS_INL_H_
#else
#define HONE_KERNELS_INL_H_
#endif

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace hone::kernel {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using F = hn::ScalableTag<float>;
using Vec = hn::Vec<F>;

HWY_INLINE std::int64_t lane_count() { return static_cast<std::int64_t>(hn::Lanes(F())); }
HWY_INLINE float sum(Vec v) { return hn::GetLane(hn::SumOfLanes(F(), v)); }

// The first n floats at p, the other lanes 0; n ≤ lanes.
HWY_INLINE Vec load_first(const float* p, std::int64_t n) {
  const F d;
  if (n == lane_count()) return hn::LoadU(d, p);
  HWY_ALIGN float padded[HWY_MAX_BYTES / sizeof(float)] = {};
  for (std::int64_t i = 0; i < n; ++i) padded[i] = p[i];
  return hn::Load(d, padded);
}

HWY_INLINE void store_first(Vec v, float* p, std::int64_t n) {
  const F d;
  if (n == lane_count()) return hn::StoreU(v, d, p);
  HWY_ALIGN float padded[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(v, d, padded);
  for (std::int64_t i = 0; i < n; ++i) p[i] = padded[i];
}

// Calls vector(i) for whole vectors of [0, n) and scalar(i) for what is left.
template <class VectorBody, class ScalarBody>
HWY_INLINE void each(std::int64_t n, const VectorBody& vector, const ScalarBody& scalar) {
  const auto lanes = lane_count();
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) vector(i);
  for (; i < n; ++i) scalar(i);
}

}  // namespace HWY_NAMESPACE
}  // namespace hone::kernel
HWY_AFTER_NAMESPACE();
#endif
