#include "hone/data/dataset.h"

#include "hone/base/rng.h"
#include "hone/data/file_dataset.h"
#include "hone/data/task_dataset.h"

namespace hone {

Result<std::unique_ptr<Dataset>> open_dataset(const DataOptions& options, std::uint64_t seed) {
  const bool has_files = !options.files.empty(), has_task = !options.task.empty();
  if (has_files && has_task)
    return Error{"data", "must name files or a task, not both", options.task.front()};
  if (has_task && !options.eval_files.empty())
    return Error{"data.eval_files", "go with files; a task holds out problems of its own",
                 options.eval_files.front()};
  if (!has_files && !has_task && options.eval_files.empty())
    return Error{"data", "must name files or a task", "neither"};
  if (options.on_error != "stop" && options.on_error != "skip")
    return Error{"data.on_error", "must be stop or skip", "\"" + options.on_error + "\""};
  // Written so that NaN fails it too.
  if (options.eval_files.empty() && !(options.eval_fraction > 0.0 && options.eval_fraction < 1.0))
    return Error{"data.eval_fraction", "must lie between 0 and 1, both excluded",
                 fmt::format("{}", options.eval_fraction)};
  return has_task ? open_task_dataset(options, seed) : open_file_dataset(options, seed);
}

bool is_held_out(const Problem& problem, double eval_fraction) {
  const std::uint64_t id = problem.kin != 0 ? problem.kin : problem.id;
  return random_uniform({.purpose = Purpose::kDataSplit, .problem = id}, 0) < eval_fraction;
}

}  // namespace hone
