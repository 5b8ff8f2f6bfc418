// Every group of a run's training, or of its evaluations, in a few numbers, so that questions about problems
// through the steps are answered from memory. A million rollouts in groups of eight take some 8 MB.
//
// Thread safety: a value; safe while nobody changes it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/store/sqlite.h"

namespace hone {

// Evaluations are few and asked for by every page; training is nearly all of the run.
enum class SummaryOf { kEvaluations, kTraining };

struct RunSummary {
  SummaryOf of = SummaryOf::kTraining;
  struct Step {
    std::int64_t id = 0;  // the row's
    std::string stage;
    std::int64_t step = 0;
    double written_at = 0;
    std::size_t begin = 0, end = 0;  // its groups
  };
  struct Entry {
    std::int64_t group = 0;  // the row's id
    std::uint64_t problem = 0;
    std::int32_t step = 0;  // into steps
    std::int32_t difficulty = 0;
    std::int32_t rollouts = 0, correct = 0;
    std::int64_t tokens = 0;
    double accuracy() const { return rollouts == 0 ? 0.0 : static_cast<double>(correct) / rollouts; }
  };
  std::vector<Step> steps;     // as they were written
  std::vector<Entry> entries;  // as they were written
  const Step* find(const std::string& stage, std::int64_t step) const;
};

// Whether nothing was written since refresh_summary. Both within the caller's transaction.
Result<bool> is_current(Database& db, const RunSummary& summary);
// Adds the steps that were written since; begins anew when what it holds is no more there (a resumed run
// removes what lies after its checkpoint).
Result<void> refresh_summary(Database& db, RunSummary& summary);

// One problem through the steps of training, or through the evaluations of one stage.
struct ProblemCourse {
  std::uint64_t problem = 0;
  std::int64_t first = 0, last = 0;  // the groups' rows
  int times = 0;
  double first_accuracy = 0, last_accuracy = 0, mean_accuracy = 0;
};
enum class CourseOrder {
  kImproved,  // by last − first accuracy, those that rose
  kFailing,   // those that the last group had none right of, by how often they were tried
  kWorsened,  // those that fell
};
// `stage`: an evaluation's, or empty for all of training, as the summary holds. Asked at least twice, except
// for kFailing.
std::vector<ProblemCourse> problem_courses(const RunSummary& summary, const std::string& stage,
                                           CourseOrder order);

}  // namespace hone
