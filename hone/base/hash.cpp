#include "hone/base/hash.h"

#include "hone/base/rng.h"

namespace hone {

std::uint64_t hash64(std::string_view bytes) {
  std::uint64_t h = 0xCBF29CE484222325ull;
  for (const char c : bytes) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
  return mix64(h, bytes.size());
}

}  // namespace hone
