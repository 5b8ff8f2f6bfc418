// The subcommands of the program. Each registers its options on the app and, when it is the one asked for,
// what to run.
//
// Exit codes: 0 done; 1 a broken invariant (a bug); 2 something expected went wrong (input, files), told in
// one line on stderr; 130 interrupted.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "hone/base/result.h"

namespace hone {

// Runs the chosen subcommand; the value is the exit code.
using CommandRun = std::function<Result<int>()>;

void add_train_command(CLI::App& app, CommandRun& run);
void add_eval_command(CLI::App& app, CommandRun& run);
void add_sample_command(CLI::App& app, CommandRun& run);
void add_chat_command(CLI::App& app, CommandRun& run);
void add_tasks_command(CLI::App& app, CommandRun& run);
void add_replay_command(CLI::App& app, CommandRun& run);
void add_tokenize_command(CLI::App& app, CommandRun& run);
void add_score_command(CLI::App& app, CommandRun& run);

}  // namespace hone
