// Python's escapes in string literals.
#pragma once

#include <string>
#include <string_view>

#include "hone/base/result.h"

namespace hone::jinja {

// `body` is what stands between the quotes. Error: a broken \x, \u or \U escape; \N{…}, which is not
// supported.
Result<std::string> unescape(std::string_view body);

}  // namespace hone::jinja
