#include "hone/data/tasks/graded_task.h"

#include "hone/base/check.h"
#include "hone/base/hash.h"

namespace hone {

Problem GradedTask::make(RandomStream& random, int difficulty) const {
  HONE_CHECK(difficulty >= 1 && difficulty <= card_.max_difficulty, "{} has grades 1 to {}, asked for {}",
             card_.name, card_.max_difficulty, difficulty);
  Draft draft = pose(random, difficulty);
  Problem problem;
  problem.id = hash64(card_.name + "\n" + draft.question);
  problem.source = card_.name;
  problem.solution = "<think>" + draft.think + "</think><answer>" + draft.answer + "</answer>";
  problem.messages = {{"user", std::move(draft.question)}};
  problem.answer = std::move(draft.answer);
  problem.fields = std::move(draft.fields);
  problem.difficulty = difficulty;
  problem.kin = draft.kin;
  return problem;
}

std::string join(std::span<const std::string> items, const std::string& between) {
  std::string text;
  for (std::size_t i = 0; i < items.size(); ++i) text += (i == 0 ? "" : between) + items[i];
  return text;
}

const std::vector<std::unique_ptr<Task>>& all_tasks() {
  static const std::vector<std::unique_ptr<Task>> tasks = [] {
    std::vector<std::unique_ptr<Task>> list;
    for (const auto make :
         {make_arithmetic, make_base_conversion, make_c_function, make_calendar, make_check_arithmetic,
          make_countdown, make_knights_knaves, make_linear_equation, make_mini_sudoku, make_modular_chain,
          make_propose_arithmetic, make_propose_countdown, make_propose_program, make_reachability,
          make_sorting, make_tautology})
      list.push_back(make());
    return list;
  }();
  return tasks;
}

const Task* find_task(const std::string& name) {
  for (const auto& task : all_tasks())
    if (task->name() == name) return task.get();
  return nullptr;
}

}  // namespace hone
