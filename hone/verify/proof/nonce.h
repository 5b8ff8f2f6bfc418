// Numbers that a text written earlier cannot know: from the system's entropy. Nothing that is trained or
// recorded depends on them.
//
// Thread safety: may be called from any thread.
#pragma once

#include <cstdint>

namespace hone {

std::uint32_t nonce();

}  // namespace hone
