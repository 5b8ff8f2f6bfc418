// A narrow face of SQLite: a connection, prepared statements kept with it, and values to the bit.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace hone {

// A prepared statement during one use: binds left to right, then steps. Errors of binding are kept and
// returned by step(). Reset on destruction, so that it holds no lock.
class Statement {
 public:
  Statement(sqlite3* db, sqlite3_stmt* handle, const std::string& where);
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  Statement& bind(std::int64_t value);
  // Doubles that SQLite would not give back to the bit (NaN, which it stores as NULL, and -0) are bound as
  // their 8 bytes, little-endian.
  Statement& bind(double value);
  Statement& bind(std::string_view text);
  Statement& bind_null();
  template <class T>
  Statement& bind(const std::vector<T>& numbers);  // int32, int64, float or uint8, little-endian

  Result<bool> step();  // whether there is a row
  Result<void> run();   // for statements without rows

  // Of the current row.
  std::int64_t integer(int column) const;
  std::string text(int column) const;
  bool is_null(int column) const;
  Result<double> real(int column) const;
  template <class T>
  Result<std::vector<T>> numbers(int column) const;  // error: the bytes are not a whole count of T

 private:
  Statement& bound(int status);
  Error damaged(int column, const char* rule) const;

  sqlite3* db_;
  sqlite3_stmt* handle_;
  const std::string* where_;
  int next_ = 1;
  int status_ = 0;  // the first failed bind
};

class Database {
 public:
  enum class Mode { kCreate, kReadOnly, kImmutable };  // kImmutable: on a medium that nobody writes

  static Result<std::unique_ptr<Database>> open(const std::filesystem::path& file, Mode mode);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  // `sql` must outlive the database: a literal.
  Result<Statement> prepare(std::string_view sql);
  // Statements without parameters and rows.
  Result<void> execute(const char* sql);
  Result<std::int64_t> integer(std::string_view sql);
  std::int64_t last_row() const;
  const std::string& where() const { return where_; }

 private:
  Database(sqlite3* db, std::string where) : db_(db), where_(std::move(where)) {}
  sqlite3* db_;
  std::string where_;
  std::map<std::string_view, sqlite3_stmt*> statements_;
};

// A transaction that is rolled back unless committed.
class Transaction {
 public:
  enum class Kind { kRead, kWrite };
  static Result<Transaction> begin(Database& db, Kind kind);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Database* db) : db_(db) {}
  Database* db_;
};

}  // namespace hone
