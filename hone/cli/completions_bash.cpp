#include <fmt/format.h>
#include <fmt/ranges.h>

#include "hone/cli/completions.h"

namespace hone {
namespace {

// The parts that are the same for every program. _hone_value tells what stands after an option of a command,
// or at its n-th place, by setting kind (nothing: a flag; text; files; folders; list: words divided by
// commas), words and endings.
constexpr const char* kBashHead =
    R"(# bash completion for hone, as `hone completions bash` prints it. Source it, or keep it as
# ~/.local/share/bash-completion/completions/hone.
)";

constexpr const char* kBashTail = R"tail(
_hone_offer_files() {
  local ending
  compopt -o filenames 2>/dev/null
  for ending in $endings; do
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -X "!*.$ending" -- "$cur")
  done
  if [[ ${#COMPREPLY[@]} == 0 ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
  else
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$cur")
  fi
}

_hone() {
  local cur=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} before='' place=0 listed='' i word kind words endings options
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    _hone_options ''
    if [[ $cur != -* ]]; then options=$_hone_commands; fi
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
    return
  fi
  for ((i = 2; i < COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    if [[ $word == '=' ]]; then  # --out=FILE comes as three words
      continue
    elif [[ -n $before ]]; then
      before=''
    elif [[ $word == -?* ]]; then
      _hone_value "$command" "$word"
      if [[ $kind != nothing ]]; then before=$word; fi
    else
      ((++place))
    fi
  done
  if [[ $cur == '=' ]]; then cur=''; fi
  if [[ -z $before && $cur == -* ]]; then
    _hone_options "$command"
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
    return
  fi
  _hone_value "$command" "${before:-$place}"
  case $kind in
    files) _hone_offer_files ;;
    folders)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -d -- "$cur")
      ;;
    list)
      if [[ $cur == *,* ]]; then listed=${cur%,*},; fi
      ;;
    *)
      if [[ -z $before && -z $words ]]; then _hone_options "$command" && words=$options; fi
      ;;
  esac
  if [[ -n $words ]]; then
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -P "$listed" -W "$words" -- "${cur#"$listed"}")
  fi
}

complete -F _hone hone
)tail";

std::string bash_option_names(const std::vector<OptionShape>& options) {
  std::vector<std::string> names;
  for (const OptionShape& option : options) {
    if (option.positional) continue;
    names.insert(names.end(), option.names.begin(), option.names.end());
  }
  return fmt::format("{}", fmt::join(names, " "));
}

// The assignments for one value; empty: any text, as is assumed.
std::string bash_value(const OptionShape& option) {
  if (option.is_flag()) return "kind=nothing";
  std::string text;
  if (option.hint.files) {
    text = "kind=files";
  } else if (option.hint.folders) {
    text = "kind=folders";
  } else if (option.hint.list) {
    text = "kind=list";
  }
  const auto assign = [&](const char* name, const std::vector<std::string>& values) {
    if (values.empty()) return;
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name,
                        shell_quoted(fmt::format("{}", fmt::join(values, " "))));
  };
  assign("endings", option.hint.endings);
  assign("words", option.hint.words);
  return text;
}

std::string bash_cases(const CommandShape& command) {
  std::string text;
  int place = 0;
  for (const OptionShape& option : command.options) {
    std::vector<std::string> patterns;
    if (option.positional) {
      const std::string name = shell_quoted(command.name + " ");
      patterns = {option.repeated ? name + "[0-9]*" : fmt::format("{}{}", name, place)};
      ++place;
    } else {
      for (const std::string& name : option.names)
        patterns.push_back(shell_quoted(command.name + " " + name));
    }
    const std::string value = bash_value(option);
    if (!value.empty()) text += fmt::format("    {}) {} ;;\n", fmt::join(patterns, " | "), value);
  }
  return text;
}

}  // namespace

std::string bash_completions(const ProgramShape& program) {
  std::vector<std::string> names;
  std::string options, values;
  for (const CommandShape& command : program.commands) {
    names.push_back(command.name);
    options += fmt::format("    {}) options={} ;;\n", command.name,
                           shell_quoted(bash_option_names(command.options)));
    values += bash_cases(command);
  }
  return fmt::format(
      "{}\n_hone_commands={}\n\n"
      "_hone_options() {{\n  case $1 in\n{}    *) options={} ;;\n  esac\n}}\n\n"
      "_hone_value() {{\n  kind=text words='' endings=''\n  case \"$1 $2\" in\n{}  esac\n}}\n{}",
      kBashHead, shell_quoted(fmt::format("{}", fmt::join(names, " "))), options,
      shell_quoted(bash_option_names(program.options)), values, kBashTail);
}

}  // namespace hone
