#include "hone/cli/command_line.h"

#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <deque>
#include <exception>

#include "hone/base/check.h"

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
  try {
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    impl_->app.parse(std::move(arguments));
  } catch (const CLI::ParseError& e) {
    return impl_->app.exit(e) == 0 ? 0 : 2;
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
