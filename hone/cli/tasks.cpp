// hone tasks: the procedural tasks, and problems of one.
#include <memory>

#include "hone/base/json.h"
#include "hone/cli/choices.h"
#include "hone/cli/columns.h"
#include "hone/cli/command.h"
#include "hone/cli/jsonl.h"
#include "hone/cli/progress.h"
#include "hone/cli/table.h"
#include "hone/data/dataset.h"
#include "hone/data/task.h"

namespace hone {
namespace {

using OrderedJson = nlohmann::ordered_json;

struct TasksArguments {
  std::string name;
  std::int64_t show = 5;
  std::vector<int> difficulty;
  std::uint64_t seed = 1;
  bool json = false;
};

std::string grades_of(const Task& task) {
  return task.max_difficulty() == 1 ? "1" : fmt::format("1–{}", task.max_difficulty());
}

Result<void> list(bool json) {
  Table table({{"task", Align::kLeft},
               {"what is asked", Align::kLeft},
               {"grades", Align::kRight},
               {"default", Align::kRight},
               {"verifier", Align::kLeft}});
  for (const auto& task : all_tasks()) {
    if (json) {
      HONE_TRY_VOID(write_json_line(stdout, OrderedJson{{"name", task->name()},
                                                        {"summary", task->summary()},
                                                        {"grades", task->max_difficulty()},
                                                        {"default_grades", task->default_difficulty()},
                                                        {"verifier", task->verifier()}}));
    } else {
      table.row({task->name(), task->summary(), grades_of(*task),
                 fmt::format("{}", fmt::join(task->default_difficulty(), ",")), task->verifier()});
    }
  }
  if (json) return {};
  const Terminal terminal = detect_terminal(stdout);
  return write_text(stdout, table.render(terminal.live ? terminal_width(stdout) : 0, terminal.unicode));
}

std::string indented(const std::string& text) {
  const int width = detect_terminal(stdout).live ? terminal_width(stdout) - 2 : 1 << 20;
  std::string out;
  for (const std::string& line : wrap_columns(text, std::max(width, 20))) out += "  " + line + "\n";
  return out;
}

std::string as_text(const Problem& problem) {
  std::string text = fmt::format("── {} · grade {} ──\n", problem.source, problem.difficulty);
  for (const Message& message : problem.messages) text += indented(message.content);
  text += "solution\n" + indented(problem.solution);
  text += "answer\n" + indented(problem.answer.empty() ? "(judged by its verifier)" : problem.answer);
  return text + "\n";
}

// A row of a problem file: what the verifier needs stands in it, as --problems reads it back.
Result<OrderedJson> as_row(const Problem& problem) {
  OrderedJson row = OrderedJson::object();
  if (problem.messages.size() == 1) {
    row["prompt"] = problem.messages[0].content;
  } else {
    row["prompt"] = OrderedJson::array();
    for (const Message& m : problem.messages) {
      row["prompt"].push_back({{"role", m.role}, {"content", m.content}});
    }
  }
  row["answer"] = problem.answer;
  row["solution"] = problem.solution;
  row["source"] = problem.source;
  row["difficulty"] = problem.difficulty;
  if (!problem.fields.empty()) {
    HONE_TRY(const Json fields, parse_json(problem.fields, problem.source));
    for (const auto& [key, value] : fields.items()) row[key] = value;
  }
  return row;
}

// The options' names in place of the recipe's keys.
Error as_argument(Error error) {
  if (error.where == "data.task") error.where = "NAME";
  if (error.where == "data.difficulty") error.where = "--difficulty";
  return error;
}

Result<int> tasks(const TasksArguments& options) {
  if (options.name.empty()) {
    HONE_TRY_VOID(list(options.json));
    return 0;
  }
  if (options.show < 1) return Error{"--show", "must be at least 1", std::to_string(options.show)};
  DataOptions data;
  data.task = options.name;
  data.difficulty = options.difficulty;
  const auto dataset = open_dataset(data, options.seed);
  if (!dataset.ok()) return as_argument(dataset.error());
  for (std::int64_t i = 0; i < options.show; ++i) {
    const Problem problem = (*dataset)->train(i);
    if (options.json) {
      HONE_TRY(const OrderedJson row, as_row(problem));
      HONE_TRY_VOID(write_json_line(stdout, row));
    } else {
      HONE_TRY_VOID(write_text(stdout, as_text(problem)));
    }
  }
  return 0;
}

}  // namespace

void add_tasks_command(CommandLine& line) {
  auto options = std::make_shared<TasksArguments>();
  Command& command =
      line.add("tasks", "The procedural tasks, or problems of one", [options] { return tasks(*options); });
  command.footer(
      "Without NAME, lists every task. With it, prints the first problems that a run with this seed trains "
      "on.\n"
      "--json prints rows of a problem file.");
  command.option("NAME", options->name, "a task");
  command.hint({.words = task_names()});
  command.option("--show", options->show, "problems", OptionForm::kShowDefault);
  command.option("--difficulty", options->difficulty, "grades to draw from, as 1,2; default: the task's");
  command.option("--seed", options->seed, "the seed of the run", OptionForm::kShowDefault);
  command.flag("--json", options->json, "JSON lines");
}

}  // namespace hone
