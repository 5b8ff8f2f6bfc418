// What a person asks of a run.db while it may still be written: stages, series of metrics, groups a page at a
// time, one group whole.
//
// Thread safety: calls may come from several threads; they take turns. Errors: those of RunStore::open, a
// damaged file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/store/run_summary.h"
#include "hone/types/rollout.h"

namespace hone {

// A group as it stands in a list.
struct GroupRow {
  std::int64_t id = 0;  // of the row: larger ones were written later
  std::string stage;
  std::int64_t step = 0, position = 0;
  std::uint64_t problem = 0;
  std::string source, answer, question;  // the last user message, or the prompt
  int difficulty = 0;
  // Of its rollouts.
  int rollouts = 0, correct = 0, undecided = 0, truncated = 0;
  int right_low = 0, wrong_high = 0;  // as `disagree` below
  std::int64_t tokens = 0;
  std::optional<double> reward_mean, reward_low, reward_high;  // of those that have a reward
};

// Groups hold at least one rollout that passes all of these.
struct GroupFilter {
  std::string stage = {};                 // empty: every
  std::optional<std::int64_t> step = {};  // of that stage, or of any
  // A verdict of this verifier with this status; how it ended.
  std::string verifier = {}, status = {}, finish = {};
  std::string text = {};  // in its completion, or in the group's prompt, answer or source
  std::optional<std::uint64_t> problem = {};
  // "right_low": right, and learned from as worse than its group (advantage < 0); "wrong_high": the reverse;
  // "any": either.
  std::string disagree = {};
};

struct GroupPage {
  std::vector<GroupRow> rows;          // newest first
  std::optional<std::int64_t> before;  // go on with this; nothing: all was searched
};

struct RunOverview {
  struct Stage {
    std::string name;
    std::int64_t steps = 0, first = 0, last = 0;
    double written_at = 0;  // of the last; seconds since 1970
  };
  std::string state;  // the fact: running, finished, stopped, failed; empty: none
  std::vector<Stage> stages;
  double started_at = 0, written_at = 0;
};

struct MetricTable {
  std::vector<std::int64_t> steps;
  std::map<std::string, std::vector<double>> values;  // one for each step; NaN: the step has none
};

class RunQuery {
 public:
  static Result<RunQuery> open(const std::filesystem::path& file);
  RunQuery(RunQuery&&) noexcept;
  RunQuery& operator=(RunQuery&&) noexcept;
  ~RunQuery();

  Result<RunOverview> overview() const;
  // Steps after `after`; of the metrics named, or of all.
  Result<MetricTable> metrics(const std::string& stage, std::int64_t after,
                              const std::vector<std::string>& names = {}) const;
  // The verifiers of the run's verdicts, in the order of its newest rubric.
  Result<std::vector<std::string>> verifiers() const;

  // At most `limit` rows with id < `before`. Stops early, and says where to go on, when `seconds` are over: a
  // filter that few groups pass makes a search of the whole run.
  Result<GroupPage> groups(const GroupFilter& filter, std::int64_t before, int limit, double seconds) const;
  // Nothing where there is no such row, for each of `ids`.
  Result<std::vector<GroupRow>> rows(const std::vector<std::int64_t>& ids) const;

  struct Place {
    std::string stage;
    std::int64_t step = 0, position = 0;
  };
  struct WholeGroup {
    std::int64_t id = 0;
    Place place;
    std::int64_t groups = 0;  // of its step
    Group group;
  };
  // Nothing when there is no such group.
  Result<std::optional<WholeGroup>> group(const Place& place) const;

  // Up to date with what is written; built at the first call, then grown. The other calls do not wait for it.
  Result<std::shared_ptr<const RunSummary>> summary(SummaryOf of) const;

 private:
  struct Impl;
  explicit RunQuery(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hone
