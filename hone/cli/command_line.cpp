#include "hone/cli/command_line.h"

#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <deque>
#include <exception>
#include <sstream>

#include "hone/base/check.h"
#include "hone/base/suggest.h"
#include "hone/cli/jsonl.h"

namespace hone {
namespace {

template <class T>
CLI::Option* add_option(CLI::App& app, const std::string& name, T& target, const std::string& help,
                        OptionForm form) {
  CLI::Option* option = app.add_option(name, target, help);
  if (form == OptionForm::kRequired) option->required();
  if (form == OptionForm::kShowDefault) option->capture_default_str();
  return option;
}

std::vector<OptionShape> option_shapes(const CLI::App& app,
                                       const std::map<const CLI::Option*, ValueHint>& hints) {
  std::vector<OptionShape> shapes;
  for (const CLI::Option* option : app.get_options({})) {
    OptionShape shape;
    shape.positional = option->get_positional();
    if (shape.positional) {
      shape.names = {option->get_name(/*positional=*/true)};
    } else {
      for (const std::string& name : option->get_snames()) shape.names.push_back("-" + name);
      for (const std::string& name : option->get_lnames()) shape.names.push_back("--" + name);
    }
    shape.help = option->get_description();
    if (option->get_items_expected_max() > 0) shape.value_name = option->get_type_name();
    shape.default_value = option->get_default_str();
    shape.required = option->get_required();
    shape.repeated = option->get_items_expected_max() > 1;
    if (const auto hint = hints.find(option); hint != hints.end()) shape.hint = hint->second;
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

std::string name_of(const CLI::App& command) { return "hone " + command.get_name(); }

Error unknown(const std::string& where, const std::string& what, const std::string& word,
              const std::vector<std::string>& known) {
  const std::string near = nearest(word, known);
  return Error{where,
               near.empty() ? fmt::format("has no {0} {1}; {2} --help lists what it has", what, word, where)
                            : fmt::format("has no {} {}; did you mean {}?", what, word, near),
               ""};
}

// A word that is no command, or an option that the command does not have. Looked for first: CLI11 names what
// is missing beside it, and not the word.
std::optional<Error> unknown_word(const CLI::App& app, const std::vector<std::string>& arguments) {
  const auto is_option = [](const std::string& word) { return word.size() > 1 && word[0] == '-'; };
  const auto first = std::ranges::find_if_not(arguments, is_option);
  std::vector<std::string> names;
  const CLI::App* command = first == arguments.end() ? &app : nullptr;
  for (const CLI::App* one : app.get_subcommands({})) {
    names.push_back(one->get_name());
    if (first != arguments.end() && one->get_name() == *first) command = one;
  }
  if (command == nullptr) return unknown("hone", "command", *first, names);
  names.clear();
  for (const CLI::Option* option : command->get_options({})) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  for (auto word = command == &app ? arguments.begin() : first + 1; word != arguments.end(); ++word) {
    if (*word == "--") break;
    const bool is_long = word->starts_with("--");
    const bool letter = is_option(*word) && std::isalpha(static_cast<unsigned char>((*word)[1])) != 0;
    if (!is_long && !letter) continue;
    const std::string name = is_long ? word->substr(0, word->find('=')) : word->substr(0, 2);
    const CLI::Option* option = command->get_option_no_throw(name);
    if (option == nullptr)
      return unknown(command == &app ? "hone" : name_of(*command), "option", name, names);
    // The next word is its value, whatever that looks like.
    if (option->get_items_expected_min() > 0 && *word == name && word + 1 != arguments.end()) ++word;
  }
  return std::nullopt;
}

// What CLI11 found, in hone's form.
Error told(const CLI::ParseError& e, const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  const std::string where = chosen.empty() ? "hone" : name_of(*chosen.front());
  const std::string said = e.what();
  if (chosen.empty()) return Error{where, "must be told what to do; hone --help lists the commands", ""};
  if (dynamic_cast<const CLI::ExtrasError*>(&e) != nullptr) {
    auto words = chosen.front()->remaining();
    if (words.empty()) words = app.remaining();  // those after "--"
    return Error{where, "takes no more words", fmt::format("{}", fmt::join(words, " "))};
  }
  if (const std::size_t at = said.find(" = "); dynamic_cast<const CLI::ConversionError*>(&e) != nullptr &&
                                               said.starts_with("Could not convert: ") &&
                                               at != std::string::npos) {
    const std::size_t name = std::string_view("Could not convert: ").size();
    return Error{said.substr(name, at - name), "must be a number", said.substr(at + 3)};
  }
  return Error{where, said, ""};
}

int run_chosen(const std::function<Result<int>()>& run) {
  try {
    const auto result = run();
    if (result.ok()) return *result;
    fmt::print(stderr, "error: {}\n", result.error().message());
    return 2;
  } catch (const BrokenInvariant& e) {
    fmt::print(stderr, "bug: {}\n", e.what());
    return 1;
  } catch (const std::exception& e) {
    fmt::print(stderr, "error: {}\n", e.what());
    return 1;
  }
}

}  // namespace

#define HONE_OPTION(TYPE)                                                                                 \
  void Command::option(const std::string& name, TYPE& target, const std::string& help, OptionForm form) { \
    last_ = add_option(app_, name, target, help, form);                                                   \
  }
HONE_OPTION(std::string)
HONE_OPTION(int)
HONE_OPTION(std::int64_t)
HONE_OPTION(std::uint64_t)
HONE_OPTION(double)
HONE_OPTION(std::optional<std::int64_t>)
HONE_OPTION(std::optional<double>)
#undef HONE_OPTION

void Command::option(const std::string& name, std::vector<int>& target, const std::string& help,
                     OptionForm form) {
  last_ = add_option(app_, name, target, help, form)->delimiter(',')->allow_extra_args(false);
  // CLI11 writes a list as the headers included before it happen to.
  if (form == OptionForm::kShowDefault) last_->default_str(fmt::format("{}", fmt::join(target, ",")));
}

void Command::option(const std::string& name, std::vector<std::string>& target, const std::string& help,
                     OptionForm form) {
  // A name without dashes is a place on the line, and takes all that stand there.
  last_ = add_option(app_, name, target, help, form)->allow_extra_args(!name.starts_with('-'));
}

std::vector<std::string> divided_by_commas(const std::vector<std::string>& texts) {
  std::vector<std::string> words;
  for (const std::string& text : texts) {
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find(',', begin), text.size());
      words.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  return words;
}

void Command::flag(const std::string& name, bool& target, const std::string& help) {
  last_ = app_.add_flag(name, target, help);
}

void Command::footer(const std::string& text) { app_.footer(text); }

void Command::value_name(const std::string& name) {
  HONE_CHECK(last_ != nullptr, "no option before {}", name);
  last_->type_name(name);
}

void Command::hint(ValueHint hint) {
  HONE_CHECK(last_ != nullptr, "no option before a hint");
  hints_[last_] = std::move(hint);
}

CommandShape Command::shape() const {
  return {app_.get_name(), app_.get_description(), app_.get_footer(), option_shapes(app_, hints_)};
}

bool Command::given(const std::string& name) const { return app_.get_option(name)->count() > 0; }

struct CommandLine::Impl {
  CLI::App app;
  std::deque<Command> commands;
  std::function<Result<int>()> chosen;
  std::string version;
};

CommandLine::CommandLine(const std::string& help, const std::string& version)
    : impl_(std::make_unique<Impl>()) {
  impl_->app.description(help);
  impl_->app.name("hone");
  impl_->app.require_subcommand(1);
  impl_->app.set_version_flag("--version", version);
  impl_->version = version;
}

CommandLine::~CommandLine() = default;

Command& CommandLine::add(const std::string& name, const std::string& help,
                          std::function<Result<int>()> run) {
  CLI::App* app = impl_->app.add_subcommand(name, help);
  app->callback([this, run = std::move(run)] { impl_->chosen = run; });
  return impl_->commands.emplace_back(*app);
}

int CommandLine::run(std::vector<std::string> arguments) {
  if (const auto wrong = unknown_word(impl_->app, arguments))
    return run_chosen([&]() -> Result<int> { return *wrong; });
  try {
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    impl_->app.parse(std::move(arguments));
  } catch (const CLI::ParseError& e) {
    return run_chosen([&]() -> Result<int> {
      if (e.get_exit_code() != 0) return told(e, impl_->app);
      std::ostringstream help, none;
      impl_->app.exit(e, help, none);
      HONE_TRY_VOID(write_text(stdout, help.str()));
      return 0;
    });
  }
  return run_chosen(impl_->chosen);
}

ProgramShape CommandLine::shape() const {
  ProgramShape program{
      impl_->app.get_name(), impl_->app.get_description(), impl_->version, option_shapes(impl_->app, {}), {}};
  for (const Command& command : impl_->commands) program.commands.push_back(command.shape());
  return program;
}

}  // namespace hone
