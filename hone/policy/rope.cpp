#include <ATen/ops/empty.h>

#include <cmath>
#include <numbers>

#include "hone/policy/policy.h"

namespace hone {
namespace {

// Frequencies as Hugging Face models compute them: in fp32, then scaled by the config's rule.
std::vector<float> frequencies(const RopeConfig& rope, std::int64_t dim) {
  std::vector<float> inv(static_cast<std::size_t>(dim / 2));
  for (std::size_t i = 0; i < inv.size(); ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(dim);
    inv[i] = 1.0f / static_cast<float>(std::pow(rope.theta, static_cast<double>(exponent)));
  }
  if (rope.type == "linear") {
    for (float& f : inv) f /= static_cast<float>(rope.factor);
  } else if (rope.type == "llama3") {
    // Long wavelengths are stretched by `factor`, short ones kept, those between interpolated.
    const double original = static_cast<double>(rope.original_max_position_embeddings);
    const double low = original / rope.low_freq_factor, high = original / rope.high_freq_factor;
    for (float& f : inv) {
      const double wavelength = 2.0 * std::numbers::pi / f;
      if (wavelength > low) {
        f = static_cast<float>(f / rope.factor);
      } else if (wavelength >= high) {
        const double smooth =
            (original / wavelength - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor);
        f = static_cast<float>((1.0 - smooth) * f / rope.factor + smooth * f);
      }
    }
  }
  return inv;
}

}  // namespace

RopeTables make_rope_tables(const ModelConfig& config, std::int64_t positions) {
  const auto inv = frequencies(config.rope, config.head_dim);
  const auto half = static_cast<std::int64_t>(inv.size());
  RopeTables tables{at::empty({positions, half}, at::kFloat), at::empty({positions, half}, at::kFloat)};
  float *c = tables.cos.data_ptr<float>(), *s = tables.sin.data_ptr<float>();
  for (std::int64_t p = 0; p < positions; ++p) {
    for (std::int64_t i = 0; i < half; ++i) {
      const float angle = static_cast<float>(p) * inv[static_cast<std::size_t>(i)];
      c[p * half + i] = static_cast<float>(std::cos(static_cast<double>(angle)));
      s[p * half + i] = static_cast<float>(std::sin(static_cast<double>(angle)));
    }
  }
  return tables;
}

}  // namespace hone
