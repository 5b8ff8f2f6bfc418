// hone replay: what a run did at one step, from its run.db.
#include <filesystem>
#include <memory>
#include <optional>

#include "hone/base/json.h"
#include "hone/cli/choices.h"
#include "hone/cli/command.h"
#include "hone/cli/group_view.h"
#include "hone/cli/jsonl.h"
#include "hone/cli/run_database.h"
#include "hone/store/run_store.h"
#include "hone/types/stage.h"

namespace hone {
namespace {

namespace fs = std::filesystem;
using OrderedJson = nlohmann::ordered_json;

struct ReplayArguments {
  std::string run;
  std::string stage = "grpo";
  std::optional<std::int64_t> step;
  std::optional<std::int64_t> group;
  bool json = false;
};

Result<std::int64_t> chosen_step(const RunStore& store, const ReplayArguments& options,
                                 const std::string& where) {
  if (!is_train_stage(options.stage) && !is_eval_stage(options.stage)) {
    return Error{
        "--stage",
        fmt::format("must be one of {}, {}", fmt::join(kTrainStages, ", "), fmt::join(kEvalStages, ", ")),
        options.stage};
  }
  HONE_TRY(const auto steps, store.steps(options.stage));
  if (steps.empty())
    return Error{where, fmt::format("must hold steps of the stage {}", options.stage), "none"};
  if (!options.step) return steps.back();
  for (const std::int64_t step : steps) {
    if (step == *options.step) return step;
  }
  return Error{
      "--step",
      fmt::format("must be a recorded {} step, {} to {}", options.stage, steps.front(), steps.back()),
      std::to_string(*options.step)};
}

Result<void> check_group(const StepRecord& record, const ReplayArguments& options) {
  if (!options.group) return {};
  const std::int64_t count = std::ssize(record.groups);
  if (count == 0) return Error{"--group", "the step must hold groups", "none"};
  if (*options.group >= 0 && *options.group < count) return {};
  return Error{"--group", fmt::format("must be from 0 to {}", count - 1), std::to_string(*options.group)};
}

bool chosen(const ReplayArguments& options, std::size_t index) {
  return !options.group || static_cast<std::size_t>(*options.group) == index;
}

Result<void> print_json(const StepRecord& record, const ReplayArguments& options) {
  HONE_TRY_VOID(write_json_line(stdout, OrderedJson{{"stage", record.stage},
                                                    {"step", record.step},
                                                    {"groups", record.groups.size()},
                                                    {"metrics", record.metrics}}));
  for (std::size_t i = 0; i < record.groups.size(); ++i) {
    if (chosen(options, i)) HONE_TRY_VOID(write_json_line(stdout, group_json(record.groups[i], i)));
  }
  return {};
}

Result<void> print_text(const StepRecord& record, const ReplayArguments& options) {
  const ViewStyle style = stdout_style();
  HONE_TRY_VOID(write_text(stdout, fmt::format("{} step {} of {}\n{}", record.stage, record.step, options.run,
                                               metrics_text(record.metrics, style))));
  for (std::size_t i = 0; i < record.groups.size(); ++i) {
    if (chosen(options, i)) HONE_TRY_VOID(write_text(stdout, "\n" + group_text(record.groups[i], i, style)));
  }
  return {};
}

Result<int> replay(const ReplayArguments& options) {
  HONE_TRY(const fs::path file, run_database(options.run));
  HONE_TRY(const RunStore store, RunStore::open(file, /*read_only=*/true));
  HONE_TRY(const std::int64_t step, chosen_step(store, options, file.string()));
  HONE_TRY(const StepRecord record, store.load(options.stage, step));
  HONE_TRY_VOID(check_group(record, options));
  HONE_TRY_VOID(options.json ? print_json(record, options) : print_text(record, options));
  return 0;
}

}  // namespace

void add_replay_command(CommandLine& line) {
  auto options = std::make_shared<ReplayArguments>();
  Command& command = line.add("replay", "What a run sampled, judged and learned from at a step",
                              [options] { return replay(*options); });
  command.footer(
      "--json prints a line of the step's metrics, then one for each group with ids, logprobs, entropies and "
      "verdicts.\n"
      "A run may go on while it is read.");
  command.option("RUN", options->run, "a run's folder, or its run.db", OptionForm::kRequired);
  command.hint({.files = true, .endings = {"db"}});
  command.option("--step", options->step, "default: the last");
  command.option("--stage", options->stage,
                 "a stage of the run: sft, amortize, propose, grpo, eval, eval_direct",
                 OptionForm::kShowDefault);
  command.hint({.words = stage_names()});
  command.option("--group", options->group, "only this group, from 0");
  command.flag("--json", options->json, "JSON lines");
}

}  // namespace hone
