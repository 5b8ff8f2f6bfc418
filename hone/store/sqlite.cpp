#include "hone/store/sqlite.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <cmath>
#include <cstring>
#include <utility>

namespace hone {
namespace {

constexpr int kBusyMilliseconds = 10000;

Error sqlite_error(sqlite3* db, int code, const std::string& said, const std::string& where) {
  switch (code) {
    case SQLITE_FULL:
      return {where, "the disk must have room; what was being written is left out", said};
    case SQLITE_IOERR:
      return {where, "the disk must be readable and writable; what was being written is left out", said};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {where, "must be a whole SQLite database", said};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {where, "must not be in use by another writer", said};
    case SQLITE_READONLY:
      return {where, "must be writable", said};
    case SQLITE_CANTOPEN: {
      const int system = sqlite3_system_errno(db);
      return {where, "the file must be readable", system == 0 ? said : std::strerror(system)};
    }
    case SQLITE_TOOBIG:
      return {where, "a text or list must be smaller than SQLite's limit", said};
    default:
      return {where, "the database must accept the statement", said};
  }
}

// The connection's last error.
Error sqlite_error(sqlite3* db, const std::string& where) {
  return sqlite_error(db, sqlite3_errcode(db), sqlite3_errmsg(db), where);
}

template <class T>
T swapped(T value) {
  auto bytes = std::bit_cast<std::array<unsigned char, sizeof(T)>>(value);
  std::reverse(bytes.begin(), bytes.end());
  return std::bit_cast<T>(bytes);
}

template <class T>
T little_endian(T value) {
  return std::endian::native == std::endian::little ? value : swapped(value);
}

}  // namespace

Statement::Statement(sqlite3* db, sqlite3_stmt* handle, const std::string& where)
    : db_(db), handle_(handle), where_(&where) {}

Statement::Statement(Statement&& other) noexcept
    : db_(other.db_),
      handle_(std::exchange(other.handle_, nullptr)),
      where_(other.where_),
      next_(other.next_),
      status_(other.status_) {}

Statement::~Statement() {
  if (handle_ == nullptr) return;
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
}

Statement& Statement::bound(int status) {
  if (status_ == SQLITE_OK) status_ = status;
  ++next_;
  return *this;
}

Statement& Statement::bind(std::int64_t value) { return bound(sqlite3_bind_int64(handle_, next_, value)); }
Statement& Statement::bind_null() { return bound(sqlite3_bind_null(handle_, next_)); }

Statement& Statement::bind(double value) {
  if (std::isnan(value) || (value == 0 && std::signbit(value))) {
    const double bytes = little_endian(value);
    return bound(sqlite3_bind_blob(handle_, next_, &bytes, sizeof bytes, SQLITE_TRANSIENT));
  }
  return bound(sqlite3_bind_double(handle_, next_, value));
}

Statement& Statement::bind(std::string_view text) {
  const char* data = text.empty() ? "" : text.data();
  return bound(sqlite3_bind_text64(handle_, next_, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

template <class T>
Statement& Statement::bind(const std::vector<T>& numbers) {
  if (numbers.empty())
    return bound(sqlite3_bind_zeroblob(handle_, next_, 0));  // a null pointer would mean NULL
  if constexpr (std::endian::native == std::endian::little) {
    return bound(
        sqlite3_bind_blob64(handle_, next_, numbers.data(), numbers.size() * sizeof(T), SQLITE_TRANSIENT));
  } else {
    std::vector<T> bytes(numbers);
    for (T& number : bytes) number = little_endian(number);
    return bound(
        sqlite3_bind_blob64(handle_, next_, bytes.data(), bytes.size() * sizeof(T), SQLITE_TRANSIENT));
  }
}
template Statement& Statement::bind(const std::vector<std::int32_t>&);
template Statement& Statement::bind(const std::vector<std::int64_t>&);
template Statement& Statement::bind(const std::vector<float>&);
template Statement& Statement::bind(const std::vector<std::uint8_t>&);

Result<bool> Statement::step() {
  if (status_ != SQLITE_OK) return sqlite_error(db_, status_, sqlite3_errstr(status_), *where_);
  const int status = sqlite3_step(handle_);
  if (status == SQLITE_ROW) return true;
  if (status == SQLITE_DONE) return false;
  return sqlite_error(db_, *where_);
}

Result<void> Statement::run() {
  HONE_TRY([[maybe_unused]] const bool row, step());
  return {};
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_, column); }
bool Statement::is_null(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }

std::string Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  const int size = sqlite3_column_bytes(handle_, column);
  return data == nullptr ? std::string() : std::string(data, static_cast<std::size_t>(size));
}

Error Statement::damaged(int column, const char* rule) const {
  return {fmt::format("{}: {}", *where_, sqlite3_column_name(handle_, column)), rule,
          fmt::format("{} bytes", sqlite3_column_bytes(handle_, column))};
}

Result<double> Statement::real(int column) const {
  if (sqlite3_column_type(handle_, column) != SQLITE_BLOB) return sqlite3_column_double(handle_, column);
  double value = 0;
  if (sqlite3_column_bytes(handle_, column) != sizeof value)
    return damaged(column, "must be a number or its 8 bytes");
  std::memcpy(&value, sqlite3_column_blob(handle_, column), sizeof value);
  return little_endian(value);
}

template <class T>
Result<std::vector<T>> Statement::numbers(int column) const {
  const void* data = sqlite3_column_blob(handle_, column);
  const auto bytes = static_cast<std::size_t>(sqlite3_column_bytes(handle_, column));
  if (bytes % sizeof(T) != 0) return damaged(column, "must hold whole numbers of its size");
  std::vector<T> out(bytes / sizeof(T));
  if (bytes > 0) std::memcpy(out.data(), data, bytes);
  if constexpr (std::endian::native != std::endian::little) {
    for (T& number : out) number = little_endian(number);
  }
  return out;
}
template Result<std::vector<std::int32_t>> Statement::numbers(int) const;
template Result<std::vector<std::int64_t>> Statement::numbers(int) const;
template Result<std::vector<float>> Statement::numbers(int) const;
template Result<std::vector<std::uint8_t>> Statement::numbers(int) const;

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& file, Mode mode) {
  // As a URI, with everything but the plainest characters escaped: no file name then has a meaning of its own
  // (":memory:", "file:…").
  std::string uri = "file:";
  std::error_code ec;
  const std::filesystem::path absolute = std::filesystem::absolute(file, ec);
  if (ec) return Error{file.string(), "must be a path", ec.message()};
  for (const char c : absolute.string()) {
    const auto byte = static_cast<unsigned char>(c);
    uri += std::isalnum(byte) != 0 || c == '/' || c == '.' || c == '-' || c == '_'
               ? std::string(1, c)
               : fmt::format("%{:02X}", byte);
  }
  if (mode == Mode::kImmutable) uri += "?immutable=1";
  const int flags =
      SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX |
      (mode == Mode::kCreate ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
  sqlite3* db = nullptr;
  const int status = sqlite3_open_v2(uri.c_str(), &db, flags, nullptr);
  if (db == nullptr) return Error{file.string(), "SQLite must have memory", sqlite3_errstr(status)};
  std::unique_ptr<Database> database(new Database(db, file.string()));
  if (status != SQLITE_OK) return sqlite_error(db, database->where_);
  sqlite3_busy_timeout(db, kBusyMilliseconds);
  return database;
}

Database::~Database() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(db_);
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt*& handle = statements_[sql];
  if (handle == nullptr) {
    const int status = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                                          SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
    if (status != SQLITE_OK) return sqlite_error(db_, where_);
  }
  return Statement(db_, handle, where_);
}

Result<void> Database::execute(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return sqlite_error(db_, where_);
  return {};
}

Result<std::int64_t> Database::integer(std::string_view sql) {
  HONE_TRY(Statement statement, prepare(sql));
  HONE_TRY(const bool row, statement.step());
  return row ? statement.integer(0) : 0;
}

std::int64_t Database::last_row() const { return sqlite3_last_insert_rowid(db_); }

Result<Transaction> Transaction::begin(Database& db, Kind kind) {
  HONE_TRY_VOID(db.execute(kind == Kind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN"));
  return Transaction(&db);
}

Transaction::Transaction(Transaction&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}

Transaction::~Transaction() {
  // Fails when SQLite has rolled back by itself, after a full disk: the state is then the one wanted.
  if (db_ != nullptr) (void)db_->execute("ROLLBACK");
}

Result<void> Transaction::commit() {
  HONE_TRY_VOID(db_->execute("COMMIT"));
  db_ = nullptr;
  return {};
}

}  // namespace hone
