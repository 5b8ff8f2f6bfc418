#include "hone/cli/command_line.h"

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

bool Command::given(const std::string& name) const { return app_.get_option(name)->count() > 0; }

struct CommandLine::Impl {
  CLI::App app;
  std::deque<Command> commands;
  std::function<Result<int>()> chosen;
};

CommandLine::CommandLine(const std::string& help, const std::string& version)
    : impl_(std::make_unique<Impl>()) {
  impl_->app.description(help);
  impl_->app.name("hone");
  impl_->app.require_subcommand(1);
  impl_->app.set_version_flag("--version", version);
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

}  // namespace hone
