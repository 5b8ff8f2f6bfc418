#include "hone/base/rng.h"

#include <cmath>
#include <numbers>

#include "hone/base/check.h"

namespace hone {
namespace {

std::uint64_t splitmix64(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

double to_unit(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1.0p-53; }

}  // namespace

std::array<std::uint32_t, 4> philox4x32_10(std::array<std::uint32_t, 4> c, std::uint32_t k0,
                                           std::uint32_t k1) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * c[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k1, static_cast<std::uint32_t>(p0)};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return c;
}

std::uint64_t mix64(std::uint64_t a, std::uint64_t b) { return splitmix64(splitmix64(a) ^ b); }

std::array<std::uint32_t, 4> random_block(const RandomKey& key, std::uint32_t position) {
  const std::uint64_t k = mix64(mix64(key.seed, static_cast<std::uint64_t>(key.purpose)), key.step);
  const std::array<std::uint32_t, 4> counter = {static_cast<std::uint32_t>(key.problem),
                                                static_cast<std::uint32_t>(key.problem >> 32), key.rollout,
                                                position};
  return philox4x32_10(counter, static_cast<std::uint32_t>(k), static_cast<std::uint32_t>(k >> 32));
}

double random_uniform(const RandomKey& key, std::uint32_t position) {
  const auto block = random_block(key, position);
  return to_unit((std::uint64_t{block[1]} << 32) | block[0]);
}

std::uint64_t RandomStream::next_u64() {
  const auto block = random_block(key_, position_++);
  HONE_CHECK(position_ != 0, "a stream gives 2^32 - 1 draws");
  return (std::uint64_t{block[1]} << 32) | block[0];
}

double RandomStream::uniform() { return to_unit(next_u64()); }

double RandomStream::normal() {
  const double u = 1.0 - uniform();  // (0, 1]: the logarithm stays finite
  const double v = uniform();
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

std::uint64_t RandomStream::below(std::uint64_t n) {
  HONE_CHECK(n >= 1, "n = {}", n);
  const std::uint64_t tail = (0 - n) % n;  // 2^64 mod n: draws below it would favour small results
  for (;;) {
    const std::uint64_t x = next_u64();
    if (x >= tail) return x % n;
  }
}

std::int64_t RandomStream::between(std::int64_t lo, std::int64_t hi) {
  HONE_CHECK(lo <= hi, "lo = {}, hi = {}", lo, hi);
  // In unsigned numbers, where neither the width nor the sum can overflow.
  const std::uint64_t width = static_cast<std::uint64_t>(hi) - static_cast<std::uint64_t>(lo);
  if (width == ~std::uint64_t{0}) return static_cast<std::int64_t>(next_u64());
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(lo) + below(width + 1));
}

}  // namespace hone
