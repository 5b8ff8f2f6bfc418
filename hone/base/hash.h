// Stable hashes: the same on every machine and in every version.
#pragma once

#include <cstdint>
#include <string_view>

namespace hone {

// 64-bit FNV-1a with a splitmix64 finish, so that every bit depends on every byte.
std::uint64_t hash64(std::string_view bytes);

}  // namespace hone
