// hone completions, hone man: the program about itself, from the tree that parses its command line.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "hone/cli/command.h"
#include "hone/cli/completions.h"
#include "hone/cli/jsonl.h"
#include "hone/cli/man_page.h"

namespace hone {
namespace {

constexpr const char* kCompletionsHelp =
    R"(For this shell:   source <(hone completions bash)
To keep it:
  hone completions bash > ~/.local/share/bash-completion/completions/hone
  hone completions zsh  > ~/.zfunc/_hone     (a folder of $fpath, named before compinit)
  hone completions fish > ~/.config/fish/completions/hone.fish
The Debian package installs all three.)";

}  // namespace

void add_completions_command(CommandLine& line) {
  auto shell = std::make_shared<std::string>();
  Command& command =
      line.add("completions", "Completions for a shell, to be sourced", [&line, shell]() -> Result<int> {
        HONE_TRY(const std::string script, completion_script(line.shape(), *shell));
        HONE_TRY_VOID(write_text(stdout, script));
        return 0;
      });
  command.footer(kCompletionsHelp);
  command.option("SHELL", *shell, fmt::format("{}", fmt::join(completion_shells(), ", ")),
                 OptionForm::kRequired);
  command.hint({.words = completion_shells()});
}

void add_man_command(CommandLine& line) {
  Command& command = line.add("man", "The manual page, as roff", [&line]() -> Result<int> {
    HONE_TRY_VOID(write_text(stdout, man_page(line.shape())));
    return 0;
  });
  command.footer("To read it:   hone man | man -l -");
}

}  // namespace hone
