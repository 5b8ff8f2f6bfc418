#include "hone/cli/completions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "hone/base/suggest.h"

namespace hone {

const std::vector<std::string>& completion_shells() {
  static const std::vector<std::string> shells = {"bash", "zsh", "fish"};
  return shells;
}

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

Result<std::string> completion_script(const ProgramShape& program, const std::string& shell) {
  if (shell == "bash") return bash_completions(program);
  if (shell == "zsh") return zsh_completions(program);
  if (shell == "fish") return fish_completions(program);
  const std::string near = nearest(shell, completion_shells());
  return Error{"SHELL", fmt::format("must be one of {}", fmt::join(completion_shells(), ", ")),
               fmt::format("'{}'{}", shell, near.empty() ? "" : " (did you mean " + near + "?)")};
}

}  // namespace hone
