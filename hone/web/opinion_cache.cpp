#include "hone/web/opinion_cache.h"

#include "hone/store/sqlite.h"

namespace hone {
namespace {

constexpr const char* kOpinions = R"sql(
CREATE TABLE IF NOT EXISTS opinions (
  endpoint TEXT NOT NULL,
  question TEXT NOT NULL,
  yes REAL,
  timed_out INTEGER NOT NULL,
  why TEXT NOT NULL,
  PRIMARY KEY (endpoint, question)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spent (
  endpoint TEXT PRIMARY KEY,
  calls INTEGER NOT NULL,
  tokens INTEGER NOT NULL
) WITHOUT ROWID;
)sql";

}  // namespace

OpinionCache::OpinionCache(std::unique_ptr<Database> db) : db_(std::move(db)) {}
OpinionCache::~OpinionCache() = default;

Result<std::unique_ptr<OpinionCache>> OpinionCache::open(const std::filesystem::path& file) {
  HONE_TRY(std::unique_ptr<Database> db, Database::open(file, Database::Mode::kCreate));
  HONE_TRY_VOID(db->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL"));
  HONE_TRY_VOID(db->execute(kOpinions));
  return std::unique_ptr<OpinionCache>(new OpinionCache(std::move(db)));
}

Result<std::optional<Opinion>> OpinionCache::find(const std::string& endpoint, const std::string& question) {
  HONE_TRY(Statement statement,
           db_->prepare("SELECT yes, timed_out, why FROM opinions WHERE endpoint = ? AND question = ?"));
  statement.bind(endpoint).bind(question);
  HONE_TRY(const bool found, statement.step());
  if (!found) return std::optional<Opinion>();
  Opinion opinion;
  if (!statement.is_null(0)) {
    HONE_TRY(opinion.yes, statement.real(0));
  }
  opinion.timed_out = statement.integer(1) != 0;
  opinion.why = statement.text(2);
  return std::optional(std::move(opinion));
}

Result<void> OpinionCache::put(const std::string& endpoint, const std::string& question,
                               const Opinion& opinion, Spent cost) {
  HONE_TRY(Transaction transaction, Transaction::begin(*db_, Transaction::Kind::kWrite));
  {
    HONE_TRY(Statement row, db_->prepare("INSERT OR REPLACE INTO opinions VALUES (?, ?, ?, ?, ?)"));
    row.bind(endpoint).bind(question);
    if (opinion.yes) {
      row.bind(*opinion.yes);
    } else {
      row.bind_null();
    }
    row.bind(std::int64_t{opinion.timed_out}).bind(opinion.why);
    HONE_TRY_VOID(row.run());
    HONE_TRY(Statement paid,
             db_->prepare("INSERT INTO spent VALUES (?, ?, ?) ON CONFLICT (endpoint) DO UPDATE SET "
                          "calls = calls + excluded.calls, tokens = tokens + excluded.tokens"));
    HONE_TRY_VOID(paid.bind(endpoint).bind(cost.calls).bind(cost.tokens).run());
  }
  return transaction.commit();
}

Result<void> OpinionCache::forget(const std::string& endpoint, const std::string& beginning) {
  HONE_TRY(Statement statement,
           db_->prepare("DELETE FROM opinions WHERE endpoint = ? AND substr(question, 1, length(?)) = ?"));
  return statement.bind(endpoint).bind(beginning).bind(beginning).run();
}

Result<OpinionCache::Spent> OpinionCache::spent(const std::string& endpoint) {
  HONE_TRY(Statement statement, db_->prepare("SELECT calls, tokens FROM spent WHERE endpoint = ?"));
  statement.bind(endpoint);
  HONE_TRY(const bool found, statement.step());
  return found ? Spent{statement.integer(0), statement.integer(1)} : Spent{};
}

}  // namespace hone
