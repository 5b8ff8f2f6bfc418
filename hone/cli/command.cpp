#include "hone/cli/command.h"

namespace hone {

int run_hone(std::vector<std::string> arguments) {
  CommandLine line(
      "hone teaches language models to reason, by reinforcement learning from rewards that can be checked.",
      HONE_VERSION);
  add_train_command(line);
  add_eval_command(line);
  add_compare_command(line);
  add_sample_command(line);
  add_chat_command(line);
  add_tasks_command(line);
  add_replay_command(line);
  add_plot_command(line);
  add_tokenize_command(line);
  add_score_command(line);
  add_verify_command(line);
  add_serve_command(line);
  add_ui_command(line);
  add_bench_command(line);
  add_export_command(line);
  add_import_command(line);
  add_completions_command(line);
  add_man_command(line);
  return line.run(std::move(arguments));
}

}  // namespace hone
