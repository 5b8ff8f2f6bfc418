// Base64 (RFC 4648, section 4), decoding only.
//
// Thread safety: pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hone {

// White space at the end is allowed. Nothing for other characters or a wrong length.
std::optional<std::string> base64_decoded(std::string_view text);

}  // namespace hone
