// What the shells themselves make of the scripts.
#include "hone/cli/completions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/run_command.h"
#include "cli/shell.h"

namespace hone::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

std::vector<std::string> lines_in(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

class Completions : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const std::string& shell : completion_shells()) {
      const Ran ran = run_command({"completions", shell});
      ASSERT_EQ(ran.exit_code, 0) << ran.err;
      write_file(folder_ / shell, ran.out);
    }
    std::filesystem::create_directories(folder_ / "here" / "runs");
    for (const char* name : {"my recipe.yaml", "other.yml", "notes.txt", "a.jsonl", "mean.mm"})
      write_file(folder_ / "here" / name, "");
  }

  // What bash offers for the last of these words, in a folder with some files.
  std::vector<std::string> bash(const std::vector<std::string>& words) {
    std::string line;
    for (const std::string& word : words) line += shell_quoted(word) + " ";
    write_file(folder_ / "ask",
               "source " + (folder_ / "bash").string() + "\ncd " + (folder_ / "here").string() +
                   "\nCOMP_WORDS=(" + line + ")\nCOMP_CWORD=" + std::to_string(words.size() - 1) +
                   "\n_hone\nif ((${#COMPREPLY[@]})); then printf '%s\\n' \"${COMPREPLY[@]}\"; fi\n");
    const Shelled ran = run_shell("bash --norc --noprofile " + (folder_ / "ask").string());
    EXPECT_EQ(ran.exit_code, 0) << ran.out;
    return lines_in(ran.out);
  }

  TempFolder folder_;
};

TEST_F(Completions, BashKnowsTheCommands) {
  EXPECT_THAT(bash({"hone", "tr"}), ElementsAre("train"));
  EXPECT_THAT(bash({"hone", "--v"}), ElementsAre("--version"));
  EXPECT_THAT(bash({"hone", ""}), Contains("verify"));
  EXPECT_THAT(bash({"hone", "nothing"}), IsEmpty());
}

TEST_F(Completions, BashKnowsACommandsOptions) {
  EXPECT_THAT(bash({"hone", "train", "--"}),
              UnorderedElementsAre("--help", "--set", "--resume", "--ui", "--json"));
  EXPECT_THAT(bash({"hone", "sample", "model", "--sa"}), ElementsAre("--samples"));
  EXPECT_THAT(bash({"hone", "sample", "--samples", "4", "m", "--min"}), ElementsAre("--min-p"));
  EXPECT_THAT(bash({"hone", "bad", "--"}), ElementsAre("--help", "--version"));
}

TEST_F(Completions, BashOffersFilesOfTheRightKindAndFolders) {
  EXPECT_THAT(bash({"hone", "train", ""}), UnorderedElementsAre("my recipe.yaml", "other.yml", "runs"));
  EXPECT_THAT(bash({"hone", "train", "no"}), ElementsAre("notes.txt")) << "no recipe begins so: any file";
  EXPECT_THAT(bash({"hone", "ui", ""}), ElementsAre("runs"));
  EXPECT_THAT(bash({"hone", "plot", "runs", "r"}), ElementsAre("runs"))
      << "a list takes all that stand there";
  EXPECT_THAT(bash({"hone", "verify", "--database", "m"}), ElementsAre("mean.mm"));
  EXPECT_THAT(bash({"hone", "verify", "--database", "=", "m"}), ElementsAre("mean.mm")) << "--database=m";
  EXPECT_THAT(bash({"hone", "verify", "--database", "="}), ElementsAre("mean.mm", "runs"));
}

TEST_F(Completions, BashOffersFixedChoices) {
  EXPECT_THAT(bash({"hone", "completions", ""}), ElementsAre("bash", "zsh", "fish"));
  EXPECT_THAT(bash({"hone", "replay", "runs", "--stage", "g"}), ElementsAre("grpo"));
  EXPECT_THAT(bash({"hone", "eval", "m", "--problems", "a"}), UnorderedElementsAre("a.jsonl", "arithmetic"));
  EXPECT_THAT(bash({"hone", "bench", "de"}), ElementsAre("decode"));
}

TEST_F(Completions, BashGoesOnWithListsAfterAComma) {
  EXPECT_THAT(bash({"hone", "eval", "m", "--strategy", "ma"}), ElementsAre("maj"));
  EXPECT_THAT(bash({"hone", "eval", "m", "--strategy", "pass,adaptive,ma"}),
              ElementsAre("pass,adaptive,maj"));
  EXPECT_THAT(bash({"hone", "eval", "m", "--strategy", "maj,"}), Contains("maj,pass"));
  EXPECT_THAT(bash({"hone", "replay", "runs", "--stage", "grpo,e"}), IsEmpty()) << "no list";
}

TEST_F(Completions, BashOffersNothingForATextOfItsOwn) {
  EXPECT_THAT(bash({"hone", "train", "a.yaml", "--set", ""}), IsEmpty());
  EXPECT_THAT(bash({"hone", "train", "--resume", "o"}), ElementsAre("other.yml")) << "a flag takes no value";
}

