#include <fmt/format.h>

#include <cstdio>
#include <exception>

#include "hone/base/check.h"
#include "hone/cli/command.h"

int main(int argc, char** argv) {
  CLI::App app{
      "hone teaches language models to reason, by reinforcement learning from rewards that can be checked."};
  app.require_subcommand(1);
  app.set_version_flag("--version", HONE_VERSION);
  hone::CommandRun run;
  hone::add_train_command(app, run);
  hone::add_eval_command(app, run);
  hone::add_sample_command(app, run);
  hone::add_chat_command(app, run);
  hone::add_tasks_command(app, run);
  hone::add_replay_command(app, run);
  hone::add_tokenize_command(app, run);
  hone::add_score_command(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  try {
    const auto result = run();
    if (result.ok()) return *result;
    fmt::print(stderr, "error: {}\n", result.error().message());
    return 2;
  } catch (const hone::BrokenInvariant& e) {
    fmt::print(stderr, "bug: {}\n", e.what());
    return 1;
  } catch (const std::exception& e) {
    fmt::print(stderr, "error: {}\n", e.what());
    return 1;
  }
}
