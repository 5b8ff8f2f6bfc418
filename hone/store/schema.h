// run.db's tables. Their columns are explained in docs/file-formats.md.
#pragma once

#include <filesystem>
#include <memory>

#include "hone/base/result.h"
#include "hone/store/sqlite.h"

namespace hone {

inline constexpr int kSchemaVersion = 1;
inline constexpr int kApplicationId = 0x686f6e65;  // "hone", in the file's header

// Whether the database has no table yet. Errors: another program's database, another version's, a damaged
// one.
Result<bool> is_fresh(Database& db);

// Makes the tables in one transaction, unless another writer just has.
Result<void> create_schema(Database& db);

// A run.db that is there, for reading only; also one on a medium that nobody can write. Errors: is_fresh's,
// an empty database.
Result<std::unique_ptr<Database>> open_to_read(const std::filesystem::path& file);

}  // namespace hone
