#include "hone/store/run_summary.h"

#include <algorithm>
#include <bit>
#include <unordered_map>

#include "hone/types/stage.h"

namespace hone {
namespace {

// Whether the last step that the summary holds is still the one that it read.
Result<bool> still_holds(Database& db, const RunSummary& summary) {
  if (summary.steps.empty()) return true;
  const RunSummary::Step& last = summary.steps.back();
  HONE_TRY(Statement query, db.prepare("SELECT stage, step, written_at FROM steps WHERE id = ?"));
  HONE_TRY(const bool row, query.bind(last.id).step());
  if (!row) return false;
  HONE_TRY(const double written_at, query.real(2));
  return query.text(0) == last.stage && query.integer(1) == last.step && written_at == last.written_at;
}

std::int64_t wanted(const RunSummary& summary) { return summary.of == SummaryOf::kEvaluations ? 1 : 0; }

Result<void> read_steps(Database& db, RunSummary& summary) {
  HONE_TRY(
      Statement query,
      db.prepare("SELECT id, stage, step, written_at FROM steps WHERE (stage LIKE 'eval%') = ? AND id > ?"
                 " ORDER BY id"));
  query.bind(wanted(summary)).bind(summary.steps.empty() ? std::int64_t{0} : summary.steps.back().id);
  for (;;) {
    HONE_TRY(const bool row, query.step());
    if (!row) return {};
    const std::size_t at = summary.entries.size();
    RunSummary::Step step{query.integer(0), query.text(1), query.integer(2), 0, at, at};
    HONE_TRY(step.written_at, query.real(3));
    summary.steps.push_back(std::move(step));
  }
}

Result<void> read_groups(Database& db, RunSummary& summary, std::size_t index) {
  RunSummary::Step& step = summary.steps[index];
  HONE_TRY(Statement query,
           db.prepare("SELECT g.id, g.problem_id, g.difficulty, count(r.id), total(r.correct),"
                      " total(length(r.ids)) / 4 FROM groups g LEFT JOIN rollouts r ON r.group_id = g.id"
                      " WHERE g.step_id = ? GROUP BY g.id ORDER BY g.id"));
  query.bind(step.id);
  step.begin = summary.entries.size();
  for (;;) {
    HONE_TRY(const bool row, query.step());
    if (!row) break;
    summary.entries.push_back({.group = query.integer(0),
                               .problem = std::bit_cast<std::uint64_t>(query.integer(1)),
                               .step = static_cast<std::int32_t>(index),
                               .difficulty = static_cast<std::int32_t>(query.integer(2)),
                               .rollouts = static_cast<std::int32_t>(query.integer(3)),
                               .correct = static_cast<std::int32_t>(query.integer(4)),
                               .tokens = query.integer(5)});
  }
  step.end = summary.entries.size();
  return {};
}

}  // namespace

const RunSummary::Step* RunSummary::find(const std::string& stage, std::int64_t step) const {
  const auto found =
      std::ranges::find_if(steps, [&](const Step& s) { return s.step == step && s.stage == stage; });
  return found == steps.end() ? nullptr : &*found;
}

Result<bool> is_current(Database& db, const RunSummary& summary) {
  {
    HONE_TRY(Statement query,
             db.prepare("SELECT coalesce(max(id), 0) FROM steps WHERE (stage LIKE 'eval%') = ?"));
    HONE_TRY_VOID(to_void(query.bind(wanted(summary)).step()));
    if (query.integer(0) != (summary.steps.empty() ? 0 : summary.steps.back().id)) return false;
  }
  return still_holds(db, summary);
}

Result<void> refresh_summary(Database& db, RunSummary& summary) {
  HONE_TRY(const bool holds, still_holds(db, summary));
  if (!holds) summary = {.of = summary.of, .steps = {}, .entries = {}};
  const std::size_t had = summary.steps.size();
  HONE_TRY_VOID(read_steps(db, summary));
  for (std::size_t i = had; i < summary.steps.size(); ++i) HONE_TRY_VOID(read_groups(db, summary, i));
  return {};
}

std::vector<ProblemCourse> problem_courses(const RunSummary& summary, const std::string& stage,
                                           CourseOrder order) {
  std::unordered_map<std::uint64_t, ProblemCourse> courses;
  for (const RunSummary::Entry& entry : summary.entries) {
    const std::string& of = summary.steps[static_cast<std::size_t>(entry.step)].stage;
    if (stage.empty() ? !is_train_stage(of) : of != stage) continue;
    if (entry.rollouts == 0) continue;
    ProblemCourse& course = courses[entry.problem];
    if (course.times++ == 0) {
      course.problem = entry.problem;
      course.first = entry.group;
      course.first_accuracy = entry.accuracy();
    }
    course.last = entry.group;
    course.last_accuracy = entry.accuracy();
    course.mean_accuracy += entry.accuracy();
  }
  std::vector<ProblemCourse> list;
  for (auto& [problem, course] : courses) {
    const double rise = course.last_accuracy - course.first_accuracy;
    const bool belongs = order == CourseOrder::kFailing    ? course.last_accuracy == 0
                         : order == CourseOrder::kImproved ? course.times > 1 && rise > 0
                                                           : course.times > 1 && rise < 0;
    if (!belongs) continue;
    course.mean_accuracy /= course.times;
    list.push_back(course);
  }
  std::ranges::sort(list, [&](const ProblemCourse& a, const ProblemCourse& b) {
    if (order == CourseOrder::kFailing) {
      if (a.times != b.times) return a.times > b.times;
      if (a.mean_accuracy != b.mean_accuracy) return a.mean_accuracy < b.mean_accuracy;
    } else {
      const double rise_a = a.last_accuracy - a.first_accuracy, rise_b = b.last_accuracy - b.first_accuracy;
      if (rise_a != rise_b) return order == CourseOrder::kImproved ? rise_a > rise_b : rise_a < rise_b;
    }
    return a.last > b.last;  // the newest first
  });
  return list;
}

}  // namespace hone
