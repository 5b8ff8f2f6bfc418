#include "hone/store/schema.h"

namespace hone {
namespace {

// REAL columns hold NaN and -0 as 8-byte blobs (sqlite.h). Every child goes with its step.
constexpr const char* kTables = R"sql(
CREATE TABLE facts (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE steps (
  id INTEGER PRIMARY KEY,
  stage TEXT NOT NULL,
  step INTEGER NOT NULL,
  written_at REAL NOT NULL,
  UNIQUE (stage, step)
);
CREATE TABLE metrics (
  step_id INTEGER NOT NULL REFERENCES steps ON DELETE CASCADE,
  name TEXT NOT NULL,
  value REAL NOT NULL,
  PRIMARY KEY (step_id, name)
) WITHOUT ROWID;
CREATE TABLE groups (
  id INTEGER PRIMARY KEY,
  step_id INTEGER NOT NULL REFERENCES steps ON DELETE CASCADE,
  position INTEGER NOT NULL,
  problem_id INTEGER NOT NULL,
  source TEXT NOT NULL,
  answer TEXT NOT NULL,
  solution TEXT NOT NULL,
  fields TEXT NOT NULL,
  difficulty INTEGER NOT NULL,
  prompt_text TEXT NOT NULL,
  prompt_ids BLOB NOT NULL,
  UNIQUE (step_id, position)
);
CREATE TABLE messages (
  group_id INTEGER NOT NULL REFERENCES groups ON DELETE CASCADE,
  position INTEGER NOT NULL,
  role TEXT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (group_id, position)
) WITHOUT ROWID;
CREATE TABLE rollouts (
  id INTEGER PRIMARY KEY,
  group_id INTEGER NOT NULL REFERENCES groups ON DELETE CASCADE,
  position INTEGER NOT NULL,
  text TEXT NOT NULL,
  finish TEXT NOT NULL,
  policy_version INTEGER NOT NULL,
  reward REAL,
  correct INTEGER NOT NULL,
  advantage REAL NOT NULL,
  ids BLOB NOT NULL,
  logprobs BLOB NOT NULL,
  kept_ids BLOB NOT NULL,
  kept_offsets BLOB NOT NULL,
  entropies BLOB NOT NULL DEFAULT x'',
  clipped BLOB NOT NULL DEFAULT x'',
  UNIQUE (group_id, position)
);
CREATE TABLE parts (
  rollout_id INTEGER NOT NULL REFERENCES rollouts ON DELETE CASCADE,
  position INTEGER NOT NULL,
  verifier TEXT NOT NULL,
  weight REAL NOT NULL,
  status TEXT NOT NULL,
  score REAL NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (rollout_id, position)
) WITHOUT ROWID;
)sql";

constexpr const char* kFrom1To2 = R"sql(
ALTER TABLE rollouts ADD COLUMN entropies BLOB NOT NULL DEFAULT x'';
ALTER TABLE rollouts ADD COLUMN clipped BLOB NOT NULL DEFAULT x'';
)sql";

}  // namespace

Result<int> schema_version(Database& db) {
  HONE_TRY(const std::int64_t application, db.integer("PRAGMA application_id"));
  HONE_TRY(const std::int64_t version, db.integer("PRAGMA user_version"));
  HONE_TRY(const std::int64_t tables, db.integer("SELECT count(*) FROM sqlite_master"));
  if (tables == 0 && application == 0 && version == 0) return 0;
  if (application != kApplicationId)
    return Error{db.where(), "must be a run database", "a database of another program"};
  if (version < 1 || version > kSchemaVersion) {
    return Error{
        db.where(),
        fmt::format("must have a schema version of at most {}, which this hone writes", kSchemaVersion),
        std::to_string(version)};
  }
  return static_cast<int>(version);
}

Result<void> make_schema(Database& db) {
  HONE_TRY(Transaction transaction, Transaction::begin(db, Transaction::Kind::kWrite));
  HONE_TRY(const int version, schema_version(db));
  if (version == kSchemaVersion) return {};
  if (version == 0) {
    HONE_TRY_VOID(db.execute(kTables));
    HONE_TRY_VOID(db.execute(fmt::format("PRAGMA application_id = {}", kApplicationId).c_str()));
  } else {
    HONE_TRY_VOID(db.execute(kFrom1To2));
  }
  HONE_TRY_VOID(db.execute(fmt::format("PRAGMA user_version = {}", kSchemaVersion).c_str()));
  return transaction.commit();
}

Result<std::unique_ptr<Database>> open_to_read(const std::filesystem::path& file) {
  HONE_TRY(std::unique_ptr<Database> db, Database::open(file, Database::Mode::kReadOnly));
  auto version = schema_version(*db);
  std::error_code ec;
  const auto log_size = std::filesystem::file_size(file.string() + "-wal", ec);
  if (!version.ok() && (ec || log_size == 0)) {
    // WAL readers share memory through a file beside; on a medium that nobody can write they do without.
    HONE_TRY(std::unique_ptr<Database> still, Database::open(file, Database::Mode::kImmutable));
    if (auto again = schema_version(*still); again.ok()) {
      version = std::move(again);
      db = std::move(still);
    }
  }
  if (!version.ok()) return version.error();
  if (*version == 0) return Error{file.string(), "must be a run database", "an empty file"};
  return db;
}

}  // namespace hone
