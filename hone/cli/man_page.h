// hone(1), the manual page, as roff with the macros of man(7): every command and option, exit status,
// environment and files.
//
// A pure function of the program's shape; the same program gives the same bytes (no date in it).
#pragma once

#include <string>
#include <string_view>

#include "hone/cli/command_shape.h"

namespace hone {

std::string man_page(const ProgramShape& program);

// Text as roff: backslashes and hyphens kept as they are typed, no line a request by accident.
std::string roff_text(std::string_view text);

}  // namespace hone