TEST_F(Completions, FishOffersTheSame) {
  if (!has_program("fish")) GTEST_SKIP() << "no fish";
  const auto ask = [&](const std::string& line) {
    const Shelled ran = run_shell("cd " + (folder_ / "here").string() + " && HOME=" + folder_.string() +
                                  " fish --no-config -c 'source " + (folder_ / "fish").string() +
                                  "; complete -C \"" + line + "\"'");
    EXPECT_EQ(ran.exit_code, 0) << ran.out;
    std::vector<std::string> words;
    for (const std::string& offer : lines_in(ran.out)) words.push_back(offer.substr(0, offer.find('\t')));
    return words;
  };
  EXPECT_THAT(ask("hone tr"), ElementsAre("train"));
  EXPECT_THAT(ask("hone train --re"), ElementsAre("--resume"));
  EXPECT_THAT(ask("hone replay runs --stage g"), ElementsAre("grpo"));
  EXPECT_THAT(ask("hone ui "), Contains("runs/"));
  EXPECT_THAT(ask("hone ui "), Not(Contains("notes.txt")));
  EXPECT_THAT(ask("hone train o"), Contains("other.yml"));
  EXPECT_THAT(ask("hone eval m --strategy pass,ma"), Contains("pass,maj"));
  EXPECT_THAT(ask("hone sample m -"), Not(IsEmpty()));
}

TEST_F(Completions, ZshReadsIt) {
  if (!has_program("zsh")) GTEST_SKIP() << "no zsh";
  const std::string script = (folder_ / "zsh").string();
  const Shelled syntax = run_shell("zsh -n " + script);
  EXPECT_EQ(syntax.exit_code, 0) << syntax.out;
  // _arguments itself, in a terminal of zsh's own: every command's options are asked for.
  write_file(folder_ / "ask", R"(zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1=; TERM=dumb; LISTMAX=10000; autoload -Uz compinit; compinit -u -D; zstyle ':completion:*' list-packed no; setopt no_list_beep; stty cols 200; source $1; print @re''ady@"
while zpty -r shell line; do [[ $line == *@ready@* ]] && break; done
zpty -w -n shell "hone $2"$'\t'
sleep 1
zpty -w -n shell $'\C-u'"print @fi''n@"$'\n'
while zpty -r shell line; do print -r -- $line; [[ $line == *@fin@* ]] && break; done
)");
  const auto ask = [&](const std::string& line) {
    return run_shell("cd " + (folder_ / "here").string() + " && HOME=" + folder_.string() +
                     " timeout 60 zsh -f " + (folder_ / "ask").string() + " " + script + " " +
                     shell_quoted(line))
        .out;
  };
  EXPECT_THAT(ask("replay runs --stage=gr"), ::testing::HasSubstr("--stage=grpo"));
  EXPECT_THAT(ask("eval m --strategy pass,ma"), ::testing::HasSubstr("pass,maj"));
  const std::string eval = ask("eval --");
  for (const char* option : {"--problems", "--k", "--strategy", "--json"})
    EXPECT_THAT(eval, ::testing::HasSubstr(option));
  EXPECT_THAT(eval, Not(::testing::HasSubstr("_arguments"))) << "it complains about a specification";
}

TEST_F(Completions, ZshNamesEveryOptionWithItsHelp) {
  const std::string script = file_bytes(folder_ / "zsh");
  EXPECT_THAT(script, ::testing::HasSubstr("#compdef hone\n"));
  EXPECT_THAT(script, ::testing::HasSubstr("'(--resume)--resume[go on with the recipe'\\''s newest run]'"));
  EXPECT_THAT(script, ::testing::HasSubstr("'1:recipe:_files -g \"*.(yaml|yml)\"'"));
}

TEST(CompletionsCommand, SaysWhatIsWrong) {
  expect_one_error(run_command({"completions", "fisch"}),
                   {"[SHELL]", "bash, zsh, fish", "did you mean fish?"});
  EXPECT_EQ(run_command({"completions"}).exit_code, 2);
}

// An option that a shell is never told of shows up here.
TEST(CompletionsCommand, EveryCommandIsInEveryScript) {
  const std::string help = run_command({"--help"}).out;
  const std::string commands = help.substr(help.find("Subcommands:"));
  std::vector<std::string> names;
  for (const std::string& line : lines_in(commands)) {
    if (line.starts_with("  ") && line[2] != ' ') names.push_back(line.substr(2, line.find(' ', 2) - 2));
  }
  ASSERT_THAT(names, Contains("train"));
  ASSERT_THAT(names, Not(SizeIs(::testing::Lt(14u))));
  for (const std::string& shell : completion_shells()) {
    const std::string script = run_command({"completions", shell}).out;
    for (const std::string& name : names) EXPECT_THAT(script, ::testing::HasSubstr(name)) << shell;
  }
}

}  // namespace
}  // namespace hone::testing
