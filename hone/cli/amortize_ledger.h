// What `hone amortize` prints at its end: what the stage cost, and what it saves.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "hone/base/result.h"
#include "hone/cli/group_view.h"
#include "hone/policy/policy.h"
#include "hone/store/run_store.h"

namespace hone {

// Accuracy, tokens and FLOPs of an answer with a thought and without, before and after; the FLOPs paid by all
// of the stage's steps; and after how many answers that is earned back. Empty for a run without the stage or
// without evaluations. Error: a database that does not read.
Result<std::string> amortize_ledger(const RunStore& store, const Policy& policy, const ViewStyle& style);
// The same as an object; null where the text is empty.
Result<nlohmann::ordered_json> amortize_ledger_json(const RunStore& store, const Policy& policy);

}  // namespace hone
