#include "hone/cli/choices.h"

#include "hone/data/task.h"
#include "hone/types/stage.h"

namespace hone {

std::vector<std::string> stage_names() {
  std::vector<std::string> names(kTrainStages.begin(), kTrainStages.end());
  names.insert(names.end(), kEvalStages.begin(), kEvalStages.end());
  return names;
}

std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (const auto& task : all_tasks()) names.push_back(task->name());
  return names;
}

}  // namespace hone
