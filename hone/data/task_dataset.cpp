#include "hone/data/task_dataset.h"

#include <algorithm>
#include <limits>
#include <mutex>
#include <optional>
#include <unordered_set>

#include "hone/base/check.h"
#include "hone/base/log.h"
#include "hone/base/rng.h"
#include "hone/base/suggest.h"
#include "hone/data/prompt.h"
#include "hone/data/task.h"

namespace hone {
namespace {

// Draws before giving up on something that each draw has with probability p: a miss is then no accident.
std::uint64_t patience(double p, double expected_draws) {
  return static_cast<std::uint64_t>(std::min(1e6, 100.0 + expected_draws / p));
}

struct MixedTask {
  const Task* task;
  std::vector<int> grades;
  double share;  // of the problems, up to and with this task
};

class TaskDataset final : public Dataset {
 public:
  TaskDataset(const DataOptions& options, std::vector<MixedTask> tasks, std::uint64_t seed)
      : options_(options), tasks_(std::move(tasks)), seed_(seed) {}

  Problem train(std::int64_t i) const override {
    auto problem = try_train(i);
    HONE_CHECK(problem.has_value(), "no training problem {} of {}", i, name());
    return std::move(*problem);
  }

  Problem eval(std::int64_t i) const override {
    auto problem = try_eval(i);
    HONE_CHECK(problem.has_value(), "no held-out problem {} of {}", i, name());
    return std::move(*problem);
  }

  std::int64_t train_size() const override { return -1; }
  std::int64_t eval_size() const override { return std::numeric_limits<std::int64_t>::max(); }
  std::int64_t skipped() const override { return 0; }
  Result<void> leave_out(const RowCheck&, const RowCheck&) override { return {}; }

  std::string name() const { return fmt::format("{}", fmt::join(options_.task, " + ")); }

  std::optional<Problem> try_train(std::int64_t i) const {
    HONE_CHECK(i >= 0, "i = {}", i);
    const auto attempts = patience(1.0 - options_.eval_fraction, 100.0);
    for (std::uint64_t attempt = 0; attempt < attempts; ++attempt) {
      Problem problem = draw({.seed = seed_,
                              .purpose = Purpose::kTask,
                              .step = attempt,
                              .problem = static_cast<std::uint64_t>(i)});
      if (!is_held_out(problem, options_.eval_fraction)) return finished(std::move(problem), "", i);
    }
    return std::nullopt;
  }

  // Problem i depends on those before it (distinctness): they are made and kept.
  std::optional<Problem> try_eval(std::int64_t i) const {
    HONE_CHECK(i >= 0, "i = {}", i);
    const std::lock_guard lock(mutex_);
    while (static_cast<std::int64_t>(eval_.size()) <= i) {
      auto next = next_eval();
      if (!next) return std::nullopt;
      eval_.push_back(std::move(*next));
    }
    return finished(eval_[static_cast<std::size_t>(i)], "eval:", i);
  }

 private:
  Problem draw(const RandomKey& key) const {
    RandomStream random(key);
    // One task alone takes no draw.
    const double u = tasks_.size() > 1 ? random.uniform() : 0.0;
    const auto at = std::find_if(tasks_.begin(), tasks_.end() - 1,
                                 [&](const MixedTask& mixed) { return u < mixed.share; });
    const int grade = at->grades[random.below(at->grades.size())];
    return at->task->make(random, grade);
  }

  Problem finished(Problem problem, const char* part, std::int64_t i) const {
    problem.source += fmt::format(":{}{}", part, i);
    dress_prompt(options_, problem);
    return problem;
  }

  // Requires mutex_. Seed 0 whatever the run's: rollout 1 keeps the stream apart from training's.
  std::optional<Problem> next_eval() const {
    const double p = options_.eval_fraction;
    const auto attempts = patience(p, all_seen_ ? 100.0 : 4000.0);
    std::optional<Problem> seen_before;
    for (std::uint64_t attempt = 0; attempt < attempts; ++attempt) {
      Problem problem = draw(
          {.seed = 0, .purpose = Purpose::kTask, .step = attempt, .problem = eval_.size(), .rollout = 1});
      if (!is_held_out(problem, p)) continue;
      if (eval_ids_.insert(problem.id).second || all_seen_) return problem;
      if (!seen_before) seen_before = std::move(problem);
    }
    if (!all_seen_ && seen_before) {
      all_seen_ = true;
      log_info("{} has {} held-out problems at these grades; from here on they repeat", name(), eval_.size());
    }
    return seen_before;
  }

  DataOptions options_;
  std::vector<MixedTask> tasks_;
  std::uint64_t seed_;
  mutable std::mutex mutex_;
  mutable std::vector<Problem> eval_;
  mutable std::unordered_set<std::uint64_t> eval_ids_;
  mutable bool all_seen_ = false;
};

Result<const Task*> known_task(const std::string& name) {
  if (const Task* task = find_task(name)) return task;
  std::vector<std::string> known;
  for (const auto& t : all_tasks()) known.push_back(t->name());
  const std::string near = nearest(name, known);
  return Error{"data.task",
               near.empty() ? fmt::format("must be one of {}", fmt::join(known, ", "))
                            : fmt::format("must be a known task (did you mean {}?)", near),
               "\"" + name + "\""};
}

}  // namespace

Result<std::unique_ptr<Dataset>> open_task_dataset(const DataOptions& options, std::uint64_t seed) {
  const auto weight_of = [&](std::size_t i) {
    return options.task_weights.empty() ? 1.0 : options.task_weights[i];
  };
  if (!options.task_weights.empty() && options.task_weights.size() != options.task.size())
    return Error{"data.task_weights", fmt::format("must weigh each of the {} tasks", options.task.size()),
                 fmt::format("{} weights", options.task_weights.size())};
  double total = 0, sum = 0;
  for (std::size_t i = 0; i < options.task.size(); ++i) total += weight_of(i);
  std::vector<MixedTask> tasks;
  for (std::size_t i = 0; i < options.task.size(); ++i) {
    HONE_TRY(const Task* task, known_task(options.task[i]));
    // Beside others a task of a single grade keeps it.
    const bool asked =
        !options.difficulty.empty() && (options.task.size() == 1 || task->max_difficulty() > 1);
    const std::vector<int> grades = asked ? options.difficulty : task->default_difficulty();
    for (const int grade : grades)
      if (grade < 1 || grade > task->max_difficulty())
        return Error{"data.difficulty",
                     fmt::format("{} has grades 1 to {}", task->name(), task->max_difficulty()),
                     std::to_string(grade)};
    sum += weight_of(i);
    tasks.push_back({task, grades, sum / total});
  }
  auto dataset = std::make_unique<TaskDataset>(options, std::move(tasks), seed);
  if (!dataset->try_train(0) || !dataset->try_eval(0))
    return Error{"data.eval_fraction",
                 fmt::format("must leave problems of {} for both training and evaluation", dataset->name()),
                 fmt::format("{}", options.eval_fraction)};
  return std::unique_ptr<Dataset>(std::move(dataset));
}

}  // namespace hone
