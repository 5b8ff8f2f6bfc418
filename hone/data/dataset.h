// Where problems come from: JSONL files or procedural tasks, split into disjoint training and evaluation parts,
// in a seeded order that can be entered anywhere.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/config/options.h"
#include "hone/types/problem.h"

namespace hone {

class Dataset {
 public:
  virtual ~Dataset() = default;
  // The i-th training problem of the endless seeded order: each pass over a file visits every row once, reshuffled;
  // a task makes problem i from (seed, i), skipping those whose id hashes into the evaluation part.
  virtual Problem train(std::int64_t i) const = 0;
  // Held-out problem i; at most eval_size() for files, any number for tasks (distinct as far as the task allows).
  virtual Problem eval(std::int64_t i) const = 0;
  virtual std::int64_t train_size() const = 0;  // -1: endless
  virtual std::int64_t eval_size() const = 0;
  virtual std::int64_t skipped() const = 0;     // malformed rows left out under on_error: skip
};

// Errors: missing file, malformed line n, a field that the map names but the row lacks, unknown task (naming the
// nearest), fewer than one row left for either part.
Result<std::unique_ptr<Dataset>> open_dataset(const DataOptions& options, std::uint64_t seed);

// Whether a problem belongs to the evaluation part: by the hash of what it asks, so that equal questions fall on
// the same side whatever file or index they come from.
bool is_held_out(const Problem& problem, double eval_fraction);

}  // namespace hone
