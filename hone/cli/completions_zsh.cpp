#include <fmt/format.h>
#include <fmt/ranges.h>

#include "hone/cli/completions.h"

namespace hone {
namespace {

// What _arguments takes apart itself: brackets around help, colons between the parts.
std::string zsh_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

// The action of _arguments for a value.
std::string zsh_action(const OptionShape& option) {
  const ValueHint& hint = option.hint;
  std::string files;
  if (hint.files && !hint.endings.empty()) {
    files = fmt::format("_files -g \"*.({})\"", fmt::join(hint.endings, "|"));
  } else if (hint.files) {
    files = "_files";
  } else if (hint.folders) {
    files = "_files -/";
  }
  if (hint.words.empty()) return files.empty() ? " " : files;  // a space: nothing to offer
  if (hint.list) return fmt::format("_sequence compadd - {}", fmt::join(hint.words, " "));
  if (files.empty()) return fmt::format("({})", fmt::join(hint.words, " "));
  return fmt::format("_alternative \"words\\:name\\:({})\" \"files\\:file\\:{}\"", fmt::join(hint.words, " "),
                     files);
}

std::string zsh_spec(const OptionShape& option, int place) {
  const std::string help = zsh_escaped(option.help), value = zsh_escaped(option.value_name);
  if (option.positional) {
    // A second colon: it may be left out.
    const std::string where = option.repeated ? "*" : std::to_string(place);
    return shell_quoted(fmt::format("{}:{}{}:{}", where, option.required || option.repeated ? "" : ":",
                                    zsh_escaped(option.names.front()), zsh_action(option)));
  }
  std::string out;
  for (const std::string& name : option.names) {
    if (!out.empty()) out += " \\\n        ";
    const std::string others = option.repeated ? "*" : fmt::format("({})", fmt::join(option.names, " "));
    const bool is_long = name.starts_with("--") && !option.is_flag();  // --name value and --name=value
    out += shell_quoted(fmt::format("{}{}{}[{}]{}", others, name, is_long ? "=" : "", help,
                                    option.is_flag() ? "" : ":" + value + ":" + zsh_action(option)));
  }
  return out;
}

std::string zsh_specs(const std::vector<OptionShape>& options) {
  std::string text;
  int place = 0;
  for (const OptionShape& option : options) {
    if (option.positional) ++place;
    text += " \\\n        " + zsh_spec(option, place);
  }
  return text;
}

}  // namespace

std::string zsh_completions(const ProgramShape& program) {
  std::string commands, cases;
  for (const CommandShape& command : program.commands) {
    commands += fmt::format("    {}\n", shell_quoted(command.name + ":" + zsh_escaped(command.help)));
    cases += fmt::format("    {})\n      _arguments{}\n      ;;\n", command.name, zsh_specs(command.options));
  }
  return fmt::format(
      R"(#compdef hone
# zsh completion for hone, as `hone completions zsh` prints it. Keep it as _hone in a folder of $fpath.

_hone() {{
  local curcontext=$curcontext state line
  typeset -A opt_args
  local -a commands
  commands=(
{}  )
  _arguments -C{} \
        '1:command:->command' '*::argument:->argument' && return
  if [[ $state == command ]]; then
    _describe -t commands command commands
    return
  fi
  case $words[1] in
{}  esac
}}

if [[ $funcstack[1] == _hone ]]; then
  _hone "$@"
else
  compdef _hone hone
fi
)",
      commands, zsh_specs(program.options), cases);
}

}  // namespace hone
