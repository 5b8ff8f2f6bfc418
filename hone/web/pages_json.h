// What the pages are told, as JSON.
//
// Thread safety: pure functions, but for reading files.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/store/run_query.h"
#include "hone/web/http.h"
#include "hone/web/pages_runs.h"

namespace hone {

// 200 with this body. Bytes that are no UTF-8 become U+FFFD, NaN and infinities null.
HttpResponse json_answer(const nlohmann::ordered_json& body);

// A run in the list: {"run", "folder", "state", "stages", "held_out", "recipe", …}, or {"run", "folder",
// "state": "broken", "error"} when its database does not read.
nlohmann::ordered_json run_json(const PagesPlace& place, PagesRuns& runs);

nlohmann::ordered_json row_json(const GroupRow& row);
nlohmann::ordered_json course_json(const ProblemCourse& course, const GroupRow& last);

// {"stage", "step", "group", …, "rollouts": […], "votes": {…}}. With `tokens`, each rollout has "pieces":
// [[text, tokens, logprob, entropy, clipped], …], whole characters each.
nlohmann::ordered_json group_json(const RunQuery::WholeGroup& whole, PagesRun& run, bool tokens);

// {"answers": [{"answer", "count", "correct"}, …], "none", "compared_by"}: the answers by how many give them,
// most first, pooled as the verifier compares them. correct: [answers], or empty where that is not known.
nlohmann::ordered_json votes_json(const Verifier& verifier,
                                  std::span<const std::optional<std::string>> answers,
                                  const std::vector<bool>& correct);

// {"steps": […], "bin": k, "metrics": {name: […]}}, neighbouring steps averaged so that at most so many are
// left: k of them are one point. Text, since it is long.
std::string metrics_json(const MetricTable& table, std::size_t points);

// The evaluations of a run, by stage, step and difficulty, with what `hone eval --strategy --json` left in
// its folder `evaluations`.
nlohmann::ordered_json evaluations_json(const RunSummary& summary, const std::filesystem::path& folder);

// [low, high] of a share, 95 % (Wilson 1927, without continuity correction).
struct Share {
  double low = 0, high = 1;
};
Share share_interval(double share, std::int64_t n);

}  // namespace hone
