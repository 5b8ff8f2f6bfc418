#include "hone/store/run_query.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <mutex>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "hone/base/clock.h"
#include "hone/store/records.h"
#include "hone/store/schema.h"
#include "hone/store/sqlite.h"

namespace hone {
namespace {

namespace fs = std::filesystem;

// The columns of a GroupRow that need no rollout.
constexpr const char* kRow =
    "SELECT g.id, s.stage, s.step, g.position, g.problem_id, g.source, g.answer, g.difficulty,"
    " coalesce((SELECT content FROM messages WHERE group_id = g.id AND role = 'user'"
    "           ORDER BY position DESC LIMIT 1), g.prompt_text)"
    " FROM groups g JOIN steps s ON s.id = g.step_id WHERE g.id = ?";

GroupRow row_of(const Statement& query) {
  GroupRow row;
  row.id = query.integer(0);
  row.stage = query.text(1);
  row.step = query.integer(2);
  row.position = query.integer(3);
  row.problem = std::bit_cast<std::uint64_t>(query.integer(4));
  row.source = query.text(5);
  row.answer = query.text(6);
  row.difficulty = static_cast<int>(query.integer(7));
  row.question = query.text(8);
  return row;
}

Result<void> add_rollouts(Database& db, GroupRow& row) {
  // Without a reward are also those that only vote: undecided are those of which a verifier says so.
  HONE_TRY(Statement query,
           db.prepare("SELECT reward, correct, advantage, finish, length(ids) / 4,"
                      " reward IS NULL AND EXISTS (SELECT 1 FROM parts WHERE rollout_id = rollouts.id"
                      "                            AND weight <> 0 AND status IN ('timeout', 'error'))"
                      " FROM rollouts WHERE group_id = ?"));
  query.bind(row.id);
  double sum = 0;
  int rewarded = 0;
  for (;;) {
    HONE_TRY(const bool more, query.step());
    if (!more) break;
    ++row.rollouts;
    const bool correct = query.integer(1) != 0;
    HONE_TRY(const double advantage, query.real(2));
    row.correct += correct ? 1 : 0;
    row.right_low += correct && advantage < 0 ? 1 : 0;
    row.wrong_high += !correct && advantage > 0 ? 1 : 0;
    row.truncated += query.text(3) == "length" ? 1 : 0;
    row.tokens += query.integer(4);
    row.undecided += query.integer(5) != 0 ? 1 : 0;
    if (query.is_null(0)) continue;
    HONE_TRY(const double reward, query.real(0));
    sum += reward;
    ++rewarded;
    row.reward_low = row.reward_low ? std::min(*row.reward_low, reward) : reward;
    row.reward_high = row.reward_high ? std::max(*row.reward_high, reward) : reward;
  }
  if (rewarded > 0) row.reward_mean = sum / rewarded;
  return {};
}

Result<std::optional<GroupRow>> select_row(Database& db, std::int64_t id) {
  std::optional<GroupRow> row;
  {
    HONE_TRY(Statement query, db.prepare(kRow));
    HONE_TRY(const bool found, query.bind(id).step());
    if (!found) return row;
    row = row_of(query);
  }
  HONE_TRY_VOID(add_rollouts(db, *row));
  return row;
}

bool asks_of_rollouts(const GroupFilter& filter) {
  return !filter.verifier.empty() || !filter.status.empty() || !filter.finish.empty() ||
         !filter.text.empty() || !filter.disagree.empty();
}

// Of the groups whose ids lie in [first, last], those with a rollout that passes everything that the filter
// asks of rollouts. What a filter does not ask is the empty text.
Result<std::unordered_set<std::int64_t>> passing(Database& db, std::int64_t first, std::int64_t last,
                                                 const GroupFilter& filter) {
  // instr() and not LIKE: nothing in the text is a wildcard.
  HONE_TRY(Statement query,
           db.prepare("SELECT DISTINCT r.group_id FROM rollouts r JOIN groups g ON g.id = r.group_id"
                      " WHERE r.group_id BETWEEN ?1 AND ?2 AND (?3 = '' OR r.finish = ?3)"
                      " AND (?4 = '' OR instr(r.text, ?4) OR instr(g.prompt_text, ?4)"
                      "      OR instr(g.answer, ?4) OR instr(g.source, ?4))"
                      " AND (?5 = '' OR (r.correct AND r.advantage < 0 AND ?5 <> 'wrong_high')"
                      "      OR (NOT r.correct AND r.advantage > 0 AND ?5 <> 'right_low'))"
                      " AND ((?6 = '' AND ?7 = '') OR EXISTS (SELECT 1 FROM parts p WHERE"
                      "      p.rollout_id = r.id AND (?6 = '' OR p.verifier = ?6)"
                      "      AND (?7 = '' OR p.status = ?7)))"));
  query.bind(first).bind(last).bind(filter.finish).bind(filter.text).bind(filter.disagree);
  query.bind(filter.verifier).bind(filter.status);
  std::unordered_set<std::int64_t> ids;
  for (;;) {
    HONE_TRY(const bool row, query.step());
    if (!row) return ids;
    ids.insert(query.integer(0));
  }
}

// The ids of groups before `before`, newest first; `chunk` at a time, so that no statement stays open while
// others run.
Result<std::vector<std::int64_t>> next_groups(Database& db, const GroupFilter& filter, std::int64_t before,
                                              int chunk) {
  HONE_TRY(Statement query,
           db.prepare("SELECT g.id FROM groups g JOIN steps s ON s.id = g.step_id WHERE g.id < ?1"
                      " AND (?2 = '' OR s.stage = ?2) AND (?3 IS NULL OR s.step = ?3)"
                      " AND (?4 IS NULL OR g.problem_id = ?4) ORDER BY g.id DESC LIMIT ?5"));
  query.bind(before).bind(filter.stage);
  filter.step ? query.bind(*filter.step) : query.bind_null();
  filter.problem ? query.bind(std::bit_cast<std::int64_t>(*filter.problem)) : query.bind_null();
  query.bind(std::int64_t{chunk});
  std::vector<std::int64_t> ids;
  for (;;) {
    HONE_TRY(const bool row, query.step());
    if (!row) return ids;
    ids.push_back(query.integer(0));
  }
}

}  // namespace

struct RunQuery::Impl {
  std::unique_ptr<Database> db;
  std::mutex mutex;
  // Of their own connection.
  std::unique_ptr<Database> summary_db;
  std::mutex summary_mutex;
  std::shared_ptr<const RunSummary> evaluations =
      std::make_shared<RunSummary>(RunSummary{.of = SummaryOf::kEvaluations, .steps = {}, .entries = {}});
  std::shared_ptr<const RunSummary> training = std::make_shared<RunSummary>();
};

RunQuery::RunQuery(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RunQuery::RunQuery(RunQuery&&) noexcept = default;
RunQuery& RunQuery::operator=(RunQuery&&) noexcept = default;
RunQuery::~RunQuery() = default;

Result<RunQuery> RunQuery::open(const fs::path& file) {
  auto impl = std::make_unique<Impl>();
  HONE_TRY(impl->db, open_to_read(file));
  HONE_TRY(impl->summary_db, open_to_read(file));
  return RunQuery(std::move(impl));
}

Result<RunOverview> RunQuery::overview() const {
  const std::lock_guard lock(impl_->mutex);
  Database& db = *impl_->db;
  HONE_TRY(const Transaction snapshot, Transaction::begin(db, Transaction::Kind::kRead));
  RunOverview overview;
  {
    HONE_TRY(Statement query, db.prepare("SELECT value FROM facts WHERE key = 'state'"));
    HONE_TRY(const bool row, query.step());
    if (row) overview.state = query.text(0);
  }
  HONE_TRY(Statement query, db.prepare("SELECT stage, count(*), min(step), max(step), min(written_at),"
                                       " max(written_at) FROM steps GROUP BY stage"));
  for (;;) {
    HONE_TRY(const bool row, query.step());
    if (!row) return overview;
    RunOverview::Stage stage{query.text(0), query.integer(1), query.integer(2), query.integer(3)};
    HONE_TRY(const double first, query.real(4));
    HONE_TRY(stage.written_at, query.real(5));
    overview.started_at = overview.started_at == 0 ? first : std::min(overview.started_at, first);
    overview.written_at = std::max(overview.written_at, stage.written_at);
    overview.stages.push_back(std::move(stage));
  }
}

Result<MetricTable> RunQuery::metrics(const std::string& stage, std::int64_t after,
                                      const std::vector<std::string>& names) const {
  const std::lock_guard lock(impl_->mutex);
  HONE_TRY(Statement query, impl_->db->prepare("SELECT step, name, value FROM steps JOIN metrics"
                                               " ON step_id = id WHERE stage = ? AND step > ?"
                                               " ORDER BY step"));
  query.bind(stage).bind(after);
  MetricTable table;
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  for (;;) {
    HONE_TRY(const bool row, query.step());
    if (!row) break;
    const std::int64_t step = query.integer(0);
    if (table.steps.empty() || table.steps.back() != step) table.steps.push_back(step);
    std::string name = query.text(1);
    if (!names.empty() && std::ranges::find(names, name) == names.end()) continue;
    std::vector<double>& values = table.values[std::move(name)];
    values.resize(table.steps.size() - 1, kNone);
    HONE_TRY(const double value, query.real(2));
    values.push_back(value);
  }
  for (auto& [name, values] : table.values) values.resize(table.steps.size(), kNone);
  return table;
}

Result<std::vector<std::string>> RunQuery::verifiers() const {
  const std::lock_guard lock(impl_->mutex);
  HONE_TRY(Statement query, impl_->db->prepare("SELECT verifier FROM parts WHERE rollout_id ="
                                               " (SELECT max(rollout_id) FROM parts) ORDER BY position"));
  std::vector<std::string> names;
  for (;;) {
    HONE_TRY(const bool row, query.step());
    if (!row) return names;
    names.push_back(query.text(0));
  }
}

Result<GroupPage> RunQuery::groups(const GroupFilter& filter, std::int64_t before, int limit,
                                   double seconds) const {
  constexpr int kChunk = 128;
  const std::lock_guard lock(impl_->mutex);
  Database& db = *impl_->db;
  HONE_TRY(const Transaction snapshot, Transaction::begin(db, Transaction::Kind::kRead));
  const Clock::time_point end = after(seconds);
  GroupPage page;
  for (;;) {
    HONE_TRY(const std::vector<std::int64_t> ids, next_groups(db, filter, before, kChunk));
    if (ids.empty()) return page;
    std::unordered_set<std::int64_t> passed;
    const bool all = !asks_of_rollouts(filter);
    if (!all) {
      HONE_TRY(passed, passing(db, ids.back(), ids.front(), filter));
    }
    for (const std::int64_t id : ids) {
      before = id;
      if (!all && !passed.contains(id)) continue;
      HONE_TRY(std::optional<GroupRow> row, select_row(db, id));
      if (row) page.rows.push_back(*std::move(row));
      if (static_cast<int>(page.rows.size()) >= limit) {
        page.before = before;
        return page;
      }
    }
    if (Clock::now() > end) {
      page.before = before;
      return page;
    }
    if (static_cast<int>(ids.size()) < kChunk) return page;
  }
}

Result<std::vector<GroupRow>> RunQuery::rows(const std::vector<std::int64_t>& ids) const {
  const std::lock_guard lock(impl_->mutex);
  HONE_TRY(const Transaction snapshot, Transaction::begin(*impl_->db, Transaction::Kind::kRead));
  std::vector<GroupRow> rows;
  for (const std::int64_t id : ids) {
    HONE_TRY(std::optional<GroupRow> row, select_row(*impl_->db, id));
    if (row) rows.push_back(*std::move(row));
  }
  return rows;
}

Result<std::optional<RunQuery::WholeGroup>> RunQuery::group(const Place& place) const {
  const std::lock_guard lock(impl_->mutex);
  Database& db = *impl_->db;
  HONE_TRY(const Transaction snapshot, Transaction::begin(db, Transaction::Kind::kRead));
  WholeGroup whole;
  whole.place = place;
  {
    HONE_TRY(Statement query, db.prepare("SELECT g.id, (SELECT count(*) FROM groups o WHERE o.step_id = s.id)"
                                         " FROM steps s JOIN groups g ON g.step_id = s.id"
                                         " WHERE s.stage = ? AND s.step = ? AND g.position = ?"));
    HONE_TRY(const bool row, query.bind(place.stage).bind(place.step).bind(place.position).step());
    if (!row) return std::optional<WholeGroup>();
    whole.id = query.integer(0);
    whole.groups = query.integer(1);
  }
  HONE_TRY(whole.group, select_group(db, whole.id));
  return std::optional<WholeGroup>(std::move(whole));
}

Result<std::shared_ptr<const RunSummary>> RunQuery::summary(SummaryOf of) const {
  const std::lock_guard lock(impl_->summary_mutex);
  Database& db = *impl_->summary_db;
  HONE_TRY(const Transaction snapshot, Transaction::begin(db, Transaction::Kind::kRead));
  std::shared_ptr<const RunSummary>& held =
      of == SummaryOf::kEvaluations ? impl_->evaluations : impl_->training;
  HONE_TRY(const bool current, is_current(db, *held));
  if (!current) {
    RunSummary next = *held;  // readers may still hold the one before
    HONE_TRY_VOID(refresh_summary(db, next));
    held = std::make_shared<RunSummary>(std::move(next));
  }
  return held;
}

}  // namespace hone
