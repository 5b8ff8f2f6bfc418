// Subcommands and their options. CLI11 stands behind this in one file: its templates cost seconds in every
// file that includes them.
//
// Exit codes: 0 done; 1 a broken invariant (a bug); 2 something expected went wrong (input, files), told in
// one line on stderr; 130 interrupted.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/cli/command_shape.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace hone {

enum class OptionForm { kOptional, kRequired, kShowDefault };

// The options of one subcommand. A target holds the default, and the value once the line is parsed; it must
// outlive that.
class Command {
 public:
  explicit Command(CLI::App& app) : app_(app) {}
  // `name`: "--top-k", "-n,--n", or MODEL for a positional. A vector of numbers is given as 1,2,4; one of
  // texts by giving the option again; positional ones take all that stand there.
  void option(const std::string& name, std::string& target, const std::string& help,
              OptionForm form = OptionForm::kOptional);
  void option(const std::string& name, int& target, const std::string& help,
              OptionForm form = OptionForm::kOptional);
  void option(const std::string& name, std::int64_t& target, const std::string& help,
              OptionForm form = OptionForm::kOptional);
  void option(const std::string& name, std::uint64_t& target, const std::string& help,
              OptionForm form = OptionForm::kOptional);
  void option(const std::string& name, double& target, const std::string& help,
              OptionForm form = OptionForm::kOptional);
  void option(const std::string& name, std::optional<std::int64_t>& target, const std::string& help,
              OptionForm form = OptionForm::kOptional);
  void option(const std::string& name, std::optional<double>& target, const std::string& help,
              OptionForm form = OptionForm::kOptional);
  void option(const std::string& name, std::vector<int>& target, const std::string& help,
              OptionForm form = OptionForm::kOptional);
  void option(const std::string& name, std::vector<std::string>& target, const std::string& help,
              OptionForm form = OptionForm::kOptional);
  void flag(const std::string& name, bool& target, const std::string& help);
  // What the help ends with.
  void footer(const std::string& text);
  // How the last option's value is shown in the help, in place of its type.
  void value_name(const std::string& name);
  // What shells offer for the last option's value. Only a hint: what is wrong is told by who reads the value.
  void hint(ValueHint hint);
  // Whether an option was given; meaningful once the line is parsed.
  bool given(const std::string& name) const;
  CommandShape shape() const;

 private:
  CLI::App& app_;
  CLI::Option* last_ = nullptr;
  std::map<const CLI::Option*, ValueHint> hints_;
};

// The words of texts that are each divided by commas: {"a,b", "c"} are a, b and c.
std::vector<std::string> divided_by_commas(const std::vector<std::string>& texts);

class CommandLine {
 public:
  CommandLine(const std::string& help, const std::string& version);
  ~CommandLine();
  CommandLine(CommandLine&&) = delete;
  CommandLine& operator=(CommandLine&&) = delete;

  // `run`: what the subcommand does; its value is the exit code. The result lives as long as this does.
  Command& add(const std::string& name, const std::string& help, std::function<Result<int>()> run);
  // Parses, runs, tells what went wrong, and returns the exit code.
  int run(std::vector<std::string> arguments);
  // Every subcommand added so far.
  ProgramShape shape() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hone
