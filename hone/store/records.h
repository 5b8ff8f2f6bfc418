// One step's record into and out of run.db's tables.
#pragma once

#include "hone/base/result.h"
#include "hone/store/sqlite.h"
#include "hone/types/step_record.h"

namespace hone {

// Within the caller's transaction.
Result<void> insert_record(Database& db, const StepRecord& record);
Result<StepRecord> select_record(Database& db, const std::string& stage, std::int64_t step);
// By its row's id. Error: no such row.
Result<Group> select_group(Database& db, std::int64_t id);

// "run.db: grpo step 3", for errors.
std::string record_name(const Database& db, const std::string& stage, std::int64_t step);

}  // namespace hone
