#include "hone/cli/eval_problems.h"

#include <algorithm>
#include <filesystem>

#include "hone/base/log.h"
#include "hone/base/suggest.h"
#include "hone/cli/choices.h"
#include "hone/data/dataset.h"
#include "hone/data/task.h"

namespace hone {
namespace {

constexpr std::int64_t kTaskProblems = 1000;

// What stands in errors for the recipe's keys.
constexpr std::pair<const char*, const char*> kOptions[] = {
    {"data.task", "--problems"},
    {"data.difficulty", "--difficulty"},
    {"data.on_error", "--on-error"},
};

Error as_option(Error error) {
  for (const auto& [key, option] : kOptions) {
    if (error.where == key) error.where = option;
  }
  return error;
}

Result<void> apply_fields(const std::vector<std::string>& fields, DataFieldOptions& map) {
  for (const std::string& field : fields) {
    const std::size_t equals = field.find('=');
    const std::string key = field.substr(0, equals);
    std::string* target = key == "prompt"     ? &map.prompt
                          : key == "answer"   ? &map.answer
                          : key == "solution" ? &map.solution
                                              : nullptr;
    if (target == nullptr || equals == std::string::npos || equals + 1 == field.size()) {
      return Error{"--field", "must be prompt=NAME, answer=NAME or solution=NAME", field};
    }
    *target = field.substr(equals + 1);
  }
  return {};
}

bool looks_like_file(const std::string& source) {
  std::error_code ec;
  return source.find('/') != std::string::npos || source.ends_with(".jsonl") || source.ends_with(".json") ||
         source.ends_with(".csv") || source.ends_with(".parquet") || std::filesystem::exists(source, ec);
}

}  // namespace

void add_problem_options(Command& command, EvalProblems& problems) {
  command.option("--problems", problems.source,
                 "a file (JSON lines, JSON, CSV, Parquet), or a task (hone tasks lists them)",
                 OptionForm::kRequired);
  command.hint({.files = true, .endings = {"jsonl", "json", "csv", "parquet"}, .words = task_names()});
  command.option("-n,--n", problems.count, "problems; default: every row of a file, 1000 of a task");
  command.option("--field", problems.fields, "prompt=NAME, answer=NAME: the file's names of fields");
  command.option("--answer-after", problems.data.fields.answer_after,
                 "the answer is what follows the last of these in its field (GSM8K: ####)");
  command.option("--system", problems.data.system, "a system prompt");
  command.option("--prompt-suffix", problems.data.prompt_suffix, "appended to each question");
  command.option("--difficulty", problems.data.difficulty, "a task's grades, as 1,2");
  command.option("--on-error", problems.data.on_error, "malformed rows: stop or skip",
                 OptionForm::kShowDefault);
  command.hint({.words = {"stop", "skip"}});
}

Result<ProblemSet> read_problems(const EvalProblems& problems) {
  if (problems.count < 0) return Error{"--n", "must be at least 1", std::to_string(problems.count)};
  DataOptions data = problems.data;
  if (data.on_error != "stop" && data.on_error != "skip")
    return Error{"--on-error", "must be stop or skip", data.on_error};
  HONE_TRY_VOID(apply_fields(problems.fields, data.fields));
  ProblemSet set;
  const bool file = looks_like_file(problems.source);
  if (file) {
    if (!data.difficulty.empty()) return Error{"--difficulty", "needs a task", "a file"};
    data.eval_files = {problems.source};
    set.verifier = "number";
  } else {
    data.task = problems.source;
    if (const Task* task = find_task(problems.source)) set.verifier = task->verifier();
  }
  const auto dataset = open_dataset(data, 0);
  if (!dataset.ok()) return as_option(dataset.error());
  if (const auto skipped = (*dataset)->skipped(); skipped > 0) {
    log_warn("{}: {} malformed row{} left out", problems.source, skipped, skipped == 1 ? "" : "s");
  }
  std::int64_t count = problems.count > 0 ? problems.count : kTaskProblems;
  if (file) count = problems.count > 0 ? std::min(count, (*dataset)->eval_size()) : (*dataset)->eval_size();
  for (std::int64_t i = 0; i < count; ++i) set.problems.push_back((*dataset)->eval(i));
  return set;
}

}  // namespace hone
