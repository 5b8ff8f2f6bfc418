#include "hone/store/run_store.h"

#include <mutex>
#include <string_view>
#include <utility>

#include "hone/store/records.h"
#include "hone/store/schema.h"
#include "hone/store/sqlite.h"
#include "hone/types/stage.h"

namespace hone {
namespace {

namespace fs = std::filesystem;

std::string train_stages() { return fmt::format("{}", fmt::join(kTrainStages, ", ")); }

fs::path beside(const fs::path& file, const char* suffix) {
  fs::path path = file;
  path += suffix;
  return path;
}

Result<std::unique_ptr<Database>> open_to_write(const fs::path& file) {
  HONE_TRY(std::unique_ptr<Database> db, Database::open(file, Database::Mode::kCreate));
  // Looked at before anything is changed: another program's file stays as it is.
  HONE_TRY(const int version, schema_version(*db));
  HONE_TRY_VOID(db->execute("PRAGMA journal_mode = WAL"));
  HONE_TRY_VOID(db->execute("PRAGMA synchronous = FULL"));
  HONE_TRY_VOID(db->execute("PRAGMA foreign_keys = ON"));
  if (version != kSchemaVersion) HONE_TRY_VOID(make_schema(*db));
  return db;
}

}  // namespace

struct RunStore::Impl {
  std::unique_ptr<Database> db;
  bool read_only = false;
  std::mutex mutex;

  Result<void> writable() const {
    if (read_only) return Error{db->where(), "must be opened for writing", "read-only"};
    return {};
  }
};

RunStore::RunStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RunStore::RunStore(RunStore&&) noexcept = default;
RunStore& RunStore::operator=(RunStore&&) noexcept = default;
RunStore::~RunStore() = default;

Result<RunStore> RunStore::open(const fs::path& file, bool read_only) {
  std::error_code ec;
  const bool existed = fs::exists(file, ec);
  auto db = read_only ? open_to_read(file) : open_to_write(file);
  if (!db.ok()) {
    if (!existed && !read_only) {
      for (const char* suffix : {"-wal", "-shm", "-journal", ""}) fs::remove(beside(file, suffix), ec);
    }
    return db.error();
  }
  auto impl = std::make_unique<Impl>();
  impl->db = std::move(db).value();
  impl->read_only = read_only;
  return RunStore(std::move(impl));
}

Result<void> RunStore::append(const StepRecord& record) {
  const std::lock_guard lock(impl_->mutex);
  Database& db = *impl_->db;
  HONE_TRY_VOID(impl_->writable());
  if (!is_train_stage(record.stage) && !is_eval_stage(record.stage)) {
    return Error{db.where(),
                 fmt::format("a stage must be one of {}, {}", train_stages(), fmt::join(kEvalStages, ", ")),
                 record.stage};
  }
  HONE_TRY(Transaction transaction, Transaction::begin(db, Transaction::Kind::kWrite));
  HONE_TRY_VOID(insert_record(db, record));
  return transaction.commit();
}

Result<void> RunStore::rewind(const std::string& stage, std::int64_t step, std::int64_t last_evaluation) {
  const std::lock_guard lock(impl_->mutex);
  Database& db = *impl_->db;
  HONE_TRY_VOID(impl_->writable());
  if (!is_train_stage(stage))
    return Error{db.where(), fmt::format("a stage that trains must be one of {}", train_stages()), stage};
  HONE_TRY(Transaction transaction, Transaction::begin(db, Transaction::Kind::kWrite));
  const auto remove_after = [&](std::string_view of, std::int64_t last) -> Result<void> {
    HONE_TRY(Statement remove, db.prepare("DELETE FROM steps WHERE stage = ? AND step > ?"));
    return remove.bind(std::string(of)).bind(last).run();
  };
  HONE_TRY_VOID(remove_after(stage, step));
  for (std::size_t i = stage_order(stage) + 1; i < kTrainStages.size(); ++i)
    HONE_TRY_VOID(remove_after(kTrainStages[i], -1));
  for (const std::string_view evaluation : kEvalStages)
    HONE_TRY_VOID(remove_after(evaluation, last_evaluation));
  return transaction.commit();
}

Result<StepRecord> RunStore::load(const std::string& stage, std::int64_t step) const {
  const std::lock_guard lock(impl_->mutex);
  // One snapshot for all of its queries.
  HONE_TRY(const Transaction snapshot, Transaction::begin(*impl_->db, Transaction::Kind::kRead));
  return select_record(*impl_->db, stage, step);
}

Result<std::vector<RunStore::Point>> RunStore::metric(const std::string& stage,
                                                      const std::string& name) const {
  const std::lock_guard lock(impl_->mutex);
  HONE_TRY(Statement query, impl_->db->prepare("SELECT step, value FROM steps JOIN metrics ON step_id = id"
                                               " WHERE stage = ? AND name = ? ORDER BY step"));
  query.bind(stage).bind(name);
  std::vector<Point> points;
  for (;;) {
    HONE_TRY(const bool row, query.step());
    if (!row) return points;
    HONE_TRY(const double value, query.real(1));
    points.push_back({query.integer(0), value});
  }
}

Result<std::vector<std::int64_t>> RunStore::steps(const std::string& stage) const {
  const std::lock_guard lock(impl_->mutex);
  HONE_TRY(Statement query, impl_->db->prepare("SELECT step FROM steps WHERE stage = ? ORDER BY step"));
  query.bind(stage);
  std::vector<std::int64_t> steps;
  for (;;) {
    HONE_TRY(const bool row, query.step());
    if (!row) return steps;
    steps.push_back(query.integer(0));
  }
}

Result<void> RunStore::set_fact(const std::string& key, const std::string& value) {
  const std::lock_guard lock(impl_->mutex);
  HONE_TRY_VOID(impl_->writable());
  HONE_TRY(Statement insert,
           impl_->db->prepare(
               "INSERT INTO facts VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"));
  return insert.bind(key).bind(value).run();
}

Result<std::string> RunStore::fact(const std::string& key) const {
  const std::lock_guard lock(impl_->mutex);
  HONE_TRY(Statement query, impl_->db->prepare("SELECT value FROM facts WHERE key = ?"));
  HONE_TRY(const bool row, query.bind(key).step());
  return row ? query.text(0) : std::string();
}

}  // namespace hone
