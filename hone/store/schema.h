// run.db's tables. Their columns are explained in docs/file-formats.md.
#pragma once

#include <filesystem>
#include <memory>

#include "hone/base/result.h"
#include "hone/store/sqlite.h"

namespace hone {

// 1: the first. 2: rollouts have entropies and clipped.
inline constexpr int kSchemaVersion = 2;
inline constexpr int kApplicationId = 0x686f6e65;  // "hone", in the file's header

// The version of the database's tables; 0: it has none yet. Errors: another program's database, a version
// that this hone does not know, a damaged file.
Result<int> schema_version(Database& db);

// Makes the tables, or brings those of an earlier version up to date, in one transaction, unless another
// writer just has.
Result<void> make_schema(Database& db);

// A run.db that is there, of any known version, for reading only; also one on a medium that nobody can write.
// Errors: schema_version's, an empty database.
Result<std::unique_ptr<Database>> open_to_read(const std::filesystem::path& file);

}  // namespace hone
