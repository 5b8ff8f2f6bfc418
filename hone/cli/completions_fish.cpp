#include <fmt/format.h>
#include <fmt/ranges.h>

#include "hone/cli/completions.h"

namespace hone {
namespace {

// fish knows two escapes between single quotes: \\ and \'.
std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

// The switches of `complete` for a value: -x says that it needs one and that no files are meant.
std::string fish_value(const OptionShape& option) {
  const ValueHint& hint = option.hint;
  std::string offers;
  if (hint.files && !hint.endings.empty()) {
    for (const std::string& ending : hint.endings) {
      offers += fmt::format("{}(__fish_complete_suffix .{})", offers.empty() ? "" : " ", ending);
    }
  } else if (!hint.files && hint.folders) {
    offers = "(__fish_complete_directories)";
  }
  if (hint.list) {
    offers = fmt::format("(__fish_append , {})", fmt::join(hint.words, " "));
  } else if (!hint.words.empty()) {
    offers += fmt::format("{}{}", offers.empty() ? "" : " ", fmt::join(hint.words, " "));
  }
  const bool any_file = hint.files && hint.endings.empty();
  std::string text = any_file ? (option.positional ? " -F" : " -r -F") : (option.positional ? " -f" : " -x");
  if (!offers.empty()) text += " -a " + fish_quoted(offers);
  return text;
}

std::string fish_line(const std::string& condition, const OptionShape& option) {
  std::string text = "complete -c hone -n " + fish_quoted(condition);
  if (option.positional) {
    if (!option.hint.files && !option.hint.folders && option.hint.words.empty()) return "";
    return text + fish_value(option) + "\n";
  }
  for (const std::string& name : option.names) {
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (!option.is_flag()) text += fish_value(option);
  return text + " -d " + fish_quoted(option.help) + "\n";
}

}  // namespace

std::string fish_completions(const ProgramShape& program) {
  std::string text = R"(# fish completion for hone, as `hone completions fish` prints it. Keep it as
# ~/.config/fish/completions/hone.fish.

function __hone_command -d 'Whether the command is this one'
    set -l words (commandline -opc)
    test (count $words) -ge 2; and test $words[2] = $argv[1]
end

function __hone_no_command -d 'Whether the command is still to come'
    test (count (commandline -opc)) -eq 1
end

complete -c hone -f
)";
  for (const OptionShape& option : program.options) text += fish_line("__hone_no_command", option);
  for (const CommandShape& command : program.commands) {
    text += fmt::format("complete -c hone -n __hone_no_command -a {} -d {}\n", command.name,
                        fish_quoted(command.help));
  }
  for (const CommandShape& command : program.commands) {
    text += "\n";
    for (const OptionShape& option : command.options)
      text += fish_line("__hone_command " + command.name, option);
  }
  return text;
}

}  // namespace hone
