// Completion scripts for shells: subcommands, options, fixed choices, files and folders.
//
// Pure functions of the program's shape. What is printed needs nothing but the shell itself (bash 4.2, zsh 5,
// fish 3.2), and never runs the program.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hone/base/result.h"
#include "hone/cli/command_shape.h"

namespace hone {

const std::vector<std::string>& completion_shells();  // bash, zsh, fish
// Error: none of completion_shells().
Result<std::string> completion_script(const ProgramShape& program, const std::string& shell);

std::string bash_completions(const ProgramShape& program);
std::string zsh_completions(const ProgramShape& program);
std::string fish_completions(const ProgramShape& program);

// Between single quotes, as bash and zsh read it: it's → 'it'\''s'.
std::string shell_quoted(std::string_view text);

}  // namespace hone
