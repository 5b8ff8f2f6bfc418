#include "hone/cli/man_page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace hone {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

const Rows kExitStatus = {
    {"0", "What was asked is done; also after --help and --version."},
    {"1",
     "A bug in hone: something that cannot be was found (\"bug:\" on standard error), or something was "
     "thrown "
     "that nobody expected (\"error:\")."},
    {"2",
     "What was asked cannot be done: the command line, a recipe, a file, a network address. One line on "
     "standard "
     "error says where, which rule, and the value that was met. Nothing that was finished before is lost."},
    {"130",
     "Stopped by Ctrl-C or SIGTERM with everything saved (hone train, hone amortize), or ended at once by a "
     "second Ctrl-C. Programs that serve (serve, ui) end with 0 when they are stopped."},
};

const Rows kEnvironment = {
    {"NO_COLOR",
     "When it is set and not empty, nothing is coloured. (Elsewhere than on a terminal nothing is.)"},
    {"TERM", "dumb, empty or not set: no live line and no colours, as where output is not a terminal."},
    {"COLUMNS", "The width to write for, where the terminal does not tell its own."},
    {"LC_ALL, LC_CTYPE, LANG",
     "The first that is set: bars and rules of tables are drawn in Unicode where it names "
     "UTF-8, in ASCII elsewhere."},
    {"HONE_LOG", "Which log lines go to standard error: debug, info (the default), warn, error or off."},
    {"PATH", "Where the programs of verifiers (program, and proof with lean) are looked for."},
    {"HTTPS_PROXY, HTTP_PROXY, NO_PROXY",
     "Of judges at other addresses, as curl(1) reads them. A recipe names the "
     "variable that holds a judge's key."},
};

const Rows kFiles = {
    {"runs/NAME/",
     "A run, where the recipe's runs says no other folder: recipe.yaml with every value in force, run.db "
     "(SQLite) with every step, completion and verdict, TensorBoard event files, checkpoints/step-N/, "
     "and latest, which leads to the newest checkpoint. Checkpoints are Hugging Face model directories."},
    {"/usr/share/doc/hone/examples/", "Recipes that work, where hone was installed as a Debian package."},
};

// Lines that stand as they are (tables, examples) begin with a space or have wide gaps; others are filled.
bool is_verbatim(std::string_view line) {
  return line.starts_with(' ') || line.find("   ") != std::string_view::npos;
}

std::string roff_paragraphs(std::string_view text) {
  std::string out;
  bool verbatim = false, begun = false;
  const auto set_verbatim = [&](bool wanted) {
    if (verbatim != wanted) out += wanted ? ".nf\n" : ".fi\n";
    verbatim = wanted;
  };
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line.find_first_not_of(' ') == std::string_view::npos) {
      set_verbatim(false);
      begun = false;
      continue;
    }
    if (!begun) out += ".PP\n";
    begun = true;
    set_verbatim(is_verbatim(line));
    out += roff_text(line) + "\n";
  }
  set_verbatim(false);
  return out;
}

// --set KEY=VALUE, with the name in bold and the value in italics.
std::string option_head(const OptionShape& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.names) names.push_back("\\fB" + roff_text(name) + "\\fP");
  std::string head = fmt::format("{}", fmt::join(names, ", "));
  if (option.positional || option.is_flag()) return head;
  return fmt::format("{} \\fI{}\\fP", head, roff_text(option.value_name));
}

std::string option_text(const OptionShape& option) {
  std::string help = option.help;
  if (option.repeated && !option.positional) help += " (may be given again)";
  if (!option.hint.words.empty() && help.find(option.hint.words.back()) == std::string::npos)
    help += fmt::format(": {}", fmt::join(option.hint.words, ", "));
  if (!option.default_value.empty()) help += fmt::format(" [{}]", option.default_value);
  return fmt::format(".TP\n{}\n{}\n", option_head(option), roff_text(help));
}

std::string synopsis(const std::string& program, const CommandShape& command) {
  std::string text = fmt::format("\\fB{} {}\\fP", roff_text(program), roff_text(command.name));
  bool options = false;
  std::string places;
  for (const OptionShape& option : command.options) {
    if (!option.positional) {
      if (option.required) {
        text += fmt::format(" \\fB{}\\fP \\fI{}\\fP", roff_text(option.names.back()),
                            roff_text(option.value_name));
      } else {
        options = true;
      }
      continue;
    }
    const std::string name =
        fmt::format("\\fI{}\\fP{}", roff_text(option.names.front()), option.repeated ? " ..." : "");
    places += option.required ? " " + name : " [" + name + "]";
  }
  return text + (options ? " [\\fIoptions\\fP]" : "") + places;
}

std::string roff_rows(const Rows& rows) {
  std::string text;
  for (const auto& [head, body] : rows)
    text += fmt::format(".TP\n\\fB{}\\fP\n{}\n", roff_text(head), roff_text(body));
  return text;
}

}  // namespace

std::string roff_text(std::string_view text) {
  std::string out;
  if (!text.empty() && (text.front() == '.' || text.front() == '\'')) out += "\\&";
  for (const char c : text) {
    switch (c) {
      case '\\':
        out += "\\e";
        break;
      case '-':
        out += "\\-";  // else a typographical hyphen, which nobody can paste
        break;
      case '\'':
        out += "\\(aq";
        break;
      case '`':
        out += "\\(ga";
        break;
      case '^':
        out += "\\(ha";
        break;
      case '~':
        out += "\\(ti";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string man_page(const ProgramShape& program) {
  const std::string name = roff_text(program.name);
  std::string text = fmt::format(
      ".TH {} 1 \"\" \"{} {}\" \"User Commands\"\n.nh\n.ad l\n"
      ".SH NAME\n{} \\- teach language models to reason, from rewards that can be checked\n"
      ".SH SYNOPSIS\n",
      "HONE", name, roff_text(program.version), name);
  for (const CommandShape& command : program.commands) text += synopsis(program.name, command) + "\n.br\n";
  text += fmt::format("\\fB{}\\fP \\fB\\-\\-help\\fP | \\fB\\-\\-version\\fP\n", name);
  text += ".SH DESCRIPTION\n" + roff_paragraphs(program.help) +
          ".PP\nA recipe, a YAML file, describes a run: the model, the problems, the verifiers that reward, "
          "and the "
          "stages. Every command tells its options with\n.BR \\-\\-help .\n";
  text += ".SH COMMANDS\n";
  for (const CommandShape& command : program.commands) {
    text += fmt::format(".SS {} {}\n{}.\n", name, roff_text(command.name), roff_text(command.help));
    for (const bool positional : {true, false}) {
      for (const OptionShape& option : command.options) {
        const bool help_flag = option.names.back() == "--help";
        if (option.positional == positional && !help_flag) text += option_text(option);
      }
    }
    text += roff_paragraphs(command.footer);
  }
  text += ".SH EXIT STATUS\n" + roff_rows(kExitStatus);
  text += ".SH ENVIRONMENT\n" + roff_rows(kEnvironment);
  text += ".SH FILES\n" + roff_rows(kFiles);
  text += ".SH SEE ALSO\n.BR tensorboard (1),\n.BR bwrap (1),\n.BR sqlite3 (1)\n";
  return text;
}

}  // namespace hone
