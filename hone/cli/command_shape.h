// The subcommands and options of the program as values: what completions and the manual page are written
// from. Made by CommandLine::shape() from the tree that parses, so that they cannot say anything else.
#pragma once

#include <string>
#include <vector>

namespace hone {

// What a shell may offer for a value. Nothing set: any text.
struct ValueHint {
  bool files = false;
  bool folders = false;
  std::vector<std::string> endings = {};  // of the files, as "yaml"; empty: any
  std::vector<std::string> words = {};    // fixed choices, beside files if those are set
  bool list = false;                      // several of the words may stand there, divided by commas
};

struct OptionShape {
  std::vector<std::string> names;  // "-n", "--samples": short ones first; of a positional one its name
  std::string help;
  std::string value_name;     // "TEXT", "INT", "PORT"; empty for flags
  std::string default_value;  // as the help shows it; empty: none shown
  ValueHint hint;
  bool positional = false;
  bool required = false;
  bool repeated = false;  // may be given again, or takes all that stand there
  bool is_flag() const { return value_name.empty(); }
};

struct CommandShape {
  std::string name, help, footer;
  std::vector<OptionShape> options;  // in the order of the help
};

struct ProgramShape {
  std::string name, help, version;
  std::vector<OptionShape> options;
  std::vector<CommandShape> commands;
};

}  // namespace hone
