// Where problems come from: files (JSON lines, JSON, CSV, Parquet) or procedural tasks, split into disjoint training
// and evaluation parts, in a seeded order that can be entered anywhere.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/config/options.h"
#include "hone/types/problem.h"

namespace hone {

// Thread safety: every member may be called from several threads at once. A result depends only on the
// options, the seed and the index, never on what was asked for before.
class Dataset {
 public:
  virtual ~Dataset() = default;
  // The i-th training problem of the endless seeded order: each pass over a file visits every row once,
  // reshuffled; a task makes problem i from (seed, i), skipping those whose id hashes into the evaluation
  // part. Requires i >= 0 and train_size() != 0.
  virtual Problem train(std::int64_t i) const = 0;
  // Held-out problem i < eval_size(): rows in an order of their hash, task problems drawn from a stream of
  // their own; neither depends on the seed, so runs are evaluated on the same problems. Those of a task are
  // distinct until its held-out part is used up.
  virtual Problem eval(std::int64_t i) const = 0;
  virtual std::int64_t train_size() const = 0;  // rows; -1: endless; 0: opened with eval_files alone
  virtual std::int64_t eval_size() const = 0;   // rows; the largest std::int64_t for tasks
  virtual std::int64_t skipped() const = 0;     // rows left out under on_error: skip
  // Leaves out the rows of files that `check` refuses, says so for the first of them and counts them as
  // skipped; tasks are left as they are. No other thread may use the dataset meanwhile. Error when it
  // leaves no row of a part that had some.
  using RowCheck = std::function<Result<void>(const Problem&)>;
  virtual Result<void> leave_out(const RowCheck& train_check, const RowCheck& eval_check) = 0;
};

// `options` names either files (eval_files held out, or a part of `files` by hash), tasks (mixed, each
// problem of one of them drawn by task_weights), or eval_files alone (for evaluation: nothing to train on).
// With eval_files, training rows that ask what an evaluation row asks are left out.
//
// Each problem's messages carry options.system before (joined with a system message of the row's own) and
// options.prompt_suffix after the last user message; its id is of the question without them.
//
// A row's answer may be text, a number, true or false. fields.answer_after keeps what follows its last
// occurrence, trimmed; when it ends in '{' ("\boxed{"), up to the matching '}'. A solution without <think> or
// <answer> is put into "<think>…</think><answer>…</answer>", from the text before answer_after and the
// answer. Field names with dots reach into nested objects where the row has no key of that very name. Blank
// lines are no rows.
//
// Errors: missing file, malformed line n, a field that the map names but the row lacks, unknown task (naming
// the nearest), a grade that the task lacks, fewer than one row left for either part.
Result<std::unique_ptr<Dataset>> open_dataset(const DataOptions& options, std::uint64_t seed);

// Whether a problem belongs to the evaluation part: by the hash of what it asks, so that equal questions fall
// on the same side whatever file or index they come from. White space does not tell the questions of rows
// apart. A problem with kin goes by what that asks.
bool is_held_out(const Problem& problem, double eval_fraction);

}  // namespace hone
