// The subcommands of the program. Each adds itself, its options and what it runs to the line.
#pragma once

#include <string>
#include <vector>

#include "hone/cli/command_line.h"

namespace hone {

void add_train_command(CommandLine& line);
void add_eval_command(CommandLine& line);
void add_compare_command(CommandLine& line);
void add_sample_command(CommandLine& line);
void add_chat_command(CommandLine& line);
void add_tasks_command(CommandLine& line);
void add_replay_command(CommandLine& line);
void add_plot_command(CommandLine& line);
void add_tokenize_command(CommandLine& line);
void add_score_command(CommandLine& line);
void add_verify_command(CommandLine& line);
void add_serve_command(CommandLine& line);
void add_ui_command(CommandLine& line);
void add_bench_command(CommandLine& line);
void add_export_command(CommandLine& line);
void add_import_command(CommandLine& line);
void add_completions_command(CommandLine& line);
void add_man_command(CommandLine& line);

// The whole program: every subcommand, the arguments after the program's name, the exit code.
int run_hone(std::vector<std::string> arguments);

}  // namespace hone
