// Two evaluations' answers to the same problems.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "hone/base/result.h"
#include "hone/store/run_query.h"
#include "hone/web/pages_params.h"

namespace hone {

struct AnswersAsked {
  std::string run, stage, with, with_stage;  // `with` may be the same run
  std::int64_t step = 0, with_step = 0;
  // both, neither, only_a, only_b (a problem is solved when at least half of its completions are right);
  // empty: all
  std::string outcome;
  std::int64_t offset = 0, limit = 50;
};
// From the parameters of /api/answers. Error: one that can't be.
Result<AnswersAsked> answers_asked(const PagesParams& params);

// {"counts": {"both", "neither", "only_a", "only_b"}, "only_in_one", "total", "rows": [{"outcome", "a",
// "b"}]}, each side a row of groups; in the order of A. Nothing when one of the evaluations is not recorded.
Result<std::optional<nlohmann::ordered_json>> answers_json(const AnswersAsked& asked, const RunQuery& a,
                                                           const RunQuery& b);

}  // namespace hone
